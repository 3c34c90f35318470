import { readPrediction } from '../../../api/predictions/readPrediction';
import { itemOperation } from '../../../shared/operation';
import { getOptions } from '../../../shared/optionFields';
import { outputItems } from '../../../shared/outputItems';
import { IMAGE_OUTPUT } from '../../../shared/outputStyle';
import { readPredictionJob, type PredictionJob } from '../../../shared/predictionJob';
import { predictionSummary } from '../../../shared/summary';
import { downloadFields, predictionIdField } from '../common/fields';

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
