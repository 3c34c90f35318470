import type { Clock } from '../flow/clock';
import type { RateLimiter } from '../flow/rateLimiter';
import { Durations } from './durations';
import { firstPollMs, MAX_ROUND_ROBIN, nextPollMs, roundRobinPollMs, type RoundRobinSlot } from './pollTimes';
import type { Prediction } from './predictions';
import type { WaitingPrediction } from './waitingPrediction';

/** The share of the rate limit to plan with: polls come unevenly. */
const PLANNED_RATE = 0.85;

/** Schedules the polls of all waiting predictions, by how long earlier ones of their model took. */
export class PollSchedule {
	private readonly durations = new Map<string, Durations>();

	constructor(
		private readonly clock: Clock,
		private readonly rateLimiter: RateLimiter,
		private readonly waitingPredictions: ReadonlySet<WaitingPrediction>,
	) {}

	planFirst(waiting: WaitingPrediction): void {
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
		const nowMs = this.clock.nowMs();
		const durations = this.durationsOf(waiting.request.model);
		if (durations.count === 0) return this.planRoundRobin(waiting);
		const polls = this.pollsPerPrediction(durations);
		waiting.schedulePoll(nextPollMs(durations, waiting.elapsedMs(nowMs), polls), nowMs);
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
		return (PLANNED_RATE * this.rateLimiter.rate * medianMs) / 1_000 / this.waitingPredictions.size;
	}

	private durationsOf(model: string): Durations {
		const durations = this.durations.get(model) ?? new Durations();
		this.durations.set(model, durations);
		return durations;
	}
}
