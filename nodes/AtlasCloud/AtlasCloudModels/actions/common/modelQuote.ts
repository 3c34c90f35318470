import type { QuoteRequest } from '../../../api/models/quotes';
import { placeAt, type InputPath } from '../../../api/purchases/inputPaths';
import type { PurchaseInput } from '../../../api/purchases/purchaseRequest';
import { checkMaxCost, type PlannedPurchase } from '../../../shared/maxCost';
import type { NodeRun } from '../../../shared/nodeRun';
import { readMaxCostUsd } from '../../../shared/options';
import type { ModelJob } from './modelJob';

/** In place of an image: a price depends on how many images go in, not on what they show. */
const PLACEHOLDER_URL = 'https://example.com/image.png';

/** What to ask a quote of a prediction for. Files whose length can be billed are uploaded: a quote needs them to be right. */
export async function modelQuoteRequest(run: NodeRun, job: ModelJob): Promise<QuoteRequest> {
	const { body, inputs, itemIndex } = job.request;
	const { unpricedFields } = job;
	const urlOf = async (input: PurchaseInput): Promise<string> => {
		if (unpricedFields.includes(input.path[0]) || isImageFile(input)) return PLACEHOLDER_URL;
		return input.file ? await run.uploads.url(input.file, itemIndex) : input.url;
	};
	const entries = await Promise.all(
		inputs.map(async (input): Promise<[InputPath, string]> => [input.path, await urlOf(input)]),
	);
	return { body: placeAt(body, entries), unpricedFields };
}

function isImageFile({ file }: PurchaseInput): boolean {
	return file?.kind.mimeType.startsWith('image/') ?? false;
}

/**
 * Refuses a run that would cost more than Max Cost per Run.
 * @throws AtlasError (`input`) with both amounts; CancelledError
 */
export async function checkModelCost(run: NodeRun, jobs: ModelJob[]): Promise<void> {
	// What counts for the whole run is read from its first item.
	const planned = jobs.map((job): PlannedPurchase => ({
		itemIndex: job.request.itemIndex,
		toQuote: async () => await modelQuoteRequest(run, job),
	}));
	await checkMaxCost(run, planned, readMaxCostUsd(jobs[0].options));
}
