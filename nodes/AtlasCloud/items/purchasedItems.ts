import type { INodeExecutionData } from 'n8n-workflow';
import type { PurchaseRequest } from '../api/purchases/request';
import type { OutputDestination } from './destination';
import type { NodeRun } from '../nodeRun';
import { outputItems } from './outputItems';
import { timedOutItems } from './timeout';

/**
 * Buys an item's prediction, waits for it, and downloads its files.
 * @throws AtlasError; CancelledError
 */
export async function purchasedItems(
	run: NodeRun,
	request: PurchaseRequest,
	destination: OutputDestination,
): Promise<INodeExecutionData[]> {
	const bought = await run.buy(request, 'wait');
	if (bought.prediction) return await outputItems(run, bought.prediction, bought, destination);
	return timedOutItems(bought.predictionId, bought, destination, request);
}
