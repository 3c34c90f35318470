import { readPrediction } from '../../api/predictions/readPrediction';
import { itemOperation } from '../../run/operation';
import { readPredictionJob, type PredictionJob } from '../../operations/predictionJob';
import { outputItems, predictionJson } from '../../items/outputItems';
import { FILE_OUTPUT } from '../../items/destination';
import { downloadFields, predictionIdField } from '../fields';
import { getOptions } from '../optionFields';
import { fileSummary } from '../../run/summary';

/** Reads the current state of predictions. A failed one is a result here, not an error. */
export const get = itemOperation<PredictionJob>({
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get a prediction',
		description: 'Get the status of a prediction, and its files once it is finished',
	},
	fields: [predictionIdField, ...downloadFields, getOptions],
	summary: fileSummary,

	read: async ({ context }, itemIndex, options) =>
		readPredictionJob(context, itemIndex, options, FILE_OUTPUT),

	async work(run, { predictionId, known, destination }, itemIndex) {
		const prediction = await readPrediction(run.client, predictionId, run.signal);
		if (prediction.status === 'completed') return await outputItems(run, prediction, known, destination);
		return [{ json: predictionJson(prediction, known, null, FILE_OUTPUT), pairedItem: { item: itemIndex } }];
	},
});
