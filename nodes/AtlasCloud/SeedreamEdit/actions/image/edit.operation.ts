import { readDestination, safeStem, stemOfUrl, type OutputDestination } from '../../../shared/destination';
import type { InputImage } from '../../../shared/inputImages';
import { itemOperation } from '../../../shared/operation';
import { editOptions } from '../../../shared/optionFields';
import { IMAGE_OUTPUT } from '../../../shared/outputStyle';
import { purchasedItems } from '../../../shared/purchasedItems';
import { predictionSummary } from '../../../shared/summary';
import { checkMaxEdits, readEdit, resolveEdit, type EditJob } from '../common/editJob';
import { checkEditCost } from '../common/editQuote';
import { downloadFields, editFields } from '../common/fields';

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
