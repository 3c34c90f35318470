import { itemOperation } from '../../run/operation';
import { waitOptions } from '../../panel/optionFields';
import { outputItems } from '../../items/outputItems';
import { IMAGE_OUTPUT } from '../../items/destination';
import { readPredictionJob, type PredictionJob } from '../../operations/predictionJob';
import { predictionSummary } from '../../run/summary';
import { readTimeout, timedOutItems } from '../../items/timeout';
import type { TimeoutOptions } from '../../nodeRun';
import { downloadFields, predictionIdField } from '../fields';

type Job = PredictionJob & { timeout: TimeoutOptions };

/** Waits for predictions that were submitted before, and downloads their images. */
export const waitForCompletion = itemOperation<Job>({
	option: {
		name: 'Wait for Completion',
		value: 'waitForCompletion',
		action: 'Wait for a prediction to complete',
		description: 'Wait until a submitted edit is finished and return its images',
	},
	fields: [predictionIdField, ...downloadFields, waitOptions],
	summary: predictionSummary,

	async read({ context }, itemIndex, options) {
		const job = readPredictionJob(context, itemIndex, options, IMAGE_OUTPUT);
		return { ...job, timeout: readTimeout(options) };
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
