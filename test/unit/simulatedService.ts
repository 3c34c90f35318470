import { Agenda } from './agenda';

/** The same numbers from 0 to 1 for the same seed. */
export function seededRandom(seed: number): () => number {
	// Jest looks globals up slowly, and a simulation does so millions of times.
	const { imul } = Math;
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

export interface ServiceSettings {
	/** Predictions that run at once. */
	atOnce: number;
	/** From so many milliseconds on, another number runs at once, or the work takes another time. */
	changes?: Array<{ atMs: number; atOnce?: number; workMs?: number }>;
	/** Mean time of the work. */
	workMs: number;
	/** The work takes this share more or less, evenly spread. 0 where unset. */
	jitter?: number;
	/** Its record holds created_at, completed_at and predict_time. */
	tellsWork?: boolean;
	/** Its record leaves out up to this share of the work. 0 where unset. */
	untoldShare?: number;
	/** It calls a prediction `created` until it runs, and for this share of its work; one word for both where unset. */
	createdShare?: number;
	/** One more than run at once is refused with 429 instead of queued. */
	refusesMore?: boolean;
	/** Submits per second; one second's worth may come together. */
	submitsPerSecond?: number;
	seed?: number;
}

/** A prediction at the service. Times are the agenda's. */
export interface SimulatedTask {
	id: string;
	/** Who submitted it: an index. */
	client: number;
	createdAtMs: number;
	startedAtMs: number | null;
	completedAtMs: number | null;
	workMs: number;
}

/** Stands in for Atlas in every simulation: a queue, first come first served. Without a wire. */
export class SimulatedService {
	readonly tasks: SimulatedTask[] = [];

	refused = 0;

	private readonly waiting: SimulatedTask[] = [];

	private readonly random: () => number;

	private running = 0;

	private atOnce: number;

	private workMs: number;

	private tokens: number;

	private filledAtMs: number;

	constructor(
		private readonly agenda: Agenda,
		private readonly settings: ServiceSettings,
	) {
		this.random = seededRandom(settings.seed ?? 1);
		this.atOnce = settings.atOnce;
		this.workMs = settings.workMs;
		this.tokens = settings.submitsPerSecond ?? 0;
		this.filledAtMs = agenda.nowMs;
		for (const { atMs, atOnce, workMs } of settings.changes ?? [])
			agenda.at(agenda.nowMs + atMs, () => {
				this.atOnce = atOnce ?? this.atOnce;
				this.workMs = workMs ?? this.workMs;
				this.startWaiting();
			});
	}

	/** @returns null if it is refused with 429 */
	submit(client: number): SimulatedTask | null {
		const { refusesMore, jitter = 0 } = this.settings;
		if (!this.takeToken() || (refusesMore && this.running >= this.atOnce)) {
			this.refused++;
			return null;
		}
		const task: SimulatedTask = {
			id: `p${this.tasks.length}`,
			client,
			createdAtMs: this.agenda.nowMs,
			startedAtMs: null,
			completedAtMs: null,
			workMs: this.workMs * (1 + jitter * (2 * this.random() - 1)),
		};
		this.tasks.push(task);
		this.waiting.push(task);
		this.startWaiting();
		return task;
	}

	/** What the record of a prediction that is over says. */
	recordedTimes({ createdAtMs, completedAtMs, workMs }: SimulatedTask) {
		const { tellsWork, untoldShare = 0 } = this.settings;
		const isTold = tellsWork && completedAtMs !== null;
		return {
			createdAt: isTold ? new Date(createdAtMs).toISOString() : null,
			completedAt: isTold ? new Date(completedAtMs).toISOString() : null,
			predictTimeSeconds: isTold ? ((1 - untoldShare * this.random()) * workMs) / 1_000 : null,
		};
	}

	statusOf({ startedAtMs, completedAtMs, workMs }: SimulatedTask): string {
		const { createdShare } = this.settings;
		if (completedAtMs !== null) return 'completed';
		if (createdShare === undefined) return 'processing';
		const isWorking = startedAtMs !== null && this.agenda.nowMs >= startedAtMs + createdShare * workMs;
		return isWorking ? 'processing' : 'created';
	}

	private takeToken(): boolean {
		const { submitsPerSecond } = this.settings;
		if (submitsPerSecond === undefined) return true;
		const gained = ((this.agenda.nowMs - this.filledAtMs) / 1_000) * submitsPerSecond;
		this.tokens = Math.min(Math.max(1, submitsPerSecond), this.tokens + gained);
		this.filledAtMs = this.agenda.nowMs;
		if (this.tokens < 1) return false;
		this.tokens--;
		return true;
	}

	private startWaiting(): void {
		while (this.running < this.atOnce) {
			const next = this.waiting.shift();
			if (!next) return;
			this.running++;
			next.startedAtMs = this.agenda.nowMs;
			this.agenda.at(this.agenda.nowMs + next.workMs, () => {
				next.completedAtMs = this.agenda.nowMs;
				this.running--;
				this.startWaiting();
			});
		}
	}
}

/** As a scheduler does it that knows the number at once: whenever a place is free, the next begins. */
export function idealMs(
	{ atOnce: firstAtOnce, changes = [], submitsPerSecond }: Omit<ServiceSettings, 'workMs'>,
	workTimes: number[],
): number {
	const agenda = new Agenda();
	let atOnce = firstAtOnce;
	let running = 0;
	let next = 0;
	let endMs = 0;
	let plannedMs = 0;
	const start = () => {
		while (running < atOnce && next < workTimes.length) {
			const burst = Math.max(1, submitsPerSecond ?? 1);
			const allowedMs = submitsPerSecond ? (Math.max(0, next + 1 - burst) / submitsPerSecond) * 1_000 : 0;
			if (allowedMs > agenda.nowMs) {
				if (plannedMs < allowedMs) agenda.at((plannedMs = allowedMs), start);
				return;
			}
			running++;
			agenda.at(agenda.nowMs + workTimes[next++], () => {
				running--;
				endMs = agenda.nowMs;
				start();
			});
		}
	};
	for (const change of changes)
		agenda.at(change.atMs, () => {
			atOnce = change.atOnce ?? atOnce;
			start();
		});
	agenda.at(0, start);
	agenda.run();
	return endMs;
}

/** Each process's share of what ended while all had some left to submit. */
export function sharesOf(tasks: readonly SimulatedTask[], clients: number): number[] {
	const own = Array.from({ length: clients }, (_, client) => tasks.filter((task) => task.client === client));
	const fromMs = Math.max(...own.map((all) => all[0].createdAtMs));
	const toMs = Math.min(...own.map((all) => all[all.length - 1].createdAtMs));
	const counts = own.map(
		(all) => all.filter(({ completedAtMs: ms }) => ms !== null && ms >= fromMs && ms <= toMs).length,
	);
	const total = counts.reduce((sum, count) => sum + count, 0);
	return counts.map((count) => count / total);
}

/** Polls notice the ends: no client notices more of them per second than a poll or so each allows. */
const MAX_ENDS_PER_SECOND = 25;

const MIN_REFUSING_WORK_SECONDS = 4;
const MIN_RUN_MS = 30_000;
const MIN_ITEMS = 40;
const MAX_ITEMS = 2_400;

/** A service with a random number at once, times, jitter, limits and changes, and a batch that keeps it busy. */
export function randomService(seed: number): { service: ServiceSettings; items: number } {
	const random = seededRandom(seed);
	const between = (low: number, high: number) => low * (high / low) ** random();
	const refusesMore = random() < 0.1;
	// Without a queue every prediction costs the time to notice its end and to submit the next.
	const workMs = 1_000 * between(refusesMore ? MIN_REFUSING_WORK_SECONDS : 0.5, 60);
	const atOnce = () =>
		Math.max(1, Math.round(between(1, Math.min(300, (MAX_ENDS_PER_SECOND * workMs) / 1_000))));
	const first = atOnce();
	// The start costs up to two rounds, and a refusal some seconds: shorter runs measure nothing else.
	const rounds = Math.max(between(8, 12), MIN_RUN_MS / workMs);
	const changing = random() < 0.25;
	const limited = random() < 0.2;
	const items = Math.round(Math.min(MAX_ITEMS, Math.max(MIN_ITEMS, rounds * first)));
	const runMs = (items / first) * workMs;
	return {
		service: {
			seed,
			workMs,
			atOnce: first,
			jitter: 0.5 * random(),
			tellsWork: random() < 0.5,
			createdShare: random() < 0.5 ? 0 : undefined,
			refusesMore,
			...(changing ? { changes: [{ atMs: runMs * (0.2 + 0.5 * random()), atOnce: atOnce() }] } : {}),
			...(limited ? { submitsPerSecond: between(1, 20) } : {}),
		},
		items,
	};
}
