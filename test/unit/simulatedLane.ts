import { Places, type HeldBackBy } from '../../nodes/AtlasCloud/api/pace/places';
import { idealMs, seededRandom, sharesOf, SimulatedService, type ServiceSettings } from './simulatedService';
import { VirtualClock } from './virtualClock';

/*
 * Executions that buy through a lane, each in a process of its own, and notice ends a moment later: fast, for a thousand
 * services. `simulatedRun` has the real purchases and polls.
 */

export interface ClientSettings {
	items: number;
	startMs?: number;
	/** The option Concurrency. Unset means automatic. */
	concurrency?: number;
}

export interface SimulationResult {
	/** Until the last client was done. */
	elapsedMs: number;
	/** The same over what a scheduler needs that knows the service. */
	ratio: number;
	finished: number;
	/** Share of the submits that were answered 429. */
	refusedShare: number;
	/** The most that ever waited at the service. */
	maxWaiting: number;
	/** The most that waited in the second half of the run, three work times away from each change. */
	steadyWaiting: number;
	/** Each client's share of what ended while all had some left to submit. */
	shares: number[];
	heldBackBy: HeldBackBy[];
	peaks: number[];
}

const TRAVEL_MS = [50, 150];
/** An end is noticed within a few percent of the time elapsed, and of many within what 40 polls a second allow. */
const MIN_POLL_STEP_MS = 150;
const POLL_STEP = 0.06;
const POLLS_PER_SECOND = 40;
/** Of those in flight, so many are near enough to their end to be polled. */
const POLLED_SHARE = 0.25;

let accounts = 0;

class Client {
	readonly places: Places;

	finished = 0;

	private inFlight = 0;

	constructor(
		private readonly clock: VirtualClock,
		private readonly service: SimulatedService,
		private readonly index: number,
		private readonly settings: ClientSettings,
		private readonly random: () => number,
	) {
		const account = `lane ${accounts++}`;
		this.places = new Places({ account, hardLimit: settings.concurrency ?? null, clock, signal: undefined });
	}

	async run(): Promise<void> {
		const { startMs = 0, items } = this.settings;
		if (startMs > 0) await this.clock.sleepMs(startMs);
		const all: Array<Promise<void>> = [];
		for (let index = 0; index < items; index++) {
			const place = await this.places.prepare({ model: 'm', shape: '', then: 'wait' });
			all.push(this.buy(place));
		}
		await Promise.all(all);
	}

	private async buy(place: Awaited<ReturnType<Places['prepare']>>): Promise<void> {
		const { clock, service } = this;
		for (;;) {
			await place.enter();
			await this.travel();
			const task = service.submit(this.index);
			await this.travel();
			if (!task) {
				place.answered({ retryAfterMs: null });
				continue;
			}
			place.answered('accepted');
			this.inFlight++;
			if (task.completedAtMs === null) await new Promise<void>((resolve) => doneOf.set(task, resolve));
			const ageMs = clock.nowMs() - task.createdAtMs;
			const crowdedMs = (POLLED_SHARE * this.inFlight * 1_000) / POLLS_PER_SECOND;
			const stepMs = Math.max(MIN_POLL_STEP_MS, POLL_STEP * ageMs, crowdedMs);
			await clock.sleepMs(this.random() * stepMs);
			await this.travel();
			this.inFlight--;
			this.finished++;
			place.leave(service.recordedTimes(task));
			return;
		}
	}

	private async travel(): Promise<void> {
		await this.clock.sleepMs(TRAVEL_MS[0] + this.random() * (TRAVEL_MS[1] - TRAVEL_MS[0]));
	}
}

const doneOf = new WeakMap<object, () => void>();

/** Runs clients against a service on a virtual clock. Pauses after refusals are random: seed `Math.random`. */
export async function simulateLanes(
	settings: ServiceSettings,
	clientSettings: ClientSettings[],
): Promise<SimulationResult> {
	const clock = new VirtualClock(0, true);
	const service = new SimulatedService(clock.agenda, settings);
	service.onDone = (task) => doneOf.get(task)?.();
	const random = seededRandom((settings.seed ?? 1) + 0.5);
	const clients = clientSettings.map((each, index) => new Client(clock, service, index, each, random));
	await clock.until(Promise.all(clients.map(async (client) => await client.run())));
	const elapsedMs = clock.nowMs();
	const { tasks, waitingSamples, refused } = service;
	const ideal = idealMs(
		settings,
		tasks.map(({ workMs }) => workMs),
	);
	const calmMs = 3 * settings.workMs;
	const isSteady = (ms: number) =>
		ms > elapsedMs / 2 && !(settings.changes ?? []).some(({ atMs }) => ms >= atMs && ms < atMs + calmMs);
	const summaries = clients.map(({ places }) => places.summary());
	const maxOf = (samples: typeof waitingSamples) =>
		samples.reduce((most, { count }) => Math.max(most, count), 0);
	return {
		elapsedMs,
		ratio: elapsedMs / ideal,
		finished: clients.reduce((sum, { finished }) => sum + finished, 0),
		refusedShare: refused / (tasks.length + refused),
		maxWaiting: maxOf(waitingSamples),
		steadyWaiting: maxOf(waitingSamples.filter(({ atMs }) => isSteady(atMs))),
		shares: sharesOf(tasks, clients.length),
		heldBackBy: summaries.map(({ heldBackBy }) => heldBackBy),
		peaks: summaries.map(({ peak }) => peak),
	};
}
