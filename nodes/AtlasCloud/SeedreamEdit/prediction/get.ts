import { readPrediction } from '../../api/predictions/readPrediction';
import { itemOperation } from '../../run/operation';
import { getOptions } from '../../panel/optionFields';
import { outputItems } from '../../items/outputItems';
import { IMAGE_OUTPUT } from '../../items/destination';
import { readPredictionJob, type PredictionJob } from '../../operations/predictionJob';
import { predictionSummary } from '../../run/summary';
import { downloadFields, predictionIdField } from '../fields';

/** Reads the current state of predictions. A failed one is a result here, not an error. */
export const get = itemOperation<PredictionJob>({
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get a prediction',
		description: 'Get the status of an edit, and its images once it is finished',
	},
	fields: [predictionIdField, ...downloadFields, getOptions],
	summary: predictionSummary,

	read: async ({ context }, itemIndex, options) =>
		readPredictionJob(context, itemIndex, options, IMAGE_OUTPUT),

	async work(run, { predictionId, known, destination }) {
		const prediction = await readPrediction(run.client, predictionId, run.signal);
		return await outputItems(run, prediction, known, destination);
	},
});
