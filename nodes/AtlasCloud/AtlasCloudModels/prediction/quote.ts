import { itemOperation } from '../../run/operation';
import { quoteItem } from '../../items/outputItems';
import { countNoun } from '../../api/words';
import { inputFields, modelField } from '../fields';
import { readModelJob, resolveModelJob, type ModelJob, modelQuoteRequest } from '../modelRequest';
import { quoteOptions } from '../optionFields';

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
