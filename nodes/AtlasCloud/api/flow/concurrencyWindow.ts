import type { BaselineTimes } from './baselineTimes';
import type { FoundNumber } from './foundNumber';
import type { PredictionsInFlight } from './predictionsInFlight';
import { MAX_POLLS_PER_SECOND } from './pollRate';
import {
	MIN_SAMPLES,
	waitMsOf,
	type Measurement,
	type QueueMeasurement,
	type Sample,
} from './queueMeasurement';

/** One that did not wait, or hardly. */
type Unqueued = Pick<Sample, 'baseline' | 'rank' | 'lifeMs'>;

/** Nothing is known of a service at first. This many may be lost to a request that always fails. */
export const START = 20;
/** A queue of so many keeps the service busy while a result is noticed and the next request travels. */
const SLACK = 4;
const SLACK_PER_ROOT = 0.5;
/** While the service keeps up, the window follows what is proven to run at once. So many may wait if it is the limit. */
const MAX_GROWTH = 4.5;
const GROWTH_STEP = 70;
/** Where polls show that all of them run, few successes are enough. */
const GROWTH_PER_SUCCESS_SEEN = 35;
/** Without measured waits, jitter can hide a queue, so that a window found once grows less. */
const CAREFUL_GROWTH = 2.5;
/** And a queue that is a smaller share than this of those that run may be jitter. */
const JITTER_SHARE = 0.12;
const MEASURED_JITTER_SHARE = 0.05;
/** How fast the number that is reported follows the measured one. */
const SMOOTHING = 0.1;
/** A prediction that took no more than this share longer than the quickest, or the baseline, may not have waited. */
const LIFE_SPREAD = 0.6;
/** Where its wait is measured, it may have been this share of its life. */
const MEASURED_SPREAD = 0.1;
/** Too many that take this much longer than the slowest of those that did not wait are a queue. */
const LATE = 1.1;
const LATE_SHARE = 0.1;
/** Where there was a queue, one that need not wait lifts the window this much. The next one counts in full. */
const LIFT = 1.5;
/** Predictions that are over, and not polled yet, are at most this share of those that run. */
const MAX_UNNOTICED = 0.5;

/** How many may be in flight. Grows as long as nothing waits at the service, then follows the number it runs. */
export class ConcurrencyWindow {
	private window = START;

	private successes = 0;

	/** The latest that did not wait. */
	private unqueued: Unqueued[] = [];

	/** The highest rank of those, when it was last asked for. */
	private maxUnqueued = 0;

	private provenCount = 0;

	/** The latest number that polls have shown to run at once. */
	private seenRunning = 0;

	private hasQueue = false;

	private measured: number | null = null;

	/** The number that the service works on, without its noise, and the highest value of that. */
	private smoothed = 0;

	private maxSmoothed = 0;

	constructor(
		private readonly inFlight: PredictionsInFlight,
		private readonly measurement: QueueMeasurement,
		private readonly foundNumber: FoundNumber,
	) {}

	get size(): number {
		return this.window;
	}

	/** How many the service runs at once by what polls have found, or was measured; null before the first queue. */
	get numberAtOnce(): number | null {
		const known = this.foundNumber.value ?? this.measured;
		return known === null || this.hasQueue ? known : Math.max(known, this.maxUnqueued);
	}

	/** The highest number that the service was known to work on at once, without noise. */
	get peakRunning(): number {
		return this.measured === null ? this.foundNumber.max : this.maxSmoothed;
	}

	/** How many have been seen to run at once. */
	get proven(): number {
		return this.provenCount;
	}

	/** Whether predictions wait at the service, as far as is known. */
	get isQueueing(): boolean {
		return this.hasQueue;
	}

	/** A poll showed that a prediction waits. */
	sawQueue(): void {
		this.hasQueue = true;
		this.seenRunning = 0;
	}

	/** Polls have found how many run at once while others wait. */
	found(count: number): void {
		this.foundNumber.found(count);
		this.provenCount = Math.min(this.provenCount, count);
		const next = this.withUnnoticed(count) + slackFor(count);
		this.window = this.successes === 0 ? Math.min(START, next) : next;
	}

	/** With those that are over, and not polled yet: the more of them end per second, the later polls find them. */
	private withUnnoticed(count: number): number {
		const endsPerSecond = (1_000 * count) / this.inFlight.quickLifeMs;
		return count * (1 + Math.min(MAX_UNNOTICED, endsPerSecond / (2 * MAX_POLLS_PER_SECOND)));
	}

	/** A poll showed that so many run at once. */
	sawRunning(count: number): void {
		this.provenCount = count;
		this.foundNumber.sawAtOnce(count);
		if (this.hasQueue) {
			// A short queue can be empty for a moment.
			this.hasQueue = false;
			this.window = Math.max(this.window, LIFT * count);
			return;
		}
		this.seenRunning = count;
		this.growAsSeen();
	}

	/** A prediction succeeded. The measurement has its sample already. */
	succeeded(sample: Sample, nowMs: number): void {
		this.successes++;
		const mayHaveWaited = mayHaveWaitedIn(sample);
		if (!mayHaveWaited) this.keepUnqueued(sample);
		if (this.measured !== null || sample.baseline.isKnown(sample.source))
			this.adjust(sample, mayHaveWaited, nowMs);
		else if (!mayHaveWaited && !this.isExpected(sample)) this.grow(MAX_GROWTH, nowMs);
		this.growAsSeen();
	}

	private keepUnqueued(sample: Sample): void {
		const { baseline, lifeMs } = sample;
		const rank = unqueuedRank(sample);
		this.unqueued.push({ baseline, lifeMs, rank });
		while (this.unqueued.length > this.measurement.sampleCount) this.unqueued.shift();
		this.provenCount = Math.max(this.provenCount, Math.round(rank));
	}

	private adjust(sample: Sample, mayHaveWaited: boolean, nowMs: number): void {
		const measurement = this.measurement.measure();
		const { queued, running, isMeasured } = measurement;
		const slack = slackFor(running);
		const isMany =
			queued > Math.max(slack / 2, (isMeasured ? MEASURED_JITTER_SHARE : JITTER_SHARE) * running);
		if (this.measurement.sampleCount >= MIN_SAMPLES && isMany) return this.follow(measurement);
		if (queued > slack / 2 && this.measured !== null) {
			this.window = Math.max(this.window, Math.min(running + slack, growthCap(this.inFlight.count + 1)));
			return;
		}
		if (mayHaveWaited || this.isExpected(sample)) return;
		this.hasQueue = false;
		this.grow(isMeasured || this.measured === null ? MAX_GROWTH : CAREFUL_GROWTH, nowMs);
	}

	/** Whether it is no news that it did not wait, by the number that polls have found. */
	private isExpected(sample: Sample): boolean {
		this.foundNumber.sawAtOnce(unqueuedRank(sample));
		return this.foundNumber.value !== null;
	}

	/** There is a queue: the window becomes what the service runs, and a little more. */
	private follow({ running, working }: Measurement): void {
		this.hasQueue = true;
		this.seenRunning = 0;
		this.unqueued = [];
		this.maxUnqueued = 0;
		this.measured = running;
		this.smoothed += (working - this.smoothed) * (this.smoothed === 0 ? 1 : SMOOTHING);
		this.maxSmoothed = Math.max(this.maxSmoothed, this.smoothed);
		this.foundNumber.measured(running);
		this.window = Math.max(running, this.withUnnoticed(this.foundNumber.value ?? 0)) + slackFor(running);
	}

	/** The window follows the highest rank that lately did not wait. Ends come in any order: low ranks may be late. */
	private grow(factor: number, nowMs: number): void {
		if (this.unqueued.length === 0 || this.isLate(nowMs)) return;
		const proven = (this.maxUnqueued = Math.max(...this.unqueued.map(({ rank }) => rank)));
		const earned = this.measured === null ? START + (factor - 1) * this.successes : 0;
		const next = Math.min(Math.max(this.window + factor - 1, earned), growthCap(proven), factor * proven);
		this.window = Math.max(this.window, next);
	}

	private growAsSeen(): void {
		if (this.hasQueue || this.successes === 0 || this.seenRunning === 0) return;
		const bought = START + GROWTH_PER_SUCCESS_SEEN * this.successes;
		this.window = Math.max(this.window, Math.min(growthCap(this.seenRunning), bought));
	}

	/** Whether predictions are late that would have ended by now if they had not waited. */
	private isLate(nowMs: number): boolean {
		const slowest = new Map<BaselineTimes, number>();
		for (const { baseline, lifeMs } of this.unqueued)
			slowest.set(baseline, Math.max(lifeMs, slowest.get(baseline) ?? 0));
		const leastMs = LATE * Math.min(...slowest.values());
		const { count } = this.inFlight;
		let allowed = Math.max(slackFor(count), LATE_SHARE * count);
		for (const { sentAtMs, baseline, isFresh } of this.inFlight.all()) {
			const ageMs = nowMs - sentAtMs;
			if (ageMs < leastMs) return false;
			if (isFresh && ageMs >= LATE * (slowest.get(baseline) ?? Infinity) && --allowed < 0) return true;
		}
		return false;
	}
}

function mayHaveWaitedIn(sample: Sample): boolean {
	const { lifeMs, source } = sample;
	const waitMs = waitMsOf(sample);
	return waitMs > (source === 'life' ? LIFE_SPREAD * (lifeMs - waitMs) : MEASURED_SPREAD * lifeMs);
}

/** How many ran with it. Little's law again: one that waited a little has seen a little fewer run. */
function unqueuedRank(sample: Sample): number {
	const { rank, lifeMs, source } = sample;
	return source === 'life' ? rank : rank * (1 - Math.max(0, waitMsOf(sample)) / lifeMs);
}

function slackFor(running: number): number {
	return SLACK + SLACK_PER_ROOT * Math.sqrt(running);
}

function growthCap(rank: number): number {
	return Math.min(MAX_GROWTH * rank, rank + GROWTH_STEP * Math.cbrt(rank / START));
}
