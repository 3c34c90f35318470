import type { INodeExecutionData } from 'n8n-workflow';
import type { PurchaseRequest, WaitedPurchase, WaitedRequest } from '../api/purchases/purchaseRequest';
import type { OutputDestination } from './destination';
import type { NodeRun } from './nodeRun';
import { outputItems, unfinishedItem } from './outputItems';
import type { OutputStyle } from './outputStyle';
import { timedOutItems } from './timeout';
import type { AsleepItem } from './waitBy/sleep';

/**
 * Buys an item's prediction, waits for it, and downloads its files. One that Atlas is to report is not waited for: it is
 * added to those that the run sleeps for.
 * @param estimateUsd its list price; null if that is not known, left out if it is known elsewhere
 * @throws AtlasError; CancelledError
 */
export async function purchasedItems(
	run: NodeRun,
	request: PurchaseRequest,
	destination: OutputDestination,
	estimateUsd?: number | null,
): Promise<INodeExecutionData[]> {
	const waited = await run.purchases.submitAndWait(request);
	const { bought } = waited;
	if (estimateUsd !== undefined) run.estimates.set(bought.predictionId, estimateUsd);
	if (!request.isReported || !bought.isNew) return await itemsOf(run, request, waited, destination);
	const { predictionId, model, prompt, size } = bought;
	const { timeoutMs, failsOnTimeout } = request;
	run.asleep.set(destination.itemIndex, {
		bought: { predictionId, model, prompt, size },
		destination: withoutStyle(destination),
		timeoutMs,
		failsOnTimeout,
	});
	return [unfinishedItem(bought, destination)];
}

/** The output of a prediction that the run slept for. @throws AtlasError; CancelledError */
export async function reportedItems(
	run: NodeRun,
	{ bought, destination, timeoutMs, failsOnTimeout }: AsleepItem,
	style: OutputStyle,
): Promise<INodeExecutionData[]> {
	const request = { itemIndex: destination.itemIndex, timeoutMs, failsOnTimeout };
	const waited = await run.purchases.collect(request, bought);
	return await itemsOf(run, request, waited, { ...destination, style });
}

/** An execution stores plain JSON only. */
function withoutStyle(destination: OutputDestination): AsleepItem['destination'] {
	const stored: Partial<OutputDestination> = { ...destination };
	delete stored.style;
	return stored as AsleepItem['destination'];
}

async function itemsOf(
	run: NodeRun,
	request: WaitedRequest,
	{ bought, prediction }: WaitedPurchase,
	destination: OutputDestination,
): Promise<INodeExecutionData[]> {
	if (prediction) return await outputItems(run, prediction, bought, destination);
	return timedOutItems(bought.predictionId, bought, destination, request);
}
