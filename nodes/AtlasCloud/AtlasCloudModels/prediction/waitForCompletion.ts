import { itemOperation } from '../../run/operation';
import { readPredictionJob, type PredictionJob } from '../../operations/predictionJob';
import { readTimeout, timedOutItems } from '../../items/timeout';
import type { TimeoutOptions } from '../../nodeRun';
import { outputItems } from '../../items/outputItems';
import { FILE_OUTPUT } from '../../items/destination';
import { downloadFields, predictionIdField, defaultTimeoutSeconds } from '../fields';
import { waitOptions } from '../optionFields';
import { fileSummary } from '../../run/summary';

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
		const job = readPredictionJob(context, itemIndex, options, FILE_OUTPUT);
		return { ...job, timeout: readTimeout(options, defaultTimeoutSeconds(null)) };
	},

	async work(run, { predictionId, known, destination, timeout }) {
		const prediction = await run.poller.waitUntilCompleted({
			predictionId,
			model: known.model ?? '',
			sentAtMs: null,
			deadlineMs: run.client.clock.nowMs() + timeout.timeoutMs,
			signal: run.signal,
		});
		if (prediction) return await outputItems(run, prediction, known, destination);
		return timedOutItems(predictionId, known, destination, timeout);
	},
});
