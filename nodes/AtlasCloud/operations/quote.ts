import { countNoun, withArticle } from '../api/words';
import { quoteItem } from '../items/outputItems';
import { itemOperation, type ItemOperation } from '../run/operation';
import { purchasing, type NodeKind, type PurchaseJob } from './kind';

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
			return [quoteItem(quote, job.predictionCount, itemIndex)];
		},
	});
}
