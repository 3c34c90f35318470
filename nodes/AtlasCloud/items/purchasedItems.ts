import type { INodeExecutionData } from 'n8n-workflow';
import type { PurchaseRequest } from '../api/purchases/purchaseRequest';
import type { OutputDestination } from './destination';
import type { NodeRun } from '../nodeRun';
import { outputItems } from './outputItems';
import { timedOutItems } from './timeout';

/**
 * Buys an item's prediction, waits for it, and downloads its files.
 * @param estimateUsd its list price; null if that is not known, left out if it is known elsewhere
 * @throws AtlasError; CancelledError
 */
export async function purchasedItems(
	run: NodeRun,
	request: PurchaseRequest,
	destination: OutputDestination,
	estimateUsd?: number | null,
): Promise<INodeExecutionData[]> {
	const { bought, prediction } = await run.purchases.submitAndWait(request);
	if (estimateUsd !== undefined) run.estimates.set(bought.predictionId, estimateUsd);
	if (prediction) return await outputItems(run, prediction, bought, destination);
	return timedOutItems(bought.predictionId, bought, destination, request);
}
