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

/** What is likely to be in progress is polled once in so many of their usual times: that may be wrong. */
const PAUSE = 3;

/**
 * While no end of a model was seen, each poll comes this much later than the one before. An end is noticed within a
 * quarter of its time, the quickest edit's too (1.4 s, see docs/atlas-cloud-api.md, The Seedream models), and one of five
 * minutes costs 25 polls.
 */
const FIRST_MS = 1_750;
const STEP = Math.log(1.245);

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

/** When to look at each of a model's predictions, in the order of their submits. */
export function planPolls(group: readonly Waiting[], usual: UsualTimes, nowMs: number): Plan[] {
	const known = group.map(({ model, wait }) => usual.of(model, wait.shape, nowMs));
	const inTurn = known.filter((durations) => !durations).length;
	let turn = 0;
	let overdue = 0;
	return group.map((waiting, i) => {
		const { seenAgeMs } = waiting;
		const durations = known[i];
		const ownTurn = durations ? 0 : turn++;
		if (waiting.isFirstPollDue) return { waiting, atMs: waiting.timeOf(0), chance: 1 };
		const isQueued = waiting.followQueue(nowMs);
		if (!durations)
			return { waiting, atMs: waiting.timeOf(ageOfTurn(seenAgeMs, ownTurn, inTurn)), chance: 0 };
		const { medianMs } = durations;
		const mayWait = (seenAgeMs >= durations.maxMs && ++overdue > MAX_OVERDUE) || isQueued;
		const ageMs = mayWait
			? seenAgeMs + PAUSE * Math.max(FIRST_MS, medianMs)
			: durations.ageOfEnd(seenAgeMs, 1 / (medianMs < SLOW_MS ? POLLS : POLLS_WHEN_SLOW));
		const chance = durations.chanceOfEnd(seenAgeMs, waiting.ageMs(nowMs));
		return { waiting, atMs: waiting.timeOf(ageMs), chance, usualMs: medianMs };
	});
}

/** While no end of the model was seen. @param turn which of them it is, from 0 */
function ageOfTurn(seenAgeMs: number, turn: number, inTurn: number): number {
	// Of `n`, each is polled √n times less often. Round `r` of this one is at FIRST_MS × exp(step × (r + turn / inTurn)).
	const step = STEP * Math.sqrt(inTurn);
	const round = Math.log(Math.max(1, seenAgeMs) / FIRST_MS) / step - turn / inTurn;
	return FIRST_MS * Math.exp(step * (Math.max(0, Math.floor(round + 1.001)) + turn / inTurn));
}

/** Older ones are dropped: the service's speed changes over a long batch. */
const MAX_SAMPLES = 100;

/** A single one says little of the others: each of the first few counts as several that differ by up to a fifth. */
const SPREAD = [0.8, 0.9, 1, 1.1, 1.2];

/** The slowest is thought to take at least this share of the median longer than the median. */
const MIN_SLOWNESS = 0.25;

/** How long the latest predictions of one kind took, in ms. */
class Durations {
	private samples: number[] = [];

	/** Not empty once one was added. */
	private sorted: number[] = [];

	private addedAtMs = -Infinity;

	get medianMs(): number {
		return this.sorted[this.sorted.length >> 1];
	}

	get maxMs(): number {
		return this.sorted[this.sorted.length - 1];
	}

	/** Whether it says something of what is submitted now. */
	isFresh(nowMs: number): boolean {
		return nowMs <= this.addedAtMs + MAX_AGE_MS;
	}

	add(durationMs: number, nowMs: number): void {
		this.samples = [...(this.isFresh(nowMs) ? this.samples : []), durationMs].slice(-MAX_SAMPLES);
		this.addedAtMs = nowMs;
		const spread = this.samples.length < SPREAD.length ? SPREAD : [1];
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
		const from = this.countUpTo(fromMs);
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
		const index = this.sorted.findIndex((one) => one > ms);
		return index < 0 ? this.sorted.length : index;
	}
}

/** What was seen longer ago than this, in ms, may be of another day. */
const MAX_AGE_MS = 3_600_000;

/** How long predictions took lately: by model, and by model and shape of the request. */
export class UsualTimes {
	private readonly ofKind = recentlyUsed(() => new Durations());

	/** Other shapes of a model stand in for one that has not been seen. Undefined while nothing is known. */
	of(model: string, shape: string, nowMs: number): Durations | undefined {
		return [`${model} ${shape}`, `${model} `].map(this.ofKind).find((durations) => durations.isFresh(nowMs));
	}

	add(model: string, shape: string, durationMs: number, nowMs: number): void {
		for (const kind of new Set([`${model} ${shape}`, `${model} `])) this.ofKind(kind).add(durationMs, nowMs);
	}
}
