import { itemOperation } from '../../../shared/operation';
import { quoteItem } from '../../../shared/outputItems';
import { countNoun } from '../../../shared/summary';
import { inputFields, modelField } from '../common/modelFields';
import { readModelJob, resolveModelJob, type ModelJob } from '../common/modelJob';
import { modelQuoteRequest } from '../common/modelQuote';
import { quoteOptions } from '../common/optionFields';

/** Returns what predictions would cost. Submits nothing, and uploads only files whose length is billed. */
export const quote = itemOperation<ModelJob>({
	option: {
		name: 'Get a Quote',
		value: 'quote',
		action: 'Get a quote',
		description: 'Get the price of a prediction without running it',
	},
	fields: [modelField(), ...inputFields, quoteOptions],
	summary: { count: (done) => ({ done: countNoun(done.length, 'quote'), failedCount: 0 }) },

	read: async (run, itemIndex, options) => readModelJob(run, itemIndex, options, null),
	resolve: resolveModelJob,

	async work(run, job, itemIndex) {
		return [quoteItem(await run.quotes.of(await modelQuoteRequest(run, job)), itemIndex)];
	},
});
