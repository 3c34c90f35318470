import { toPrediction } from '../../api/predictions/prediction';
import { itemOperation } from '../../run/operation';
import { countNoun } from '../../api/words';
import { inputFields, modelField } from '../fields';
import {
	checkMaxPredictions,
	readModelJob,
	resolveModelJob,
	type ModelJob,
	checkModelCost,
} from '../modelRequest';
import { submitOptions } from '../optionFields';
import { fileSummary } from '../../run/summary';

/** Submits predictions and returns their IDs at once. */
export const submit = itemOperation<ModelJob>({
	option: {
		name: 'Submit',
		value: 'submit',
		action: 'Submit a prediction without waiting',
		description: 'Start a prediction and return its ID without waiting',
	},
	fields: [modelField(), ...inputFields, submitOptions],
	summary: {
		...fileSummary,
		count: (done) => ({ done: countNoun(done.length, 'prediction', ' submitted'), failedCount: 0 }),
		// Atlas does not report a price yet.
		reportedPrice: () => null,
		isPaid: true,
	},
	isSelfPaced: true,

	read: async (run, itemIndex, options) => readModelJob(run, itemIndex, options, null),
	checkAll: checkMaxPredictions,
	resolve: resolveModelJob,
	checkResolved: checkModelCost,

	async work(run, { request, estimateUsd }, itemIndex) {
		const { predictionId, model, prompt, inputUrls, answer } = await run.purchases.submit(request);
		run.estimates.set(predictionId, estimateUsd);
		const prediction = toPrediction(predictionId, answer);
		return [
			{
				json: {
					predictionId,
					// Even a completed prediction has to be waited for: its files are not in this answer.
					status: prediction?.status === 'failed' ? 'failed' : 'processing',
					model,
					prompt,
					inputUrls,
					createdAt: prediction?.createdAt ?? null,
				},
				pairedItem: { item: itemIndex },
			},
		];
	},
});
