import { toPrediction } from '../../../api/predictions/predictions';
import { itemOperation } from '../../../shared/operation';
import { countNoun } from '../../../shared/summary';
import { inputFields, modelField } from '../common/modelFields';
import { checkMaxPredictions, readModelJob, resolveModelJob, type ModelJob } from '../common/modelJob';
import { checkModelCost } from '../common/modelQuote';
import { submitOptions } from '../common/optionFields';
import { fileSummary } from '../common/summaries';

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
