import type { IDataObject } from 'n8n-workflow';
import { updateDisplayOptions } from 'n8n-workflow';
import { downloadFields, predictionIdField } from '../common/fields';
import { waitOptions } from '../common/options';
import { readTimeoutMs } from '../editRequest';
import { itemOperation } from '../operation';
import { readOptions, timeoutError } from '../destination';
import { fileItems, unfinishedJson } from '../outputItems';
import { readPredictionJob, type PredictionJob } from '../predictionRequest';

type Job = PredictionJob & { timeoutMs: number; options: IDataObject };

/** Waits for predictions that were submitted before, and fetches their pictures. */
export const waitForCompletion = itemOperation<Job>({
	option: {
		name: 'Wait for Completion',
		value: 'waitForCompletion',
		action: 'Wait for completion',
		description: 'Wait for an edit that was submitted before, and hand on its pictures',
	},
	fields: updateDisplayOptions({ show: { resource: ['prediction'], operation: ['waitForCompletion'] } }, [
		predictionIdField,
		...downloadFields,
		waitOptions,
	]),

	async read(run, itemIndex) {
		const options = readOptions(run, itemIndex);
		return { ...readPredictionJob(run, itemIndex), timeoutMs: readTimeoutMs(options), options };
	},

	async work(run, { predictionId, known, destination, timeoutMs, options }, itemIndex) {
		const prediction = await run.watch.waitUntilCompleted({
			predictionId,
			model: known.model ?? '',
			sentAtMs: null,
			deadlineMs: run.client.clock.nowMs() + timeoutMs,
			signal: run.signal,
		});
		if (prediction) return await fileItems(run, prediction, known, destination);
		if (options.onTimeout === 'continue') {
			return [{ json: unfinishedJson(predictionId, known), pairedItem: { item: itemIndex } }];
		}
		throw timeoutError(predictionId, timeoutMs);
	},
});
