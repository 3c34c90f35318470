import { itemOperation } from '../../../shared/operation';
import { quoteOptions } from '../../../shared/optionFields';
import { quoteItem } from '../../../shared/outputItems';
import { countNoun } from '../../../shared/summary';
import { readEdit, resolveEdit, type EditJob } from '../common/editJob';
import { editQuoteRequest } from '../common/editQuote';
import { editFields } from '../common/fields';

/** Returns what edits would cost. Uploads and submits nothing. */
export const quote = itemOperation<EditJob>({
	option: {
		name: 'Get a Quote',
		value: 'quote',
		action: 'Get a quote',
		description: 'Get the price of an edit without running it',
	},
	fields: [...editFields, quoteOptions],
	combinesImages: true,
	summary: { count: (done) => ({ done: countNoun(done.length, 'quote'), failedCount: 0 }) },

	read: readEdit,
	resolve: resolveEdit,

	async work({ quotes }, job, itemIndex) {
		return [quoteItem(await quotes.of(editQuoteRequest(job)), itemIndex)];
	},
});
