import { AtlasError, CancelledError, runError } from '../api/errors';
import { beforeSubmit } from '../api/time/clock';
import { Semaphore } from '../api/time/semaphore';
import type { JsonObject } from '../api/json';
import { knownModel } from '../api/models/seedream';
import { dollars, estimateUsd, roundUsd } from '../api/models/prices';
import type { Quote, QuoteRequest } from '../api/models/quotes';
import type { PurchaseRequest } from '../api/purchases/request';
import { asAtlasError } from '../n8n/errors';
import type { NodeRun } from '../nodeRun';

/**
 * What a run would cost by the list prices, in a sentence. Reads the catalog for models that are not known here.
 * @param bodies of its requests
 */
export async function describeEstimate(
	{ models }: NodeRun,
	bodies: Array<JsonObject & { model: string }>,
): Promise<string> {
	const estimates = await Promise.all(
		bodies.map(async (body) => {
			const listed = knownModel(body.model)?.price;
			return listed ? estimateUsd(listed, body) : await models.estimateUsd(body);
		}),
	);
	const known = estimates.filter((usd) => usd !== null);
	if (known.length < bodies.length) return 'The cost is unknown for this model.';
	return `Estimated cost: ${dollars(known.reduce((sum, usd) => sum + usd, 0))}.`;
}

/** Something that the run is about to buy. */
interface PlannedPurchase {
	/** Gets the price as its estimate. */
	request: PurchaseRequest;
	/** How many of it are still to be bought. */
	count: number;
	/** What to ask a quote for. May upload a file whose length is billed. */
	toQuote: () => Promise<QuoteRequest>;
}

const MAX_PARALLEL_QUOTES = 8;

/**
 * Refuses a run that would cost more than Max Cost per Run, or whose cost cannot be known. Counts what the account pays,
 * and what earlier attempts of this execution may have spent. What is picked up may fail and be bought anew, so it counts.
 * @param maxCostUsd null for no limit: then nothing is asked
 * @throws AtlasError (`input`); CancelledError
 */
export async function checkMaxCost(
	run: NodeRun,
	planned: PlannedPurchase[],
	maxCostUsd: number | null,
): Promise<void> {
	if (maxCostUsd === null) return;
	const open = planned.filter(({ count }) => count > 0);
	const quotes = await quotesOf(run, open, maxCostUsd);
	const costUsd = roundUsd(quotes.reduce((sum, { priceUsd }, i) => sum + priceUsd * open[i].count, 0));
	const spentUsd = roundUsd(run.ledger.spentUsd());
	run.budget.spareUsd = roundUsd(maxCostUsd - costUsd - spentUsd);
	if (costUsd === 0 || run.budget.spareUsd >= 0) return;
	const isEstimate = quotes.some((quote) => quote.isEstimate);
	throw runError(
		`This run would cost up to ${isEstimate ? 'about ' : ''}${dollars(costUsd)}${spentUsd > 0 ? ` more than the ${dollars(spentUsd)} of earlier attempts` : ''}, but 'Max Cost per Run' is ${dollars(maxCostUsd)}`,
		"Nothing was submitted. Increase 'Max Cost per Run' under Options, or use fewer items. Results of earlier runs are included, although reusing them costs nothing.",
	);
}

async function quotesOf(run: NodeRun, planned: PlannedPurchase[], maxCostUsd: number): Promise<Quote[]> {
	const semaphore = new Semaphore(MAX_PARALLEL_QUOTES);
	const priceOf = async ({ request, toQuote }: PlannedPurchase) => {
		const quote = await run.quotes.of(await toQuote());
		if (quote.isMinimum) {
			// A limit must hold for the size and the inputs that are sent.
			throw new AtlasError(
				`Atlas Cloud gave no quote for ${request.model}, and its list price, ${dollars(quote.priceUsd)}, is only the lowest`,
				{ kind: 'read', description: 'Run the workflow again later.' },
			);
		}
		request.estimateUsd = quote.priceUsd;
		return quote;
	};
	const quoteOf = async (purchase: PlannedPurchase) =>
		await semaphore.use(run.signal, async () => {
			const { request } = purchase;
			return await beforeSubmit(run.client.clock, request, 'getting a quote', priceOf(purchase));
		});
	return await Promise.all(planned.map(quoteOf)).catch((error: unknown) => {
		throw refusal(error, maxCostUsd);
	});
}

/** The error of a run that has a limit and no price. */
function refusal(error: unknown, maxCostUsd: number): Error {
	if (error instanceof CancelledError) return error;
	const atlasError = asAtlasError(error);
	const advice = "To run without a limit, remove 'Max Cost per Run' under Options.";
	const sentences = ['Nothing was submitted.', atlasError.description, advice];
	return new AtlasError(
		`Couldn’t check the limit: the cost of this run is unknown, and 'Max Cost per Run' is ${dollars(maxCostUsd)}. ${atlasError.message}`,
		{
			...atlasError,
			kind: 'input',
			isRunWide: true,
			description: sentences.filter((sentence) => sentence).join(' '),
		},
	);
}
