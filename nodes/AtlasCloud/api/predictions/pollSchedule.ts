import type { Clock } from '../flow/clock';
import type { RateLimiter } from '../flow/rateLimiter';
import { Durations } from './durations';
import { firstPollMs, MAX_ROUND_ROBIN, nextPollMs, roundRobinPollMs, type RoundRobinSlot } from './pollTimes';
import type { Prediction } from './predictions';
import type { WaitingPrediction } from './waitingPrediction';

/** The share of the rate limit to plan with: polls come unevenly. */
const PLANNED_RATE = 0.85;

/** A prediction in the service's queue is polled now and then: what is known of the queue may be wrong. In ms. */
const MIN_QUEUE_PAUSE_MS = 5_000;
const QUEUE_PAUSE = 3;

/** While others wait, the service stays busy: an end that is noticed a little later costs no time. */
const MAX_POLLS_WITH_QUEUE = 2.5;

/** Schedules the polls of all waiting predictions, by how long earlier ones of their model took. */
export class PollSchedule {
	private readonly durations = new Map<string, Durations>();

	/** Models whose queue is known. */
	private readonly queuedModels = new Set<string>();

	constructor(
		private readonly clock: Clock,
		private readonly rateLimiter: RateLimiter,
		private readonly waitingPredictions: ReadonlySet<WaitingPrediction>,
	) {}

	planFirst(waiting: WaitingPrediction): void {
		if (waiting.isQueued) return this.planQueued(waiting);
		const probeAtMs = waiting.request.queue?.firstPollAtMs ?? null;
		if (probeAtMs !== null && !waiting.hasBeenPolled) return waiting.schedulePollAt(probeAtMs);
		const durations = this.durationsOf(waiting.request.model);
		if (durations.count === 0) return this.planRoundRobin(waiting);
		const polls = this.pollsPerPrediction(durations);
		waiting.schedulePoll(firstPollMs(durations, polls), this.clock.nowMs());
	}

	/** Corrects a first poll that was planned with fewer durations, or none. */
	replanFirst(waiting: WaitingPrediction): void {
		const hasDurations = this.durationsOf(waiting.request.model).count > 0;
		if (!waiting.hasBeenPolled && hasDurations) this.planFirst(waiting);
	}

	planNext(waiting: WaitingPrediction): void {
		if (waiting.isQueued) return this.planQueued(waiting);
		const nowMs = this.clock.nowMs();
		const durations = this.durationsOf(waiting.request.model);
		if (durations.count === 0) return this.planRoundRobin(waiting);
		const polls = this.pollsPerPrediction(durations);
		waiting.schedulePoll(nextPollMs(durations, waiting.elapsedMs(nowMs), polls), nowMs);
	}

	/** Follows what is known of the service's queue: one that has just begun is planned anew. */
	followQueue(waiting: WaitingPrediction): void {
		if (!waiting.followQueue(this.clock.nowMs())) return;
		this.forgetQueued(waiting);
		if (waiting.failedPolls === 0) this.planFirst(waiting);
	}

	/** Durations that were learned before the queue was known may hold time in it. */
	private forgetQueued({ request }: WaitingPrediction): void {
		const numberAtOnce = request.queue?.numberAtOnce ?? null;
		if (numberAtOnce === null || this.queuedModels.has(request.model)) return;
		this.queuedModels.add(request.model);
		this.durationsOf(request.model).keepFirst(Math.round(numberAtOnce));
	}

	private planQueued(waiting: WaitingPrediction): void {
		const durations = this.durationsOf(waiting.request.model);
		const medianMs = durations.count === 0 ? 0 : durations.medianMs;
		const nowMs = this.clock.nowMs();
		const pauseMs = Math.max(MIN_QUEUE_PAUSE_MS, QUEUE_PAUSE * medianMs);
		waiting.schedulePoll(waiting.elapsedMs(nowMs) + pauseMs, nowMs);
	}

	/** Plans the poll after a failed one. */
	planRetry(waiting: WaitingPrediction, minPauseMs: number): void {
		this.planNext(waiting);
		waiting.delayPoll(minPauseMs, this.clock.nowMs());
	}

	/** Learns from a completed prediction. The first one of a model ends the round-robin. */
	learnDuration(waiting: WaitingPrediction, prediction: Prediction): void {
		const durationMs = waiting.durationMs(prediction, this.clock.nowMs());
		if (durationMs === null) return;
		const durations = this.durationsOf(waiting.request.model);
		durations.add(durationMs);
		if (durations.count === 1) this.replanAll(waiting.request.model);
	}

	/** Fills the place of a prediction that is no longer waited for, if its model is polled round-robin. */
	refillRoundRobin(model: string): void {
		if (this.durationsOf(model).count === 0) this.replanAll(model);
	}

	private replanAll(model: string): void {
		for (const waiting of this.waitingPredictions)
			if (waiting.request.model === model && waiting.failedPolls === 0) this.planFirst(waiting);
	}

	private planRoundRobin(waiting: WaitingPrediction): void {
		const nowMs = this.clock.nowMs();
		const pollMs = roundRobinPollMs(waiting.elapsedMs(nowMs), this.roundRobinSlot(waiting));
		waiting.schedulePoll(pollMs, nowMs);
	}

	/** The first of a model to be waited for are in the round-robin. */
	private roundRobinSlot({ request }: WaitingPrediction): RoundRobinSlot | null {
		const requests = [...this.waitingPredictions].map((waiting) => waiting.request);
		const ofModel = requests.filter(({ model }) => model === request.model);
		const index = ofModel.indexOf(request);
		return index < MAX_ROUND_ROBIN ? { index, count: Math.min(ofModel.length, MAX_ROUND_ROBIN) } : null;
	}

	/** How many polls the rate limit allows for each prediction. */
	private pollsPerPrediction({ medianMs }: Durations): number {
		let runningCount = 0;
		for (const { isQueued } of this.waitingPredictions) if (!isQueued) runningCount++;
		const allowed = (PLANNED_RATE * this.rateLimiter.rate * medianMs) / 1_000 / Math.max(1, runningCount);
		const hasQueue = runningCount < this.waitingPredictions.size;
		return hasQueue ? Math.min(MAX_POLLS_WITH_QUEUE, allowed) : allowed;
	}

	private durationsOf(model: string): Durations {
		const durations = this.durations.get(model) ?? new Durations();
		this.durations.set(model, durations);
		return durations;
	}
}
