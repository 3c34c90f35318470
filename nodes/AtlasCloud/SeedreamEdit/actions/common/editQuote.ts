import type { QuoteRequest } from '../../../api/models/quotes';
import { checkMaxCost } from '../../../shared/maxCost';
import type { NodeRun } from '../../../shared/nodeRun';
import { readMaxCostUsd } from '../../../shared/options';
import type { EditJob } from './editJob';

/**
 * In place of each input image: the price of an edit depends on how many images go in, not on what they show. Nothing is
 * uploaded for a quote, and no link of the user's is sent.
 */
const PLACEHOLDER_URL = 'https://example.com/image.png';

const UNPRICED_FIELDS = ['prompt', 'images', 'webhook_url'];

/** What to ask a quote of an edit for. */
export function editQuoteRequest({ request: { body, inputs } }: EditJob): QuoteRequest {
	return { body: { ...body, images: inputs.map(() => PLACEHOLDER_URL) }, unpricedFields: UNPRICED_FIELDS };
}

/**
 * Refuses a run that would cost more than Max Cost per Run.
 * @throws AtlasError (`input`) with both amounts; CancelledError
 */
export async function checkEditCost(run: NodeRun, jobs: EditJob[]): Promise<void> {
	const planned = jobs.map((job) => ({
		itemIndex: job.request.itemIndex,
		toQuote: async () => await Promise.resolve(editQuoteRequest(job)),
	}));
	// What counts for the whole run is read from its first item.
	await checkMaxCost(run, planned, readMaxCostUsd(jobs[0].options));
}
