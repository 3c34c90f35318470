import { WARM_UP_MS } from '../api/predictions/readPrediction';
import { outputItems } from '../items/outputItems';
import { readTimeout, timedOutItems } from '../items/timeout';
import type { TimeoutOptions } from '../nodeRun';
import { itemOperation, type ItemOperation } from '../run/operation';
import { summaryOf } from '../run/summary';
import { predictionIdField, type NodeKind } from './kind';
import { readPredictionJob, type PredictionJob } from './predictionJob';

type Job = PredictionJob & { timeout: TimeoutOptions };

/** Waits for predictions that were submitted before, and downloads their files. */
export function waitOperation({ style, downloadFields, options, timeoutSeconds }: NodeKind): ItemOperation {
	const { purchase, output } = style.words;
	return itemOperation<Job>({
		option: {
			name: 'Wait for Completion',
			value: 'waitForCompletion',
			action: 'Wait for completion',
			description: `Wait until a submitted ${purchase} is finished and return its ${output}s`,
		},
		fields: [predictionIdField, ...downloadFields, options.wait],
		summary: summaryOf(style.words),

		async read({ context }, itemIndex, given) {
			const job = readPredictionJob(context, itemIndex, given, style);
			return { ...job, timeout: readTimeout(given, timeoutSeconds) };
		},

		async work(run, { predictionId, known, destination, timeout }) {
			const nowMs = run.client.clock.nowMs();
			const prediction = await run.waiter.until({
				id: predictionId,
				model: known.model ?? '',
				shape: '',
				sentAtMs: null,
				visibleByMs: nowMs + WARM_UP_MS,
				deadlineMs: nowMs + timeout.timeoutMs,
				signal: run.signal,
			});
			if (prediction) return await outputItems(run, prediction, known, destination);
			return timedOutItems(predictionId, known, destination, timeout);
		},
	});
}
