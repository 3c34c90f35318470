import type { TokenBucket } from '../sandbox/types';
import type { LedgerSummary } from './sandbox';

/** How long each prediction of a run took, in the order they were submitted, in ms. */
function durationsOf({ predictions }: LedgerSummary): number[] {
	return [...predictions]
		.sort((a, b) => a.createdAtMs - b.createdAtMs)
		.map(({ startedAtMs, completedAtMs }) => (completedAtMs ?? NaN) - (startedAtMs ?? NaN));
}

/**
 * What the server's own timing allows: the same predictions with no time lost between them.
 * @param atOnce predictions under way at once
 * @param submits a rate limit of submits
 * @returns milliseconds
 */
export function idealMs(ledger: LedgerSummary, atOnce: number, submits?: TokenBucket): number {
	const freeAtMs = Array.from({ length: atOnce }, () => 0);
	let endMs = 0;
	durationsOf(ledger).forEach((durationMs, index) => {
		const place = freeAtMs.indexOf(Math.min(...freeAtMs));
		const mayMs = submits ? (Math.max(0, index + 1 - submits.burst) / submits.perSecond) * 1_000 : 0;
		freeAtMs[place] = Math.max(freeAtMs[place], mayMs) + durationMs;
		endMs = Math.max(endMs, freeAtMs[place]);
	});
	return endMs;
}
