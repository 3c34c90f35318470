import { BaselineTimes } from './baselineTimes';

export interface SubmittedAttempt {
	/** Predictions that take the same time share a key: the model and the shape of the request. */
	key: string;
	/** When the submit left; null for one of an earlier execution, whose time tells nothing of this one. */
	sentAtMs: number | null;
	/** When its answer came. */
	nowMs: number;
}

export interface PredictionInFlight {
	baseline: BaselineTimes;
	sentAtMs: number;
	/** Submitted by this execution: its times count. */
	isFresh: boolean;
	acceptedAtMs: number;
	/** How many ran with it, itself included, unless it had to wait. */
	rank: number;
	/** Completions noticed before it was accepted. */
	finishedBefore: number;
	/** Of the baseline: see {@link BaselineTimes}. */
	group: number;
	lastQueuedMs: number | null;
	firstRunningMs: number | null;
}

/** The predictions that were accepted and are not known to be over, in the order of their submits. */
export class PredictionsInFlight {
	private readonly byId = new Map<string, PredictionInFlight>();

	private readonly baselines = new Map<string, BaselineTimes>();

	/** The longest in flight, until something changes. */
	private first: { count: number; ids: Set<string> } | null = null;

	private maxCountSoFar = 0;

	private finished = 0;

	get count(): number {
		return this.byId.size;
	}

	/** Accepted and unfinished at once, at most so far. */
	get maxCount(): number {
		return this.maxCountSoFar;
	}

	/** How many have ended so far. */
	get finishedCount(): number {
		return this.finished;
	}

	/** The highest rank in flight. */
	get maxRank(): number {
		let max = 0;
		for (const { rank } of this.byId.values()) max = Math.max(max, rank);
		return max;
	}

	all(): Iterable<PredictionInFlight> {
		return this.byId.values();
	}

	/** In the order of the submits. */
	entries(): Iterable<[string, PredictionInFlight]> {
		return this.byId.entries();
	}

	get(id: string): PredictionInFlight | undefined {
		return this.byId.get(id);
	}

	/** How many of those in flight were submitted before it. */
	positionOf(id: string): number {
		let position = 0;
		for (const other of this.byId.keys()) {
			if (other === id) break;
			position++;
		}
		return position;
	}

	/** Whether it is one of the `count` that have been in flight longest. */
	isAmongFirst(id: string, count: number): boolean {
		if (this.first?.count !== count) {
			const ids = [...this.byId.keys()].slice(0, count);
			this.first = { count, ids: new Set(ids) };
		}
		return this.first.ids.has(id);
	}

	/** A submit was accepted. */
	add(id: string, { key, sentAtMs, nowMs }: SubmittedAttempt): PredictionInFlight {
		const count = this.byId.size + 1;
		const baseline = this.baselineOf(key);
		const prediction: PredictionInFlight = {
			baseline,
			sentAtMs: sentAtMs ?? nowMs,
			isFresh: sentAtMs !== null,
			acceptedAtMs: nowMs,
			rank: count - this.endingCount(nowMs),
			finishedBefore: this.finished,
			group: baseline.join(count),
			lastQueuedMs: null,
			firstRunningMs: null,
		};
		this.byId.set(id, prediction);
		this.first = null;
		this.maxCountSoFar = Math.max(this.maxCountSoFar, count);
		return prediction;
	}

	/** Writes down what a poll showed. @returns undefined if it is not in flight */
	observed(id: string, status: 'queued' | 'running', nowMs: number): PredictionInFlight | undefined {
		const prediction = this.byId.get(id);
		if (!prediction) return undefined;
		if (status === 'queued') prediction.lastQueuedMs = nowMs;
		else prediction.firstRunningMs ??= nowMs;
		return prediction;
	}

	/** A prediction is over, or nobody waits for it any more. @returns undefined if it was not in flight */
	remove(id: string): PredictionInFlight | undefined {
		const prediction = this.byId.get(id);
		if (!prediction) return undefined;
		this.byId.delete(id);
		this.first = null;
		this.finished++;
		return prediction;
	}

	/** How many in flight may be over, and are only not polled yet. */
	private endingCount(nowMs: number): number {
		const minAgeMs = this.quickLifeMs;
		let count = 0;
		for (const { sentAtMs, baseline } of this.byId.values()) {
			const ageMs = nowMs - sentAtMs;
			if (ageMs < minAgeMs) break;
			if (ageMs >= baseline.quickLifeMs) count++;
		}
		return count;
	}

	/** The shortest of the request shapes' quick lives. */
	get quickLifeMs(): number {
		let minMs = Infinity;
		for (const { quickLifeMs } of this.baselines.values()) minMs = Math.min(minMs, quickLifeMs);
		return minMs;
	}

	private baselineOf(key: string): BaselineTimes {
		let baseline = this.baselines.get(key);
		if (!baseline) this.baselines.set(key, (baseline = new BaselineTimes()));
		return baseline;
	}
}
