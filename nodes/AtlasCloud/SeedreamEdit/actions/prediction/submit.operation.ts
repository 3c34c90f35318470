import { updateDisplayOptions } from 'n8n-workflow';
import { toPrediction } from '../../../api/predictions/predictions';
import { editFields } from '../common/fields';
import { submitOptions } from '../common/options';
import { checkMaxEdits, readEdit, resolveEdit, type EditJob } from '../editRequest';
import { itemOperation } from '../operation';

/** Submits edits and hands on their ids at once. */
export const submit = itemOperation<EditJob>({
	option: {
		name: 'Submit',
		value: 'submit',
		action: 'Submit an edit',
		description: 'Start an edit and hand on its ID at once',
	},
	fields: updateDisplayOptions({ show: { resource: ['prediction'], operation: ['submit'] } }, [
		...editFields,
		submitOptions,
	]),
	pacesItself: true,

	read: readEdit,
	checkAll: checkMaxEdits,
	resolve: resolveEdit,

	async work(run, { request }, itemIndex) {
		const { predictionId, model, prompt, size, inputUrls, answer } = await run.edits.submit(request);
		const told = toPrediction(predictionId, answer);
		return [
			{
				json: {
					predictionId,
					// A task can be over at once, but what it brought is not in this answer: to be waited for all the same.
					status: told?.status === 'failed' ? 'failed' : 'processing',
					model,
					prompt,
					images: inputUrls,
					size,
					createdAt: told?.createdAt ?? null,
				},
				pairedItem: { item: itemIndex },
			},
		];
	},
});
