import { updateDisplayOptions } from 'n8n-workflow';
import { downloadFields, editFields } from '../common/fields';
import { editOptions } from '../common/options';
import { checkMaxEdits, readEdit, resolveEdit, type EditJob } from '../editRequest';
import { readDestination, timeoutError } from '../destination';
import { itemOperation } from '../operation';
import { fileItems, safeStem, stemOfUrl, unfinishedJson, type OutputDestination } from '../outputItems';

type Job = EditJob & { destination: OutputDestination };

/** Upload, submit, wait and download in one. */
export const edit = itemOperation<Job>({
	option: {
		name: 'Edit',
		value: 'edit',
		action: 'Edit an image',
		description: 'Upload pictures, edit them, wait, and hand on the edited ones',
	},
	fields: updateDisplayOptions({ show: { resource: ['image'], operation: ['edit'] } }, [
		...editFields,
		...downloadFields,
		editOptions,
	]),
	pacesItself: true,

	async read(run, itemIndex) {
		const job = await readEdit(run, itemIndex);
		const [first] = job.pictures;
		const stem = first.file ? safeStem(first.file.fileName ?? first.file.fieldName) : stemOfUrl(first.url);
		return { ...job, destination: readDestination(run, itemIndex, `${stem}-edited`) };
	},
	checkAll: checkMaxEdits,
	resolve: resolveEdit,

	async work(run, job, itemIndex) {
		const { request, destination } = job;
		const { bought, prediction } = await run.edits.submitAndWait(request);
		if (prediction) return await fileItems(run, prediction, bought, destination);
		const { predictionId } = bought;
		if (!request.failsOnTimeout) {
			return [{ json: unfinishedJson(predictionId, bought), pairedItem: { item: itemIndex } }];
		}
		throw timeoutError(predictionId, request.timeoutMs);
	},
});
