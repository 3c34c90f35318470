import { quantile, type BaselineTimes, type TimeSource } from './baselineTimes';
import type { PredictionInFlight } from './predictionsInFlight';

export interface FinishedAttempt {
	nowMs: number;
	succeeded: boolean;
	/** How long the service worked on it, where its record says so. */
	workMs: number | null;
	/** From created to completed, where its record says so. */
	totalMs: number | null;
}

/** The times of a prediction that succeeded. */
export interface Sample {
	baseline: BaselineTimes;
	rank: number;
	/** Completions per ms while it was in flight. */
	rate: number;
	/** From its submit until its end was noticed. */
	lifeMs: number;
	/** What is above the baseline in this was spent in the queue. */
	excessMs: number;
	source: TimeSource;
	workMs: number | null;
}

export interface Measurement {
	/** How many wait at the service. */
	queued: number;
	/** How many it runs, with those that travel or are not polled yet. */
	running: number;
	/** How many it works on, where records include the work time; the same as `running` elsewhere. */
	working: number;
	isMeasured: boolean;
}

/** Where all end together, the first of them have seen few others end: not the mean. */
const RATE_QUANTILE = 0.75;
export const MIN_SAMPLES = 8;
const MAX_SAMPLES = 100;
/** A poll this early in a prediction's time still tells whether it had to wait. */
const EARLY_SHARE = 0.3;

/** Measures how many predictions wait at the service and how many it runs, by the latest that succeeded. */
export class QueueMeasurement {
	private samples: Sample[] = [];

	private latest: Measurement | null = null;

	/** Ends since the last measurement. */
	private unmeasured = 0;

	get sampleCount(): number {
		return this.samples.length;
	}

	/** The highest rank of the latest samples. */
	get maxRank(): number {
		let max = 0;
		for (const { rank } of this.samples) max = Math.max(max, rank);
		return max;
	}

	/** @param window how many may be in flight: it decides how many samples count */
	add(sample: Sample, window: number): void {
		this.samples.push(sample);
		const count = Math.min(MAX_SAMPLES, Math.max(MIN_SAMPLES, Math.round(window / 2)));
		if (this.samples.length > count) this.samples = this.samples.slice(-count);
	}

	/** How many wait and how many run, by Little's law. Computed anew for every tenth of the samples. */
	measure(): Measurement {
		if (this.latest && ++this.unmeasured < this.samples.length / 10) return this.latest;
		this.unmeasured = 0;
		this.latest = this.compute();
		return this.latest;
	}

	private compute(): Measurement {
		const { samples } = this;
		let waitMs = 0;
		let lifeMs = 0;
		let workMs = 0;
		let measuredCount = 0;
		for (const sample of samples) {
			waitMs += waitMsOf(sample);
			lifeMs += sample.lifeMs;
			workMs += sample.workMs ?? NaN;
			if (sample.source !== 'life') measuredCount++;
		}
		const meanWaitMs = Math.max(0, waitMs / samples.length);
		const rates = samples.map(({ rate }) => rate);
		const rate = quantile(rates, RATE_QUANTILE);
		const running = Math.max(1, rate * (lifeMs / samples.length - meanWaitMs));
		return {
			queued: rate * meanWaitMs,
			running,
			working: workMs >= 0 ? Math.max(1, (rate * workMs) / samples.length) : running,
			isMeasured: 2 * measuredCount > samples.length,
		};
	}
}

/** How long it was in the queue; less than 0 if it took less time than the baseline. */
export function waitMsOf({ excessMs, baseline, source }: Sample): number {
	return excessMs - baseline.excessMs(source);
}

/** @param finishedCount how many have ended so far, itself included */
export function sampleOf(
	prediction: PredictionInFlight,
	{ nowMs, workMs, totalMs }: FinishedAttempt,
	finishedCount: number,
): Sample {
	const { baseline, rank, sentAtMs, acceptedAtMs, finishedBefore } = prediction;
	const lifeMs = Math.max(1, nowMs - sentAtMs);
	const { excessMs, source } = splitLife(prediction, lifeMs, workMs, totalMs);
	return {
		baseline,
		rank,
		rate: (finishedCount - finishedBefore) / Math.max(1, nowMs - acceptedAtMs),
		lifeMs,
		excessMs,
		source,
		workMs: source === 'record' ? workMs : null,
	};
}

/** The part of a prediction's life that holds its time in the queue. */
function splitLife(
	{ sentAtMs, lastQueuedMs, firstRunningMs }: PredictionInFlight,
	lifeMs: number,
	workMs: number | null,
	totalMs: number | null,
): { excessMs: number; source: TimeSource } {
	if (workMs !== null && workMs > 0)
		return { excessMs: Math.max(0, (totalMs ?? lifeMs) - workMs), source: 'record' };
	if (firstRunningMs !== null && lastQueuedMs !== null)
		return { excessMs: (lastQueuedMs + firstRunningMs) / 2 - sentAtMs, source: 'polls' };
	if (firstRunningMs !== null && isEarly(firstRunningMs - sentAtMs, lifeMs))
		return { excessMs: 0, source: 'polls' };
	return { excessMs: totalMs ?? lifeMs, source: 'life' };
}

/** Whether a prediction that runs at this age cannot have waited long. */
export function isEarly(ageMs: number, lifeMs: number): boolean {
	return ageMs < EARLY_SHARE * lifeMs;
}
