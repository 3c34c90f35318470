/**
 * What tells queue and work apart: the record's own times, polls that saw it wait and run, or nothing, so that all of
 * its life counts.
 */
export type TimeSource = 'record' | 'polls' | 'life';

export interface TimeSample {
	/** From the submit until the end was noticed. */
	lifeMs: number;
	/** The part of it that holds the time in the queue. */
	excessMs: number;
	source: TimeSource;
}

interface Group {
	joined: number;
	size: number;
	over: number;
	rankSum: number;
	recordMs: number[];
	wholeLifeMs: number[];
}

interface ClosedGroup {
	rank: number;
	meanMs: number;
}

/** Half of those in flight, as far as these bounds allow. */
const MIN_GROUP = 10;
const MAX_GROUP = 100;
/** The lowest of many means is too low by chance. Too high a baseline costs a few that wait, too low a one costs time. */
const CONFIDENCE = 2;
const RECORD_CONFIDENCE = 1;
const MAX_LIVES = 50;
const QUICK_QUANTILE = 0.05;
/** The service became slower if, among so many groups, much fewer in flight took no less time. */
const REMEMBERED_GROUPS = 24;
const FEWER = 0.6;
const NO_LESS = 0.9;
const CLEARLY_MORE = 1.15;
/** What is called queued when it is so much older than another that runs, waits. */
const LONGER_QUEUED = 1.5;
const QUEUED_MARGIN_MS = 500;
/** One quick prediction says little of the others. */
const LEAST_RUNNING_MS = 500;

/**
 * The time that predictions of one kind take without a queue. Predictions are grouped in the order of their submits,
 * not of their ends: the first to end are the quick ones, and their mean would be too low. The lowest group so far is
 * the baseline.
 */
export class BaselineTimes {
	private readonly open = new Map<number, Group>();

	private latest = -1;

	private closed: ClosedGroup[] = [];

	/** The latest lives, without the time in the queue. */
	private readonly lives: number[] = [];

	/** What the quick ones take. Not the quickest: one that was answered from a cache would count forever. */
	quickLifeMs = Infinity;

	/** The lowest age at which a poll has seen one run. */
	private minRunningMs = Infinity;

	/** The shortest excess times so far. They stand in until a group is complete. */
	private minRecordMs = Infinity;

	private minWholeLifeMs = Infinity;

	private recordMs: number | null = null;

	private wholeLifeMs: number | null = null;

	/** Whether more is known than a few samples. */
	isKnown(source: TimeSource): boolean {
		return source === 'polls' || (source === 'record' ? this.recordMs : this.wholeLifeMs) !== null;
	}

	/** What is left of {@link TimeSample.excessMs} where nothing queues. Infinite while there is no sample. */
	excessMs(source: TimeSource): number {
		switch (source) {
			case 'polls':
				return 0;
			case 'record':
				return this.recordMs ?? this.minRecordMs;
			case 'life':
				return this.wholeLifeMs ?? this.minWholeLifeMs;
		}
	}

	/** A poll saw one run at this age. */
	sawRunning(ageMs: number): void {
		this.minRunningMs = Math.min(this.minRunningMs, Math.max(LEAST_RUNNING_MS, ageMs));
	}

	get hasSeenRunning(): boolean {
		return this.minRunningMs < Infinity;
	}

	/** From this age on, one that is called queued waits for others. Infinite while none has been seen running. */
	get queuedFromMs(): number {
		return LONGER_QUEUED * this.minRunningMs + QUEUED_MARGIN_MS;
	}

	/** Whether one that is called queued at this age waits for others. A service may call each of them so at first. */
	isQueuedAt(ageMs: number): boolean {
		return ageMs >= this.queuedFromMs;
	}

	/**
	 * A prediction was accepted.
	 * @param rank how many are in flight with it
	 * @returns the number of its group, for {@link add} and {@link leave}
	 */
	join(rank: number): number {
		let group = this.open.get(this.latest);
		if (!group || group.joined === group.size) {
			const size = Math.min(MAX_GROUP, Math.max(MIN_GROUP, Math.round(rank / 2)));
			group = { joined: 0, size, over: 0, rankSum: 0, recordMs: [], wholeLifeMs: [] };
			this.open.set(++this.latest, group);
		}
		group.joined++;
		group.rankSum += rank;
		return this.latest;
	}

	/** One of the group succeeded. */
	add(number: number, { lifeMs, excessMs, source }: TimeSample): void {
		const waitMs = Math.max(0, excessMs - this.excessMs(source));
		this.lives.push(lifeMs - (waitMs < lifeMs ? waitMs : 0));
		if (this.lives.length > MAX_LIVES) this.lives.shift();
		this.quickLifeMs = quantile([...this.lives], QUICK_QUANTILE);
		const group = this.open.get(number);
		if (source === 'record') {
			this.minRecordMs = Math.min(this.minRecordMs, excessMs);
			group?.recordMs.push(excessMs);
		} else if (source === 'life') {
			this.minWholeLifeMs = Math.min(this.minWholeLifeMs, excessMs);
			group?.wholeLifeMs.push(excessMs);
		}
		this.leave(number);
	}

	/** One of the group is over. */
	leave(number: number): void {
		const group = this.open.get(number);
		if (!group || ++group.over < group.size) return;
		this.open.delete(number);
		const { recordMs, wholeLifeMs, rankSum, joined } = group;
		if (recordMs.length > 0) {
			const meanMs = mean(recordMs);
			const upperMs = meanMs + RECORD_CONFIDENCE * standardError(recordMs, meanMs);
			this.recordMs = Math.min(this.recordMs ?? Infinity, upperMs);
		}
		if (wholeLifeMs.length === 0) return;
		const meanMs = mean(wholeLifeMs);
		const next = { rank: rankSum / joined, meanMs };
		const isSlower = this.isSlower(next);
		const upperMs = meanMs + CONFIDENCE * standardError(wholeLifeMs, meanMs);
		this.wholeLifeMs = isSlower ? upperMs : Math.min(this.wholeLifeMs ?? Infinity, upperMs);
		this.closed = isSlower ? [next] : [...this.closed, next].slice(-REMEMBERED_GROUPS);
	}

	/** Whether it is the work that takes longer: a queue would have become shorter. */
	private isSlower(next: ClosedGroup): boolean {
		const minMs = CLEARLY_MORE * (this.wholeLifeMs ?? Infinity);
		if (next.meanMs < minMs) return false;
		return this.closed.some(
			({ rank, meanMs }) => next.rank <= FEWER * rank && meanMs >= minMs && next.meanMs >= NO_LESS * meanMs,
		);
	}
}

function mean(values: number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardError(values: number[], meanMs: number): number {
	const squares = values.reduce((sum, value) => sum + (value - meanMs) ** 2, 0);
	return Math.sqrt(squares) / values.length;
}

/** Sorts the values. */
export function quantile(values: number[], share: number): number {
	return values.sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];
}
