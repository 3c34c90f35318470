import { roundUsd } from '../api/models/prices';
import { toPrediction } from '../api/predictions/prediction';
import { noteSubmitted } from '../api/predictions/readPrediction';
import { countNoun, withArticle } from '../api/text';
import { itemOperation, summaryOf, type ItemOperation } from '../run/operation';
import { purchasing, settleAll } from './buy';
import { requestsOf, type NodeKind, type PurchaseJob } from './kind';

/** Submits purchases and returns their prediction IDs at once. */
export function submitOperation<Job extends PurchaseJob>(kind: NodeKind<Job>): ItemOperation {
	const { words } = kind.style;
	return itemOperation<Job>({
		option: {
			name: 'Submit',
			value: 'submit',
			action: `Submit ${words.purchase}`,
			description: `Start ${withArticle(words.purchase)} and return its prediction ID without waiting`,
		},
		fields: [...kind.fields, kind.options.submit],
		summary: {
			...summaryOf(words),
			count: (done) => countNoun(done.length, words.purchase, ' submitted'),
			// Atlas does not report a price yet.
			reportedPrice: () => null,
			isPaid: true,
		},
		columns: ['predictionId', 'status', 'model', 'prompt', 'createdAt'],
		read: kind.read,
		...purchasing(kind),

		async work(run, job, itemIndex) {
			const { results, error } = await settleAll(
				requestsOf(job).map(async (request) => await run.buy(request, 'leave')),
			);
			const items = results.map((bought) => {
				const { predictionId, model, prompt } = bought;
				noteSubmitted(predictionId, run.client.clock.nowMs());
				const prediction = toPrediction(predictionId, bought.answer);
				const json = {
					predictionId,
					// Even a completed prediction has to be waited for: its files are not in this answer.
					status: prediction?.status === 'failed' ? 'failed' : 'processing',
					model,
					prompt,
					...kind.inputsJson(bought),
					createdAt: prediction?.createdAt ?? null,
				};
				return { json, pairedItem: { item: itemIndex } };
			});
			return { items, error };
		},
	});
}

/** Returns what purchases would cost. Submits nothing, and uploads only files whose length is billed. */
export function quoteOperation<Job extends PurchaseJob>(kind: NodeKind<Job>): ItemOperation {
	return itemOperation<Job>({
		option: {
			name: 'Get Quote',
			value: 'quote',
			action: 'Get quote',
			description: `Get the price of ${withArticle(kind.style.words.purchase)} without running it`,
		},
		fields: [...kind.fields, kind.options.quote],
		summary: { count: (done) => countNoun(done.length, 'quote') },

		about: purchasing(kind).about,
		read: kind.read,
		resolve: kind.resolve,

		async work(run, job, itemIndex) {
			const quote = await run.quotes.of(await kind.quoteRequestOf(run, job));
			const { model, priceUsd, listPriceUsd, discountPercent, isEstimate, currency } = quote;
			const json = {
				model,
				priceUsd: roundUsd(priceUsd * job.predictionCount),
				listPriceUsd: listPriceUsd && roundUsd(listPriceUsd * job.predictionCount),
				discountPercent,
				isEstimate,
				currency,
			};
			return [{ json, pairedItem: { item: itemIndex } }];
		},
	});
}
