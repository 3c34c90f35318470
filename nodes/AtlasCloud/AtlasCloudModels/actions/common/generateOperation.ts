import { readDestination, type OutputDestination } from '../../../shared/destination';
import type { ListedModel } from '../../../shared/modelEntry';
import { itemOperation, type ItemOperation } from '../../../shared/operation';
import { FILE_OUTPUT } from '../../../shared/outputStyle';
import { purchasedItems } from '../../../shared/purchasedItems';
import { stemOfModel } from './fileStem';
import { downloadFields, inputFields, modelField } from './modelFields';
import { checkModelCost } from './modelQuote';
import { checkMaxPredictions, readModelJob, resolveModelJob, type ModelJob } from './modelJob';
import { generateOptions } from './optionFields';
import { fileSummary } from './summaries';
import type { ResourceType } from './timeouts';

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
