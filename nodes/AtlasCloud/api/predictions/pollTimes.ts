/*
 * When to poll. Each poll costs a request, each pause between polls delays the result.
 *
 * If durations are spread evenly over `s`, a first poll when a share `q` of the predictions has ended and further
 * ones every `d` cost `1 + (1 - q) / 2 + (1 - q)² s / 2d` polls per prediction, and delay a result by
 * `q² s / 2 + (1 - q) d / 2` on average.
 *
 * For example, edits take 6 to 10 s, so s = 4 s and the median is 8 s. With q = 0.2, the first poll is after 6.8 s.
 * With d = 0.51 s after that, an edit costs 1 + 0.4 + 2.5 = 3.9 polls, and its result is 0.08 + 0.2 = 0.28 s late,
 * under a twentieth of its duration. More polls would gain little. With fewer, a later first poll is best.
 *
 * Videos take 240 to 360 s, so s = 120 s. With q = 0.1 and d = 8 s, a video costs 7.5 polls, and its result is 4.2 s late.
 */
import type { Durations } from './durations';

/** Polls per prediction, as in the example. */
const MAX_POLLS = 3.9;

/** The same for slow predictions, such as videos: people count the delay in seconds. In between, it grows evenly. */
const MAX_POLLS_WHEN_SLOW = 7.5;
const FAST_MS = 60_000;
const SLOW_MS = 240_000;

/** The shortest interval: a share of the median, about the example's `d`, within these limits in ms. */
const MIN_INTERVAL = 0.06;
const MIN_INTERVAL_MS = 150;
const MAX_MIN_INTERVAL_MS = 5_000;

/** Two times closer than this, in ms, are the same: a schedule's times are fractions, and rounded. */
const TOLERANCE_MS = 1;

/** A prediction slower than all before is polled less and less often: the interval is this share of its delay. */
const OVERDUE_INTERVAL = 0.25;

/** The `q` with the shortest delay for a number of polls. A single poll must come when nearly all have ended. */
const BEST_SHARE = { onePoll: 0.95, twoPolls: 0.4, maxPolls: 0.2, maxPollsWhenSlow: 0.1 };

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
	const intervalMs = Math.max(MIN_INTERVAL_MS, minMs, affordableMs);
	return elapsedMs + Math.max(intervalMs, OVERDUE_INTERVAL * (elapsedMs - durations.maxMs));
}

/** How many polls a prediction gets: the slower its model, the more, as far as the rate limit allows. */
function affordablePolls({ medianMs }: Durations, pollsPerPrediction: number): number {
	const slowness = Math.min(1, Math.max(0, (medianMs - FAST_MS) / (SLOW_MS - FAST_MS)));
	return Math.min(MAX_POLLS + slowness * (MAX_POLLS_WHEN_SLOW - MAX_POLLS), pollsPerPrediction);
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
export const MAX_ROUND_ROBIN = 8;

/** A prediction's place in the round-robin. */
export interface RoundRobinSlot {
	/** From 0. */
	index: number;
	count: number;
}

/** The first turn: edits take 1.4 to 10 s, see docs/atlas-cloud-api.md, The Seedream models. */
const FIRST_TURN_MS = 1_000;

/**
 * Each turn is this share later than the one before, divided by `n ** SHARED_STEP` for `n` predictions. A single one is
 * polled after 1, 1.14, 1.3 s and so on. With eight, turns are 7% apart, and each prediction has every eighth.
 */
const TURN_STEP = 0.14;
const SHARED_STEP = 0.35;

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
	const { index, count } = slot;
	const logStep = Math.log1p(TURN_STEP / count ** SHARED_STEP);
	const turnsPassed = Math.log(elapsedMs / FIRST_TURN_MS) / logStep;
	// The tolerance keeps a rounding error from yielding the current turn again.
	const nextTurn = elapsedMs < FIRST_TURN_MS ? 0 : Math.floor(turnsPassed + 1e-6) + 1;
	const ownTurn = nextTurn + ((((index - nextTurn) % count) + count) % count);
	return FIRST_TURN_MS * Math.exp(ownTurn * logStep);
}
