import { itemOperation } from '../../../shared/operation';
import { readPredictionJob, type PredictionJob } from '../../../shared/predictionJob';
import { readTimeout, type TimeoutOptions } from '../../../shared/timeout';
import { readFileDestination } from '../common/destination';
import { fileItems, unfinishedItems } from '../common/fileItems';
import { downloadFields, predictionIdField } from '../common/modelFields';
import { waitOptions } from '../common/optionFields';
import { fileSummary } from '../common/summaries';
import { defaultTimeoutSeconds } from '../common/timeouts';

type Job = PredictionJob & { timeout: TimeoutOptions };

/** Waits for predictions that were submitted before, and downloads their files. */
export const waitForCompletion = itemOperation<Job>({
	option: {
		name: 'Wait for Completion',
		value: 'waitForCompletion',
		action: 'Wait for a prediction to complete',
		description: 'Wait until a submitted prediction is finished and return its files',
	},
	fields: [predictionIdField, ...downloadFields, waitOptions],
	summary: fileSummary,

	async read({ context }, itemIndex, options) {
		const job = readPredictionJob(context, itemIndex, options, readFileDestination);
		return { ...job, timeout: readTimeout(options, defaultTimeoutSeconds(null)) };
	},

	async work(run, { predictionId, known, destination, timeout }, itemIndex) {
		const prediction = await run.poller.waitUntilCompleted({
			predictionId,
			model: known.model ?? '',
			sentAtMs: null,
			deadlineMs: run.client.clock.nowMs() + timeout.timeoutMs,
			signal: run.signal,
		});
		if (prediction) return await fileItems(run, prediction, known, destination);
		return unfinishedItems(itemIndex, predictionId, known, timeout);
	},
});
