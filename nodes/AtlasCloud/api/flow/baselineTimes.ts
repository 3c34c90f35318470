export interface TimeSample {
	/** From the submit until the end was noticed. */
	lifeMs: number;
	/** The part of it that holds the time in the queue: all of it where nothing tells queue and work apart. */
	excessMs: number;
	/** Whether something tells them apart. */
	isTold: boolean;
}

interface Group {
	size: number;
	joined: number;
	over: number;
	rankSum: number;
	/** Told samples count by their minimum: nothing but the queue varies much. The others by their mean. */
	told: { count: number; minMs: number; sumMs: number };
	untold: { count: number; sumMs: number };
}

interface Closed {
	toldMs: number | null;
	toldMeanMs: number | null;
	untoldMs: number | null;
	rank: number;
}

const MIN_GROUP = 10;
const MAX_GROUP = 100;
/** How many groups back a rise of the baseline is looked for. */
const MAX_GROUPS = 8;
/** With that many fewer in flight and no less time taken, it was not a queue that took the time. */
const FEWER = 0.65;
const NO_LESS = 0.9;
const CLEARLY_MORE = 1.15;

/**
 * The time that predictions of one kind take without a queue. Predictions are grouped in the order of their submits,
 * because the first to finish are the quick ones: their mean would be too low, a group's is not. The lowest of the
 * recent groups is the baseline.
 */
export class BaselineTimes {
	private readonly open = new Map<number, Group>();

	private latest = -1;

	private closed: Closed[] = [];

	/** The shortest life so far. */
	minLifeMs = Infinity;

	private toldMs: number | null = null;

	private untoldMs: number | null = null;

	/** The shortest told excess of open groups counts at once. */
	private minToldMs = Infinity;

	get isKnown(): boolean {
		return this.untoldMs !== null || this.minToldMs < Infinity;
	}

	/** The shortest time from submit to end, null while there is none. */
	get lifeMs(): number | null {
		return this.minLifeMs < Infinity ? this.minLifeMs : null;
	}

	/** What is left of {@link TimeSample.excessMs} where nothing queues, null where it is not known yet. */
	excessMs(isTold: boolean): number | null {
		if (!isTold) return this.untoldMs;
		const current = Math.min(this.toldMs ?? Infinity, this.minToldMs);
		return current < Infinity ? current : null;
	}

	/** @returns the number of the group, for {@link add} and {@link leave} */
	join(rank: number): number {
		const latest = this.open.get(this.latest);
		if (latest && latest.joined < latest.size) {
			latest.joined++;
			latest.rankSum += rank;
			return this.latest;
		}
		const size = Math.min(MAX_GROUP, Math.max(MIN_GROUP, Math.round(rank / 2)));
		const group = { size, joined: 1, over: 0, rankSum: rank, told: { count: 0, minMs: Infinity, sumMs: 0 }, untold: { count: 0, sumMs: 0 } };
		this.open.set(++this.latest, group);
		return this.latest;
	}

	add(number: number, { lifeMs, excessMs, isTold }: TimeSample): void {
		this.minLifeMs = Math.min(this.minLifeMs, lifeMs);
		const group = this.open.get(number);
		if (!group) return;
		if (isTold) {
			group.told.count++;
			group.told.sumMs += excessMs;
			group.told.minMs = Math.min(group.told.minMs, excessMs);
			this.minToldMs = Math.min(this.minToldMs, excessMs);
		} else {
			group.untold.count++;
			group.untold.sumMs += excessMs;
		}
		this.leave(number);
	}

	/** One of the group ended without a time. */
	leave(number: number): void {
		const group = this.open.get(number);
		if (!group || ++group.over < group.size) return;
		this.open.delete(number);
		const { told, untold, rankSum, joined } = group;
		const next: Closed = {
			toldMs: told.count > 0 ? told.minMs : null,
			toldMeanMs: told.count > 0 ? told.sumMs / told.count : null,
			untoldMs: untold.count > 0 ? untold.sumMs / untold.count : null,
			rank: rankSum / joined,
		};
		this.closed = [...this.closed, next].slice(-MAX_GROUPS);
		this.toldMs = minOf([this.toldMs, next.toldMs]);
		this.untoldMs = minOf([this.untoldMs, next.untoldMs]);
		this.raise(next);
		this.minToldMs = minOf([...this.open.values()].map((each) => each.told.minMs)) ?? Infinity;
	}

	/** The service became slower: a smaller number in flight took no less time. */
	private raise(next: Closed): void {
		for (const { baseMs, means, raiseTo } of [
			{ baseMs: this.toldMs, means: (of: Closed) => of.toldMeanMs, raiseTo: (ms: number) => (this.toldMs = ms) },
			{ baseMs: this.untoldMs, means: (of: Closed) => of.untoldMs, raiseTo: (ms: number) => (this.untoldMs = ms) },
		]) {
			const nextMs = means(next);
			if (baseMs === null || nextMs === null || nextMs < CLEARLY_MORE * baseMs) continue;
			const isRaised = this.closed.some((past) => {
				const pastMs = means(past) ?? 0;
				return next.rank <= FEWER * past.rank && pastMs >= CLEARLY_MORE * baseMs && nextMs >= NO_LESS * pastMs;
			});
			if (isRaised) raiseTo(nextMs);
		}
	}
}

function minOf(values: Array<number | null>): number | null {
	const known = values.filter((value): value is number => value !== null);
	return known.length > 0 ? Math.min(...known) : null;
}
