/*
 * When to poll. Each poll costs a request, each pause between polls delays the result.
 *
 * If durations are spread evenly over `s`, a first poll when a share `q` of the predictions has ended and further
 * ones every `d` cost `1 + (1 - q) / 2 + (1 - q)² s / 2d` polls per prediction, and delay a result by
 * `q² s / 2 + (1 - q) d / 2` on average.
 *
 * For example, edits take 6 to 10 s, so s = 4 s and the median is 8 s. With q = 0.12, the first poll is after 6.5 s.
 * With d = 0.46 s after that, an edit costs 1 + 0.4 + 3.4 = 4.8 polls, and its result is 0.03 + 0.2 = 0.23 s late,
 * under a twentieth of its duration. More polls would gain little. With fewer, a later first poll is best.
 *
 * Videos take 240 to 360 s, so s = 120 s. With q = 0.1 and d = 8.5 s, a video costs 7.2 polls, and its result is 4.4 s late.
 */
import type { Durations } from './durations';

/**
 * Polls per prediction, by the median duration in ms, as in the examples; in between, they change evenly. Results of a
 * minute may be 3 s late, and the first ones of their model cost more polls. With videos, people count the seconds.
 */
const POLLS: Array<[medianMs: number, polls: number]> = [
	[20_000, 4.8],
	[60_000, 3],
	[240_000, 7.7],
];
const MAX_POLLS = 4.8;
const MAX_POLLS_WHEN_SLOW = 7.7;

/** The shortest interval: a share of the median, about the example's `d`, within these limits in ms. */
const MIN_INTERVAL = 0.045;
const MIN_INTERVAL_MS = 150;
const MAX_MIN_INTERVAL_MS = 4_000;

/**
 * The fewer are left, the likelier each is to end soon. Polls are best in proportion to the square root of that: the
 * factor keeps their number the same.
 */
const DENSER = 4 / 3;
const MIN_LEFT = 0.15;

/** Two times closer than this, in ms, are the same: a schedule's times are fractions, and rounded. */
const TOLERANCE_MS = 1;

/** A prediction slower than all before is polled less and less often: the interval is this share of its delay. */
const OVERDUE_INTERVAL = 0.25;

/** The `q` with the shortest delay for a number of polls. A single poll must come when nearly all have ended. */
const BEST_SHARE = { onePoll: 0.95, twoPolls: 0.4, maxPolls: 0.12, maxPollsWhenSlow: 0.1 };

/**
 * When to poll a prediction for the first time.
 * @param durations at least one
 * @param pollsPerPrediction how many the rate limit allows
 * @returns ms after the submit; may have passed
 */
export function firstPollMs(durations: Durations, pollsPerPrediction: number): number {
	return durations.quantileMs(bestShare(affordablePolls(durations, pollsPerPrediction)));
}

/**
 * When to poll a prediction again.
 * @param elapsedMs since the submit
 * @returns ms after the submit, later than `elapsedMs`
 */
export function nextPollMs(durations: Durations, elapsedMs: number, pollsPerPrediction: number): number {
	const firstMs = firstPollMs(durations, pollsPerPrediction);
	if (elapsedMs < firstMs - TOLERANCE_MS) return firstMs;
	const polls = affordablePolls(durations, pollsPerPrediction);
	const unfinished = 1 - bestShare(polls);
	// The formula for the cost, solved for the interval.
	const furtherPolls = Math.max(0.1, polls - 1 - unfinished / 2);
	const affordableMs = (unfinished ** 2 * durations.spreadMs) / 2 / furtherPolls;
	const minMs = Math.min(MAX_MIN_INTERVAL_MS, MIN_INTERVAL * durations.medianMs);
	const evenMs = Math.max(minMs, affordableMs);
	const intervalMs = Math.max(MIN_INTERVAL_MS, evenMs * density(durations.shareAbove(elapsedMs), unfinished));
	return elapsedMs + Math.max(intervalMs, OVERDUE_INTERVAL * (elapsedMs - durations.maxMs));
}

/** By how much to lengthen an interval, by the share of the predictions that are left. */
function density(left: number | null, unfinished: number): number {
	return DENSER * Math.sqrt(Math.max(MIN_LEFT, Math.min(1, (left ?? 1) / unfinished)));
}

/** How many polls a prediction gets, as far as the rate limit allows. */
function affordablePolls({ medianMs }: Durations, pollsPerPrediction: number): number {
	const next = POLLS.findIndex(([ms]) => medianMs < ms);
	if (next <= 0) return Math.min(POLLS.at(next)?.[1] ?? 0, pollsPerPrediction);
	const [[fromMs, from], [toMs, to]] = POLLS.slice(next - 1, next + 1);
	return Math.min(from + ((medianMs - fromMs) / (toMs - fromMs)) * (to - from), pollsPerPrediction);
}

function bestShare(polls: number): number {
	const { onePoll, twoPolls, maxPolls, maxPollsWhenSlow } = BEST_SHARE;
	if (polls > MAX_POLLS) {
		const slowness = (polls - MAX_POLLS) / (MAX_POLLS_WHEN_SLOW - MAX_POLLS);
		return maxPolls + slowness * (maxPollsWhenSlow - maxPolls);
	}
	if (polls >= 2) return twoPolls + ((polls - 2) / (MAX_POLLS - 2)) * (maxPolls - twoPolls);
	return onePoll + Math.max(0, polls - 1) * (twoPolls - onePoll);
}

/** How many predictions of a model are polled round-robin while no duration is known. */
const MAX_ROUND_ROBIN = 8;
/** A large batch cannot grow before its first end is noticed: more are polled, and closer, at about this cost each. */
const MAX_ROUND_ROBIN_LARGE = 20;
const LARGE_BATCH = 150;
const MAX_POLLS_EACH = 0.6;

/** @param unsubmittedCount how many of the batch are not submitted yet */
export function maxRoundRobin(unsubmittedCount: number): number {
	return unsubmittedCount < LARGE_BATCH ? MAX_ROUND_ROBIN : MAX_ROUND_ROBIN_LARGE;
}

/** A prediction's place in the round-robin. */
export interface RoundRobinSlot {
	/** From 0. */
	index: number;
	count: number;
	/** Whether such predictions usually take a minute or more. */
	isSlow?: boolean;
	/** Of the batch. */
	unsubmittedCount?: number;
}

/** The first turn: edits take 1.4 to 10 s, see docs/atlas-cloud-api.md, The Seedream models. Videos take minutes. */
const FIRST_TURN_MS = 1_000;
const FIRST_SLOW_TURN_MS = 40_000;

/**
 * Each turn is this share later than the one before. What takes longer than an edit is polled less: people count the
 * delay in seconds. A video of five minutes by itself costs 15 polls, and is noticed 14 s late on average.
 */
const TURN_STEP = 0.14;
const MOST_EDITS_MS = 10_000;
const MAX_EDIT_MS = 20_000;
/** In a batch, the few edits that take long are polled less, by this factor. */
const LONG_STEP = 1.7;
const SLOW_TURN_STEP = 0.15;
const MIN_SLOW_STEP_MS = 13_000;
const MAX_SLOW_STEP_MS = 28_000;
const SLOWEST_TURN_STEP = 0.08;

/** For `n` predictions, turns are `n ** SHARED_STEP` times closer. With eight, each prediction has every eighth. */
const SHARED_STEP = 0.45;
const SLOW_SHARED_STEP = 0.6;

/** When predictions outside the round-robin are polled, in case those in it are slow. */
const OUTSIDE_FIRST_MS = 60_000;

/**
 * When to poll while no prediction of the model has ended. A few are polled in turn, to learn how long one takes;
 * the others wait for that.
 * @param elapsedMs since the submit
 * @param slot null outside the round-robin
 * @returns ms after the submit, later than `elapsedMs`
 */
export function roundRobinPollMs(elapsedMs: number, slot: RoundRobinSlot | null): number {
	if (!slot) return elapsedMs < OUTSIDE_FIRST_MS ? OUTSIDE_FIRST_MS : elapsedMs * 2;
	const { index, count, isSlow, unsubmittedCount = 0 } = slot;
	let turnMs = isSlow ? FIRST_SLOW_TURN_MS : FIRST_TURN_MS;
	for (let turn = 0; turn % count !== index || turnMs <= elapsedMs + TOLERANCE_MS; turn++)
		turnMs += stepMs(turnMs, count, unsubmittedCount);
	return turnMs;
}

function stepMs(turnMs: number, count: number, unsubmittedCount: number): number {
	if (turnMs < MAX_EDIT_MS) {
		const isLong = turnMs >= MOST_EDITS_MS && count >= MAX_ROUND_ROBIN;
		const step = ((isLong ? LONG_STEP : 1) * TURN_STEP) / count ** SHARED_STEP;
		const largeStep = Math.log(MOST_EDITS_MS / FIRST_TURN_MS) / (MAX_POLLS_EACH * unsubmittedCount);
		return turnMs * (unsubmittedCount < LARGE_BATCH ? step : Math.min(step, largeStep));
	}
	const slowStepMs = Math.min(MAX_SLOW_STEP_MS, Math.max(MIN_SLOW_STEP_MS, SLOW_TURN_STEP * turnMs));
	return Math.max(slowStepMs, SLOWEST_TURN_STEP * turnMs) / count ** SLOW_SHARED_STEP;
}

/** Models whose ID says that they make videos, which takes minutes: see docs/atlas-cloud-api.md, Seedance 1.5 Pro. */
const VIDEO_MODEL = /video|[it]2v/i;

export function isSlowModel(model: string): boolean {
	return VIDEO_MODEL.test(model);
}
