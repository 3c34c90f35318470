import { toPrediction } from '../../api/predictions/prediction';
import { itemOperation } from '../../run/operation';
import { submitOptions } from '../../panel/optionFields';
import { countNoun } from '../../api/words';
import { checkMaxEdits, readEdit, resolveEdit, type EditJob, checkEditCost } from '../editRequest';
import { editFields } from '../fields';

/** Submits edits and returns their prediction IDs at once. */
export const submit = itemOperation<EditJob>({
	option: {
		name: 'Submit',
		value: 'submit',
		action: 'Submit an edit without waiting',
		description: 'Start an edit and return its prediction ID without waiting',
	},
	fields: [...editFields, submitOptions],
	combinesImages: true,
	summary: {
		count: (done) => ({ done: countNoun(done.length, 'edit', ' submitted'), failedCount: 0 }),
		// Atlas does not report a price yet.
		reportedPrice: () => null,
		isPaid: true,
	},
	isSelfPaced: true,

	read: readEdit,
	checkAll: checkMaxEdits,
	resolve: resolveEdit,
	checkResolved: checkEditCost,

	async work(run, { request }, itemIndex) {
		const { predictionId, model, prompt, size, inputUrls, answer } = await run.purchases.submit(request);
		const prediction = toPrediction(predictionId, answer);
		return [
			{
				json: {
					predictionId,
					// Even a completed prediction has to be waited for: its images are not in this answer.
					status: prediction?.status === 'failed' ? 'failed' : 'processing',
					model,
					prompt,
					images: inputUrls,
					size,
					createdAt: prediction?.createdAt ?? null,
				},
				pairedItem: { item: itemIndex },
			},
		];
	},
});
