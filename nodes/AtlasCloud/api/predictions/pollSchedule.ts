import type { Durations, UsualTimes } from './usualTimes';
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

/** What is likely to wait in the service's queue is polled now and then: what is known of it may be wrong. In ms. */
const MIN_PAUSE_MS = 5_000;
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
	const durationsOf = ({ model, shape }: Waiting) => usual.of(model, shape, nowMs);
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
		const ageMs = mayWait
			? seenAgeMs + Math.max(MIN_PAUSE_MS, PAUSE * durations.medianMs)
			: durations.ageOfEnd(seenAgeMs, 1 / pollsOf(durations));
		const chance = durations.chanceOfEnd(seenAgeMs, waiting.ageMs(nowMs));
		return { waiting, atMs: waiting.timeOf(ageMs), chance, usualMs: durations.medianMs };
	});
}

function pollsOf({ medianMs }: Durations): number {
	return medianMs < SLOW_MS ? POLLS : POLLS_WHEN_SLOW;
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
