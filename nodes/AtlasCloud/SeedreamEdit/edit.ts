import {
	readDestination,
	safeStem,
	stemOfUrl,
	type OutputDestination,
	IMAGE_OUTPUT,
} from '../items/destination';
import type { InputImage } from '../items/inputImages';
import { itemOperation } from '../run/operation';
import { editOptions } from '../panel/optionFields';
import { purchasedItems } from '../items/purchasedItems';
import { predictionSummary } from '../run/summary';
import { checkMaxEdits, readEdit, resolveEdit, type EditJob, checkEditCost } from './editRequest';
import { downloadFields, editFields } from './fields';

type Job = EditJob & { destination: OutputDestination };

const stemOf = ({ file, url }: InputImage) =>
	file ? safeStem(file.fileName ?? file.fieldName) : stemOfUrl(url);

/** Uploads, submits, waits, and downloads. */
export const edit = itemOperation<Job>({
	option: {
		name: 'Edit',
		value: 'edit',
		action: 'Edit an image',
		description: 'Edit one or more images with a prompt',
	},
	fields: [...editFields, ...downloadFields, editOptions],
	combinesImages: true,
	summary: { ...predictionSummary, isPaid: true },
	isSelfPaced: true,

	async read(run, itemIndex, options) {
		const job = await readEdit(run, itemIndex, options);
		const baseName = `${stemOf(job.images[0])}-edited`;
		const destination = readDestination(run.context, itemIndex, options, baseName, IMAGE_OUTPUT);
		return { ...job, destination };
	},
	checkAll: checkMaxEdits,
	resolve: resolveEdit,
	checkResolved: checkEditCost,

	async work(run, { request, destination }) {
		return await purchasedItems(run, request, destination);
	},
});
