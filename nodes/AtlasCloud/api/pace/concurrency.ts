import { Refusals } from './refusals';

/** Nothing is known of a service at first: so many may be in flight. */
export const START = 20;

/** Slow start: each end without a wait lets so many more in, up to twice what has run at once, and a burst more. */
const GROWTH = 5;
const BURST = 60;

/** Beyond what has ever been accepted, so much is tried at a time, as a share of that: refusals stay few. */
const MAX_REACH = 0.5;

/** Times differ by chance. A queue of this share of what runs cannot be told from that, and does no harm. */
const TOLERANCE = 1.2;

/** So many may wait: they keep the service busy while an end is noticed and the next request travels. */
const SLACK = 6;

/** The first to end are the quick ones. A fair mean is that of so many that were submitted one after another. */
const MIN_GROUP = 10;

/** If this share of what was in flight takes the same time, but for the tolerance, none has waited for another. */
const FEWER = 0.7;

/** What keeps the number in flight from being higher. */
export type ConcurrencyLimit = 'start' | 'service' | 'refusals';

/** One prediction in flight: what its end needs to know of its submit. */
export interface Mark {
	readonly group: Group;
	/** Null for one of an earlier execution, whose time tells nothing of the service now. */
	readonly sentAtMs: number | null;
	/** How many were in flight with it, itself included. */
	readonly rank: number;
}

/** When a prediction ended, as its record says. */
export interface EndedPrediction {
	createdAt: string | null;
	completedAt: string | null;
	/** How long the service worked on it. */
	predictTimeSeconds: number | null;
}

/** Predictions of one kind that were submitted one after another. */
interface Group {
	baseline: Baseline;
	size: number;
	joined: number;
	open: number;
	count: number;
	sumMs: number;
	rankSum: number;
}

/** The time that predictions of one kind take without a queue: the lowest mean of a group, and the shortest of all. */
interface Baseline {
	group: Group | null;
	meanMs: number;
	minMs: number;
	/** The longest mean of a group since the number in flight was last seen to matter, and how many were in flight. */
	slow: { rank: number; meanMs: number };
}

/**
 * Finds out how many predictions a service runs at once. Keep one per account and model: limits are per account and
 * model (docs/atlas-cloud-api.md, Errors). Slow start until predictions wait at the service, then as TCP Vegas: of those
 * in flight when one was submitted, the share runs that its time without a queue has of its life. Knows no timers: all
 * times come with the calls, in ms of one clock.
 */
export class Concurrency {
	private readonly inFlight = new Set<Mark>();

	private readonly baselines = new Map<string, Baseline>();

	private window = START;

	/** What slow start has earned. */
	private earned = START;

	/** The most that ran at once without waiting. */
	private unqueued = 1;

	/** Of the latest: their time without a queue, and the tolerance, over their life. From 1 on, nothing waits. */
	private share = 1;

	/** How many the service runs at once; null before the first queue. */
	private running: number | null = null;

	private maxRunning = 0;

	private maxCount = 0;

	private readonly refusals = new Refusals();

	/** So many more than have ever been accepted may be tried at a time: doubled by each that is accepted. */
	private reach = 1;

	private nowMs = 0;

	/** How many may be in flight now, unanswered submits included. */
	get maxInFlight(): number {
		// Refusals stay few.
		const proven = Math.max(START, this.maxCount);
		const tried = proven + Math.min(this.reach, MAX_REACH * proven);
		return Math.max(1, Math.floor(Math.min(this.window, tried, this.unrefused)));
	}

	/** How many the service is not known to refuse. */
	get unrefused(): number {
		return this.refusals.maxInFlight(this.nowMs);
	}

	get limitedBy(): ConcurrencyLimit {
		if (this.refusals.number <= this.window) return 'refusals';
		return this.running === null ? 'start' : 'service';
	}

	/** About how many ran at once, at most. */
	get peak(): number {
		return this.running === null
			? this.maxCount
			: Math.min(this.maxCount, Math.round(this.maxRunning || this.running));
	}

	/** Whether it is among the first that the service works on, as far as is known. */
	hasBegun(mark: Mark): boolean {
		let left = Math.ceil(this.running ?? this.window) + 1;
		if (this.inFlight.size <= left) return true;
		for (const other of this.inFlight) {
			if (other === mark) return true;
			if (--left === 0) return false;
		}
		return true;
	}

	/** Time has passed. A refused number is tried again after a while. */
	passed(nowMs: number): void {
		this.nowMs = nowMs;
	}

	/**
	 * A submit was accepted.
	 * @param key predictions that take the same time share one: the shape of the request
	 * @param sentAtMs when it left; null for one of an earlier execution
	 */
	began(key: string, sentAtMs: number | null, nowMs: number): Mark {
		this.nowMs = nowMs;
		const rank = this.inFlight.size + 1;
		const mark = { group: this.join(key, rank), sentAtMs, rank };
		this.inFlight.add(mark);
		if (rank > Math.max(START, this.maxCount)) this.reach *= 2;
		this.maxCount = Math.max(this.maxCount, rank);
		this.refusals.accepted(rank, nowMs);
		return mark;
	}

	private join(key: string, rank: number): Group {
		const baseline = this.baselines.get(key) ?? {
			group: null,
			meanMs: Infinity,
			minMs: Infinity,
			slow: { rank: 0, meanMs: 0 },
		};
		this.baselines.set(key, baseline);
		if (!baseline.group || baseline.group.joined === baseline.group.size) {
			const size = Math.max(MIN_GROUP, Math.round(rank / 2));
			baseline.group = { baseline, size, joined: 0, open: 0, count: 0, sumMs: 0, rankSum: 0 };
		}
		baseline.group.joined++;
		baseline.group.open++;
		return baseline.group;
	}

	/** A submit was refused with 429. @returns whether it was for the number in flight, not for the rate */
	refused(nowMs: number): boolean {
		this.nowMs = nowMs;
		// Where nothing is in flight, it cannot be too many.
		return this.inFlight.size > 0 && this.refusals.refused(this.inFlight.size, nowMs);
	}

	/** A prediction is over, or nobody waits for it any more. @param prediction null unless it succeeded */
	ended(mark: Mark, nowMs: number, prediction: EndedPrediction | null): void {
		this.nowMs = nowMs;
		const { group, sentAtMs, rank } = mark;
		if (!this.inFlight.delete(mark)) return;
		group.open--;
		if (!prediction || sentAtMs === null) return;
		const { baseline } = group;
		const workMs = (prediction.predictTimeSeconds ?? 0) * 1_000;
		const totalMs = Date.parse(prediction.completedAt ?? '') - Date.parse(prediction.createdAt ?? '');
		const lifeMs = Math.max(1, nowMs - sentAtMs);
		const isTold = workMs > 0;
		// The part of its life that holds its time in the queue.
		const partMs = isTold ? Math.max(0, (totalMs > 0 ? totalMs : lifeMs) - workMs) : lifeMs;
		group.count++;
		group.sumMs += partMs;
		group.rankSum += rank;
		baseline.minMs = Math.min(baseline.minMs, partMs);
		if (group.open === 0 && group.joined === group.size) this.learn(group, isTold);
		// Before a group has ended, more than the shortest time is usual.
		const usualMs =
			baseline.meanMs < Infinity ? baseline.meanMs : (isTold ? 1 : TOLERANCE ** 2) * baseline.minMs;
		this.adjust(rank, TOLERANCE * (1 - (partMs - usualMs) / lifeMs));
	}

	/** A whole group has ended. */
	private learn({ baseline, count, sumMs, rankSum }: Group, isTold: boolean): void {
		const meanMs = sumMs / count;
		const rank = rankSum / count;
		baseline.meanMs = Math.min(baseline.meanMs, meanMs);
		if (this.running === null) return;
		this.maxRunning = Math.max(this.maxRunning, this.running);
		if (isTold) return;
		const { slow } = baseline;
		if (rank > FEWER * slow.rank) {
			baseline.slow = { rank: Math.max(rank, slow.rank), meanMs: Math.max(meanMs, slow.meanMs) };
			return;
		}
		baseline.slow = { rank, meanMs };
		if (TOLERANCE * meanMs < slow.meanMs) return;
		// Fewer were in flight, and took as long: they did not wait for each other. The work itself takes longer now.
		baseline.meanMs = meanMs;
		this.running = null;
		this.share = 1;
	}

	private adjust(rank: number, share: number): void {
		const weight = 1 / Math.max(MIN_GROUP, this.running === null ? 0 : this.window / 2);
		this.share += weight * (share - this.share);
		if (this.share >= 1) {
			if (share < 1) return;
			this.unqueued = Math.max(this.unqueued, rank);
			this.earned += GROWTH;
			this.window = Math.max(this.window, Math.min(this.earned, 2 * this.unqueued + BURST));
			return;
		}
		const running = (rank * share) / TOLERANCE;
		this.running ??= Math.max(running, this.unqueued / TOLERANCE);
		this.running += weight * (running - this.running);
		this.unqueued = this.running;
		this.earned = this.window = TOLERANCE * this.running + SLACK;
	}
}
