import { updateDisplayOptions } from 'n8n-workflow';
import { readPrediction } from '../../../api/predictions/readPrediction';
import { downloadFields, predictionIdField } from '../common/fields';
import { getOptions } from '../common/options';
import { itemOperation } from '../operation';
import { fileItems, predictionJson } from '../outputItems';
import { readPredictionJob, type PredictionJob } from '../predictionRequest';

/** Asks how predictions stand now; a failed one is an answer here, not an error. */
export const get = itemOperation<PredictionJob>({
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get a prediction',
		description: 'See how an edit stands, with its pictures if it is done',
	},
	fields: updateDisplayOptions({ show: { resource: ['prediction'], operation: ['get'] } }, [
		predictionIdField,
		...downloadFields,
		getOptions,
	]),

	read: async (run, itemIndex) => readPredictionJob(run, itemIndex),

	async work(run, { predictionId, known, destination }, itemIndex) {
		const prediction = await readPrediction(run.client, predictionId, run.signal);
		if (prediction.status === 'completed') return await fileItems(run, prediction, known, destination);
		return [{ json: predictionJson(prediction, known, null), pairedItem: { item: itemIndex } }];
	},
});
