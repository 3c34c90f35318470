import { itemOperation } from '../../run/operation';
import { quoteOptions } from '../../panel/optionFields';
import { quoteItem } from '../../items/outputItems';
import { countNoun } from '../../api/words';
import { readEdit, resolveEdit, type EditJob, editQuoteRequest } from '../editRequest';
import { editFields } from '../fields';

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
