import type { Probe } from '../../nodes/AtlasCloud/api/flow/queueProbes';
import {
	AdaptiveConcurrency,
	type ConcurrencyLimit,
} from '../../nodes/AtlasCloud/api/flow/adaptiveConcurrency';

// Jest looks globals up slowly, and a simulation does so millions of times.
const { imul, max, min } = Math;

/** The same numbers from 0 to 1 for the same seed. */
export function seededRandom(seed: number): () => number {
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
	/** From so many milliseconds on, another number runs at once. */
	changes?: Array<{ atMs: number; atOnce: number }>;
	/** Mean time of the work. */
	workMs: number;
	/** The work takes this share more or less, evenly spread. 0 where unset. */
	jitter?: number;
	/** Its record holds created_at, completed_at and predict_time. */
	tellsWork?: boolean;
	/** Its record leaves out up to this share of the work. 0 where unset. */
	untoldShare?: number;
	/** Polls tell `created` from `processing`. */
	tellsStatus?: boolean;
	/** One more than run at once is refused with 429 instead of queued. */
	refusesMore?: boolean;
	/** Submits per second; one second's worth may come together. */
	submitsPerSecond?: number;
	seed?: number;
}

export interface ClientSettings {
	items: number;
	hardLimit?: number;
	startMs?: number;
	/** So many of its first predictions fail. */
	failing?: number;
}

export interface ClientResult {
	/** From its start until it noticed its last prediction's end. */
	elapsedMs: number;
	finished: number;
	submits: number;
	refused: number;
	limitedBy: ConcurrencyLimit;
	peak: number;
	maxInFlight: number;
	/** Bought before the first success was noticed. */
	boughtBlindly: number;
	/** Share of the service's work while every client had some left to submit. */
	share: number;
	control: AdaptiveConcurrency;
}

export interface SimulationResult {
	clients: ClientResult[];
	/** Until the last client was done. */
	elapsedMs: number;
	idealMs: number;
	/** Elapsed over ideal. */
	ratio: number;
	/** The most that ever waited at the service. */
	maxWaiting: number;
	/** The most that waited in the second half of the run, three work times away from each change. */
	steadyWaiting: number;
}

const TRAVEL_MS = [50, 150];
/** The poller: a poll every few percent of the time elapsed, never more than so many per second. */
const MIN_POLL_STEP_MS = 150;
const POLL_STEP = 0.06;
const POLLS_PER_SECOND = 40;
/** Of those in flight, so many are near enough to their end to be polled. */
const POLLED_SHARE = 0.25;
/** Submits without an answer, doubled by each that is accepted. */
const FIRST_UNANSWERED = 4;
/** After its submit, a prediction that runs is called `created` for so long. */
const CREATED_MS = 250;

interface Prediction {
	id: string;
	client: Client;
	sentAtMs: number;
	createdAtMs: number;
	startedAtMs: number | null;
	workMs: number;
	fails: boolean;
}

/** Runs events in the order of their times. */
class Agenda {
	nowMs = 0;

	private readonly heap: Array<{ atMs: number; order: number; run: () => void }> = [];

	private order = 0;

	at(atMs: number, run: () => void): void {
		const { heap } = this;
		const event = { atMs: max(atMs, this.nowMs), order: this.order++, run };
		let index = heap.push(event) - 1;
		while (index > 0) {
			const parent = (index - 1) >> 1;
			if (!isBefore(event, heap[parent])) break;
			heap[index] = heap[parent];
			index = parent;
		}
		heap[index] = event;
	}

	run(): void {
		for (let event = this.next(); event; event = this.next()) {
			this.nowMs = event.atMs;
			event.run();
		}
	}

	private next(): { atMs: number; run: () => void } | undefined {
		const { heap } = this;
		const first = heap[0];
		const last = heap.pop();
		if (!last || heap.length === 0) return last;
		let index = 0;
		for (;;) {
			let child = 2 * index + 1;
			if (child >= heap.length) break;
			if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
			if (!isBefore(heap[child], last)) break;
			heap[index] = heap[child];
			index = child;
		}
		heap[index] = last;
		return first;
	}
}

function isBefore(one: { atMs: number; order: number }, other: { atMs: number; order: number }): boolean {
	return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** A service with a queue, first come first served. */
class Service {
	readonly workTimes: number[] = [];

	readonly waiting: Prediction[] = [];

	maxWaiting = 0;

	readonly waitingSamples: Array<{ atMs: number; count: number }> = [];

	private running = 0;

	private atOnce: number;

	private tokens: number;

	private filledAtMs = 0;

	constructor(
		private readonly agenda: Agenda,
		private readonly settings: ServiceSettings,
		private readonly random: () => number,
		private readonly onDone: (prediction: Prediction) => void,
	) {
		this.atOnce = settings.atOnce;
		this.tokens = settings.submitsPerSecond ?? 0;
		for (const { atMs, atOnce } of settings.changes ?? []) {
			agenda.at(atMs, () => {
				this.atOnce = atOnce;
				this.startWaiting();
			});
		}
	}

	/** @returns whether it was accepted */
	submit(prediction: Prediction): boolean {
		const { refusesMore, workMs, jitter = 0 } = this.settings;
		if (!this.takeToken()) return false;
		if (refusesMore && this.running >= this.atOnce) return false;
		prediction.workMs = prediction.fails ? 200 : workMs * (1 + jitter * (2 * this.random() - 1));
		this.workTimes.push(prediction.workMs);
		this.waiting.push(prediction);
		this.startWaiting();
		this.maxWaiting = max(this.maxWaiting, this.waiting.length);
		this.waitingSamples.push({ atMs: this.agenda.nowMs, count: this.waiting.length });
		return true;
	}

	private takeToken(): boolean {
		const { submitsPerSecond } = this.settings;
		if (submitsPerSecond === undefined) return true;
		const gained = ((this.agenda.nowMs - this.filledAtMs) / 1_000) * submitsPerSecond;
		this.tokens = min(max(1, submitsPerSecond), this.tokens + gained);
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
				this.running--;
				this.startWaiting();
				this.onDone(next);
			});
		}
	}
}

/** A node that runs a batch: submits as the control allows, keeps off after a 429, notices ends by polling. */
class Client {
	finished = 0;

	submits = 0;

	refused = 0;

	endMs = 0;

	maxInFlight = 0;

	boughtBlindly = 0;

	isStillSubmitting = true;

	doneWhileAllSubmit = 0;

	readonly control: AdaptiveConcurrency;

	private hasSuccess = false;

	private unsent: number;

	private held = 0;

	private inFlight = 0;

	private nextId = 0;

	/** As in the node's rate limiter, which learns a rate from refusals. */
	private perSecond = Infinity;

	private openAtMs = 0;

	private maxUnanswered = FIRST_UNANSWERED;

	private probe: Probe | null = null;

	private isTickPlanned = false;

	private refusalsInARow = 0;

	private acceptedAtMs: number[] = [];

	constructor(
		readonly name: string,
		readonly settings: ClientSettings,
		private readonly agenda: Agenda,
		private readonly service: () => Service,
		private readonly serviceSettings: ServiceSettings,
		private readonly random: () => number,
	) {
		this.unsent = settings.items;
		this.control = new AdaptiveConcurrency({ hardLimit: settings.hardLimit });
		agenda.at(settings.startMs ?? 0, () => this.tick());
	}

	private travelMs(): number {
		return TRAVEL_MS[0] + this.random() * (TRAVEL_MS[1] - TRAVEL_MS[0]);
	}

	private tick(): void {
		while (
			this.unsent > 0 &&
			this.held < this.control.maxInFlight &&
			this.held - this.inFlight < this.maxUnanswered
		) {
			if (this.agenda.nowMs < this.openAtMs) {
				if (!this.isTickPlanned) {
					this.isTickPlanned = true;
					this.agenda.at(this.openAtMs, () => {
						this.isTickPlanned = false;
						this.tick();
					});
				}
				break;
			}
			this.openAtMs = max(this.openAtMs, this.agenda.nowMs) + 1_000 / this.perSecond;
			this.send();
		}
		if (this.unsent === 0) this.isStillSubmitting = false;
		const { probe } = this.control;
		if (probe === null || probe === this.probe || !this.serviceSettings.tellsStatus) return;
		this.probe = probe;
		this.poll(probe);
	}

	private readonly known = new Map<string, Prediction>();

	private poll({ id, atMs }: Probe): void {
		const prediction = this.known.get(id);
		if (!prediction) return;
		this.agenda.at(Math.max(atMs, prediction.sentAtMs + CREATED_MS), () => {
			const isRunning = prediction.startedAtMs !== null;
			this.agenda.at(this.agenda.nowMs + this.travelMs(), () => {
				this.control.observed(id, isRunning ? 'running' : 'queued', this.agenda.nowMs);
				this.tick();
			});
		});
	}

	private send(): void {
		const { agenda } = this;
		this.unsent--;
		this.held++;
		this.submits++;
		const sentAtMs = agenda.nowMs;
		agenda.at(sentAtMs + this.travelMs(), () => {
			const id = `${this.name}${this.nextId++}`;
			const prediction: Prediction = {
				id,
				client: this,
				sentAtMs,
				createdAtMs: agenda.nowMs,
				startedAtMs: null,
				workMs: 0,
				fails: this.nextId <= (this.settings.failing ?? 0),
			};
			const isAccepted = this.service().submit(prediction);
			agenda.at(agenda.nowMs + this.travelMs(), () => {
				if (isAccepted) this.accepted(prediction);
				else this.keepOff(sentAtMs);
				this.tick();
			});
		});
	}

	private accepted(prediction: Prediction): void {
		const { nowMs } = this.agenda;
		this.refusalsInARow = 0;
		this.perSecond += 0.1;
		this.maxUnanswered *= 2;
		this.acceptedAtMs = [...this.acceptedAtMs.filter((ms) => ms > nowMs - 1_000), nowMs];
		this.inFlight++;
		if (!this.hasSuccess) this.boughtBlindly++;
		this.maxInFlight = max(this.maxInFlight, this.inFlight);
		this.known.set(prediction.id, prediction);
		this.control.submitted(prediction.id, { key: 'edit', sentAtMs: prediction.sentAtMs, nowMs });
		this.pollWhileWorking(prediction);
	}

	/** The poller's usual polls, as far as they tell whether it runs. */
	private pollWhileWorking(prediction: Prediction, share = 0.7): void {
		if (!this.serviceSettings.tellsStatus) return;
		this.agenda.at(prediction.sentAtMs + share * this.serviceSettings.workMs, () => {
			if (!this.known.has(prediction.id)) return;
			const status = prediction.startedAtMs === null ? 'queued' : 'running';
			this.control.observed(prediction.id, status, this.agenda.nowMs);
			if (status === 'queued') this.pollWhileWorking(prediction, share * 1.4);
		});
	}

	private keepOff(sentAtMs: number): void {
		const { nowMs } = this.agenda;
		this.held--;
		this.unsent++;
		this.refused++;
		this.control.rejected(nowMs);
		if (sentAtMs < this.openAtMs - 1_000 / this.perSecond && this.refusalsInARow > 0) return;
		const lately = this.acceptedAtMs.filter((ms) => ms > nowMs - 1_000).length;
		this.maxUnanswered = FIRST_UNANSWERED;
		const { refusesMore, submitsPerSecond } = this.serviceSettings;
		if (!refusesMore || submitsPerSecond !== undefined)
			this.perSecond = max(0.2, min(this.perSecond, max(1, lately)) * 0.8);
		const pauseMs = min(30_000, 1_000 * 2 ** this.refusalsInARow++);
		this.openAtMs = nowMs + pauseMs * (0.5 + this.random() / 2);
	}

	/** The service is done with a prediction; the next poll notices. */
	done(prediction: Prediction): void {
		const { agenda } = this;
		const createdMs = agenda.nowMs - prediction.createdAtMs;
		const age = agenda.nowMs - prediction.sentAtMs;
		const crowdedMs = (POLLED_SHARE * this.inFlight * 1_000) / POLLS_PER_SECOND;
		const stepMs = max(MIN_POLL_STEP_MS, POLL_STEP * age, crowdedMs);
		agenda.at(agenda.nowMs + this.random() * stepMs + this.travelMs(), () => {
			const { tellsWork, untoldShare = 0 } = this.serviceSettings;
			const toldShare = untoldShare === 0 ? 1 : 1 - untoldShare * this.random();
			this.held--;
			this.inFlight--;
			this.finished++;
			this.endMs = agenda.nowMs;
			this.known.delete(prediction.id);
			if (!prediction.fails) this.hasSuccess = true;
			this.control.finished(prediction.id, {
				nowMs: agenda.nowMs,
				succeeded: !prediction.fails,
				workMs: tellsWork ? toldShare * prediction.workMs : null,
				totalMs: tellsWork ? createdMs : null,
			});
			this.tick();
		});
	}
}

/** Runs clients against a service on a virtual clock. */
export function simulate(settings: ServiceSettings, clientSettings: ClientSettings[]): SimulationResult {
	const agenda = new Agenda();
	const random = seededRandom(settings.seed ?? 1);
	const clients: Client[] = [];
	const service = new Service(agenda, settings, random, (prediction) => {
		if (clients.every(({ isStillSubmitting }) => isStillSubmitting)) prediction.client.doneWhileAllSubmit++;
		prediction.client.done(prediction);
	});
	clientSettings.forEach((each, index) => {
		clients.push(new Client(String.fromCharCode(97 + index), each, agenda, () => service, settings, random));
	});
	agenda.run();
	const elapsedMs = max(...clients.map(({ endMs }) => endMs));
	const ideal = idealMs(settings, service.workTimes);
	const whileAll = clients.reduce((sum, { doneWhileAllSubmit }) => sum + doneWhileAllSubmit, 0);
	const calmMs = 3 * settings.workMs;
	const isSteady = (ms: number) =>
		ms > elapsedMs / 2 && !(settings.changes ?? []).some(({ atMs }) => ms >= atMs && ms < atMs + calmMs);
	return {
		elapsedMs,
		idealMs: ideal,
		ratio: elapsedMs / ideal,
		maxWaiting: service.maxWaiting,
		steadyWaiting: service.waitingSamples.reduce(
			(most, { atMs, count }) => (isSteady(atMs) ? max(most, count) : most),
			0,
		),
		clients: clients.map((client) => ({
			elapsedMs: client.endMs - (client.settings.startMs ?? 0),
			finished: client.finished,
			submits: client.submits,
			refused: client.refused,
			limitedBy: client.control.limitedBy,
			peak: client.control.peak,
			maxInFlight: client.maxInFlight,
			boughtBlindly: client.boughtBlindly,
			share: client.doneWhileAllSubmit / whileAll,
			control: client.control,
		})),
	};
}

/** As a scheduler does it that knows the number at once: whenever a place is free, the next begins. */
export function idealMs(settings: ServiceSettings, workTimes: number[]): number {
	const agenda = new Agenda();
	const { changes = [], submitsPerSecond } = settings;
	let { atOnce } = settings;
	let running = 0;
	let next = 0;
	let endMs = 0;
	let plannedMs = 0;
	const start = () => {
		while (running < atOnce && next < workTimes.length) {
			const allowedMs = submitsPerSecond
				? (max(0, next + 1 - max(1, submitsPerSecond)) / submitsPerSecond) * 1_000
				: 0;
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
	for (const change of changes) {
		agenda.at(change.atMs, () => {
			({ atOnce } = change);
			start();
		});
	}
	agenda.at(0, start);
	agenda.run();
	return endMs;
}

/** Polls notice the ends: no client notices more of them per second than a poll or so each allows. */
const MAX_ENDS_PER_SECOND = 25;

const MIN_REFUSING_WORK_SECONDS = 4;
const MIN_RUN_MS = 30_000;
const MIN_ITEMS = 40;
const MAX_ITEMS = 2_400;

/** A service with a random number at once, times, jitter, limits and changes, and a batch that keeps it busy. */
export function randomService(seed: number): { service: ServiceSettings; client: ClientSettings } {
	const random = seededRandom(seed);
	const between = (low: number, high: number) => low * (high / low) ** random();
	const refusesMore = random() < 0.1;
	// Without a queue every prediction costs the time to notice its end and to submit the next.
	const workMs = 1_000 * between(refusesMore ? MIN_REFUSING_WORK_SECONDS : 0.5, 60);
	const atOnce = () => max(1, Math.round(between(1, min(300, (MAX_ENDS_PER_SECOND * workMs) / 1_000))));
	const first = atOnce();
	// The start costs up to two rounds, and a refusal some seconds: shorter runs measure nothing else.
	const rounds = max(between(8, 12), MIN_RUN_MS / workMs);
	const changing = random() < 0.25;
	const limited = random() < 0.2;
	const items = Math.round(min(MAX_ITEMS, max(MIN_ITEMS, rounds * first)));
	const runMs = (items / first) * workMs;
	return {
		service: {
			seed,
			workMs,
			atOnce: first,
			jitter: 0.5 * random(),
			tellsWork: random() < 0.5,
			tellsStatus: random() < 0.5,
			refusesMore,
			...(changing ? { changes: [{ atMs: runMs * (0.2 + 0.5 * random()), atOnce: atOnce() }] } : {}),
			...(limited ? { submitsPerSecond: between(1, 20) } : {}),
		},
		client: { items },
	};
}
