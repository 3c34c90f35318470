import { AtlasError, CancelledError } from '../api/errors';
import type { PurchaseRequest } from '../api/purchases/request';
import type { OutputDestination } from './destination';
import { NO_REASON } from '../n8n/errors';
import type { NodeRun, Outcome } from '../nodeRun';
import { outputItems } from './outputItems';
import { timedOutItems } from './timeout';

/**
 * Buys an item's predictions, waits for them, and downloads their files. What failed is an error beside the files of the
 * others: those are paid for.
 */
export async function purchasedItems(
	run: NodeRun,
	requests: PurchaseRequest[],
	destination: OutputDestination,
): Promise<Outcome> {
	const bought = await settleAll(requests.map(async (request) => await run.buy(request, 'wait')));
	const counts = bought.results.map(({ prediction }) => prediction?.outputs.length ?? 0);
	const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
	const delivered = await settleAll(
		bought.results.map(async ({ prediction, predictionId, ...known }, i) => {
			if (!prediction) return timedOutItems(predictionId, known, destination, requests[0]);
			const positions = { before: sum(counts.slice(0, i)), count: sum(counts) };
			return await outputItems(run, prediction, known, destination, positions);
		}),
	);
	return { items: delivered.results.flat(), error: oneError([bought.error, delivered.error]) };
}

/** Waits for all, whatever fails: each may be paid for. @returns results in order, and what the others failed with */
export async function settleAll<T>(all: Array<Promise<T>>): Promise<{ results: T[]; error?: unknown }> {
	const settled = await Promise.allSettled(all);
	return {
		results: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
		error: oneError(
			settled.map((one) => (one.status === 'fulfilled' ? undefined : (one.reason ?? new Error(NO_REASON)))),
		),
	};
}

/** The first of several errors, which tells of the others. What was only stopped by them says nothing. */
function oneError(errors: unknown[]): unknown {
	const all = errors.filter((error) => error !== undefined);
	const [first = all[0], ...others] = all.filter((error) => !(error instanceof CancelledError));
	if (others.length === 0 || !(first instanceof AtlasError)) return first;
	const messages = others.map((error) => (error instanceof Error ? error.message : String(error)));
	const description = `${first.description}\nAlso failed: ${[...new Set(messages)].join('; ')}`;
	return new AtlasError(first.message, { ...first, description });
}
