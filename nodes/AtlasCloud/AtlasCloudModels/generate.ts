import { readDestination, type OutputDestination, FILE_OUTPUT } from '../items/destination';
import type { ListedModel } from '../panel/modelEntry';
import { itemOperation, type ItemOperation } from '../run/operation';
import { purchasedItems } from '../items/purchasedItems';
import { downloadFields, inputFields, modelField, type ResourceType } from './fields';
import {
	checkModelCost,
	checkMaxPredictions,
	readModelJob,
	resolveModelJob,
	type ModelJob,
} from './modelRequest';
import { generateOptions } from './optionFields';
import { fileSummary } from '../run/summary';

type Job = ModelJob & { destination: OutputDestination };

interface GenerateDetails {
	option: ItemOperation['option'];
	/** What the models of its list make; null for all of them. */
	type: ResourceType | null;
	/** The model that is selected at first. */
	preset?: ListedModel;
}

/** An operation that uploads, submits, waits and downloads, with models of one type or of any. */
export function generateOperation({ option, type, preset }: GenerateDetails): ItemOperation {
	return itemOperation<Job>({
		option,
		fields: [modelField(preset), ...inputFields, ...downloadFields, generateOptions(type)],
		summary: { ...fileSummary, isPaid: true },
		isSelfPaced: true,

		async read(run, itemIndex, options) {
			const job = readModelJob(run, itemIndex, options, type);
			const baseName = stemOfModel(job.request.model);
			const destination = readDestination(run.context, itemIndex, options, baseName, FILE_OUTPUT);
			return { ...job, destination };
		},
		checkAll: checkMaxPredictions,
		resolve: resolveModelJob,
		checkResolved: checkModelCost,

		async work(run, { request, destination, estimateUsd }) {
			return await purchasedItems(run, request, destination, estimateUsd);
		},
	});
}

/** A file name without extension, made of a model's ID: `seedance-v1.5-pro-image-to-video`. */
export function stemOfModel(model: string): string {
	const segments = model.split('/');
	const name = segments.length > 1 ? segments.slice(1) : segments;
	return name
		.join('-')
		.replace(/[^\w.-]+/g, '-')
		.slice(0, 100);
}
