import { recentlyUsed } from '../memo';
import type { Waiting } from './waiting';

/*
 * A prediction is polled whenever it is 1 in so many likely to have ended since it was last seen in progress. So many
 * polls each costs on average, whatever the durations are. With videos, people count the seconds.
 */
const POLLS = 4.6;
const POLLS_WHEN_SLOW = 10;
const SLOW_MS = 120_000;

/** Of those that take longer than all before, only the first few are polled: others may wait for them. */
const MAX_OVERDUE = 8;

/** What is likely to be in progress is polled now and then, in ms: what is known of it may be wrong. */
export const NOW_AND_THEN_MS = 5_000;
const PAUSE = 3;

/**
 * While no end of a model was seen, each poll comes this much later than the one before. An end is noticed within a
 * quarter of its time, the quickest edit's too (1.4 s, see docs/atlas-cloud-api.md, The Seedream models), and one of five
 * minutes costs 25 polls.
 */
const FIRST_MS = 1_750;
const STEP = Math.log(1.245);

/** The first so many of a model are polled in turn. Of `n`, each is polled `n ** SHARED` times less often. */
const MAX_IN_TURN = 20;
const SHARED = 0.55;

/** Others wait for an end of theirs. */
const OTHERS_FIRST_MS = 60_000;

/** When to look at a prediction. */
export interface Plan {
	waiting: Waiting;
	/** On the waiter's clock, in ms. */
	atMs: number;
	/** How likely it has ended by now. */
	chance: number;
	/** What such predictions take lately, in ms; undefined while that is not known. */
	usualMs?: number;
}

/** When to look at each of the predictions that are waited for, in the order of their submits. */
export function planPolls(all: readonly Waiting[], usual: UsualTimes, nowMs: number): Plan[] {
	const overdue = new Map<string, number>();
	const inTurn = new Map<string, Map<Waiting, number>>();
	const durationsOf = ({ model, wait }: Waiting) => usual.of(model, wait.shape, nowMs);
	for (const waiting of all) {
		if (!durationsOf(waiting).isEmpty) continue;
		const turns = inTurn.get(waiting.model) ?? new Map<Waiting, number>();
		inTurn.set(waiting.model, turns.set(waiting, turns.size));
	}
	return all.map((waiting) => {
		const { model, seenAgeMs } = waiting;
		if (waiting.isFirstPollDue) return { waiting, atMs: waiting.timeOf(0), chance: 1 };
		const durations = durationsOf(waiting);
		const isQueued = waiting.followQueue(nowMs);
		if (durations.isEmpty) {
			const ageMs = ageOfTurn(waiting, inTurn.get(model) ?? new Map());
			return { waiting, atMs: waiting.timeOf(ageMs), chance: 0 };
		}
		const isOverdue = seenAgeMs >= durations.maxMs;
		if (isOverdue) overdue.set(model, (overdue.get(model) ?? 0) + 1);
		const mayWait = isQueued || (isOverdue && (overdue.get(model) ?? 0) > MAX_OVERDUE);
		const polls = durations.medianMs < SLOW_MS ? POLLS : POLLS_WHEN_SLOW;
		const ageMs = mayWait
			? seenAgeMs + Math.max(NOW_AND_THEN_MS, PAUSE * durations.medianMs)
			: durations.ageOfEnd(seenAgeMs, 1 / polls);
		const chance = durations.chanceOfEnd(seenAgeMs, waiting.ageMs(nowMs));
		return { waiting, atMs: waiting.timeOf(ageMs), chance, usualMs: durations.medianMs };
	});
}

/** While no end of the model was seen. */
function ageOfTurn(waiting: Waiting, inTurn: Map<Waiting, number>): number {
	const { seenAgeMs } = waiting;
	const index = inTurn.get(waiting) ?? 0;
	if (index >= MAX_IN_TURN) return Math.max(OTHERS_FIRST_MS, 2 * seenAgeMs);
	const count = Math.min(MAX_IN_TURN, inTurn.size);
	// Turn `t` of the one with this index is at FIRST_MS × exp(step × (t + index / count)).
	const step = STEP * count ** SHARED;
	const turn = Math.log(Math.max(1, seenAgeMs) / FIRST_MS) / step - index / count;
	return FIRST_MS * Math.exp(step * (Math.max(0, Math.floor(turn + 1.001)) + index / count));
}

/** Older ones are dropped: the service's speed changes over a long batch. */
const MAX_SAMPLES = 100;

/** A single one says little of the others: each of the first few counts as several that differ by up to a fifth. */
const FEW = 4;
const SPREAD = [0.8, 0.9, 1, 1.1, 1.2];

/** The slowest is thought to take at least this share of the median longer than the median. */
const MIN_SLOWNESS = 0.25;

/** A poll that comes less than this later than the last one is not worth it. */
const LATER = 1.01;

/** What was seen longer ago than this, in ms, may be of another day. */
const MAX_AGE_MS = 3_600_000;

/** Kinds of predictions that are kept per account, the latest. */
const MAX_KINDS = 100;

/** How long the latest predictions of one kind took, in ms. All but `isEmpty` are undefined while there are none. */
export class Durations {
	private readonly samples: number[] = [];

	private sorted: number[] = [];

	get isEmpty(): boolean {
		return this.samples.length === 0;
	}

	get medianMs(): number {
		return this.sorted[this.sorted.length >> 1];
	}

	get maxMs(): number {
		return this.sorted[this.sorted.length - 1];
	}

	add(durationMs: number): void {
		this.samples.push(durationMs);
		if (this.samples.length > MAX_SAMPLES) this.samples.shift();
		const spread = this.samples.length <= FEW ? SPREAD : [1];
		this.sorted = this.samples.flatMap((ms) => spread.map((share) => share * ms)).sort((a, b) => a - b);
	}

	/** How likely one that had not ended at one age has ended at another. One more is slower than all before. */
	chanceOfEnd(fromMs: number, toMs: number): number {
		const from = this.countUpTo(fromMs);
		const ended = Math.max(0, this.countUpTo(toMs) - from);
		return ended / (this.sorted.length - from + 1);
	}

	/** The age at which one that had not ended at an age has ended this likely. */
	ageOfEnd(fromMs: number, chance: number): number {
		const from = this.countUpTo(LATER * fromMs);
		const leftCount = this.sorted.length - from;
		const at = (index: number) => (index === 0 ? fromMs : this.sorted[from + index - 1]);
		const position = Math.max(1, chance * (leftCount + 1));
		const below = Math.floor(position);
		if (below <= leftCount) {
			const above = at(Math.min(below + 1, leftCount));
			return at(below) + (position - below) * (above - at(below));
		}
		// Slower than all before: the longer it takes, the longer it is likely to take.
		const slowMs = Math.max(MIN_SLOWNESS * this.medianMs, fromMs - this.medianMs);
		return fromMs + (slowMs * chance) / (1 - chance);
	}

	private countUpTo(ms: number): number {
		let low = 0;
		let high = this.sorted.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.sorted[middle] <= ms) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}

/** How long predictions took lately: by model, and by model and shape of the request. */
export class UsualTimes {
	private readonly ofKind = recentlyUsed(MAX_KINDS, () => ({ durations: new Durations(), addedAtMs: 0 }));

	/** Other shapes of a model stand in for one that has not been seen. */
	of(model: string, shape: string, nowMs: number): Durations {
		const exact = this.latest(`${model} ${shape}`, nowMs);
		return exact.isEmpty ? this.latest(`${model} `, nowMs) : exact;
	}

	add(model: string, shape: string, durationMs: number, nowMs: number): void {
		for (const kind of new Set([`${model} ${shape}`, `${model} `])) {
			this.latest(kind, nowMs).add(durationMs);
			this.ofKind(kind).addedAtMs = nowMs;
		}
	}

	private latest(kind: string, nowMs: number): Durations {
		const kept = this.ofKind(kind);
		if (nowMs > kept.addedAtMs + MAX_AGE_MS) kept.durations = new Durations();
		return kept.durations;
	}
}
