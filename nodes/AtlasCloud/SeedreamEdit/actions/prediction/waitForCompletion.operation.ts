import { itemOperation } from '../../../shared/operation';
import { waitOptions } from '../../../shared/optionFields';
import { outputItems } from '../../../shared/outputItems';
import { IMAGE_OUTPUT } from '../../../shared/outputStyle';
import { readPredictionJob, type PredictionJob } from '../../../shared/predictionJob';
import { predictionSummary } from '../../../shared/summary';
import { readTimeout, timedOutItems, type TimeoutOptions } from '../../../shared/timeout';
import { downloadFields, predictionIdField } from '../common/fields';

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
