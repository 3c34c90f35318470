import { roundUsd } from '../api/models/prices';
import { countNoun, withArticle } from '../api/text';
import type { Operation } from '../run/operation';
import { purchasing } from './buy';
import type { NodeKind, PurchaseJob } from './kind';

/** Returns what purchases would cost. Submits nothing, and uploads only files whose length is billed. */
export function quoteOperation(kind: NodeKind): Operation<PurchaseJob> {
	return {
		option: {
			name: 'Get Quote',
			value: 'quote',
			action: 'Get quote',
			description: `Get the price of ${withArticle(kind.style.purchase)} without running it`,
		},
		fields: [...kind.fields, kind.options.quote],
		count: (done) => countNoun(done.length, 'quote'),
		about: purchasing(kind).about,
		read: kind.read,
		resolve: async (_run, job) => ({ ...job, ...(await job.resolve()) }),

		async work(run, { request, predictionCount }, itemIndex) {
			const quote = await run.quotes.of(await kind.quoteRequestOf(run, request));
			const { priceUsd, listPriceUsd, discountPercent, isEstimate } = quote;
			const json = {
				model: request.model,
				priceUsd: roundUsd(priceUsd * predictionCount),
				listPriceUsd: listPriceUsd && roundUsd(listPriceUsd * predictionCount),
				discountPercent,
				isEstimate,
				currency: 'USD',
			};
			return { items: [{ json, pairedItem: { item: itemIndex } }] };
		},
	};
}
