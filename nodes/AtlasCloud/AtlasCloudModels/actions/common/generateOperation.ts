import type { OutputDestination } from '../../../shared/destination';
import { itemOperation, type ItemOperation } from '../../../shared/operation';
import { readFileDestination, stemOfModel } from './destination';
import { fileItems, unfinishedItems } from './fileItems';
import { downloadFields, inputFields, modelField } from './modelFields';
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
	preset?: { id: string; name: string };
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
			return { ...job, destination: readFileDestination(run.context, itemIndex, options, baseName) };
		},
		checkAll: checkMaxPredictions,
		resolve: resolveModelJob,

		async work(run, { request, destination, estimateUsd }, itemIndex) {
			const { bought, prediction } = await run.purchases.submitAndWait(request);
			run.estimates.set(bought.predictionId, estimateUsd);
			if (prediction) return await fileItems(run, prediction, bought, destination);
			return unfinishedItems(itemIndex, bought.predictionId, bought, request);
		},
	});
}
