import { AtlasError } from '../api/errors';
import { mayExist, WARM_UP_MS } from '../api/predictions/readPrediction';
import { withInputImage } from '../items/inputImage';
import { outputItems } from '../items/outputItems';
import { readTimeout, timedOutItems } from '../items/timeout';
import type { TimeoutOptions } from '../nodeRun';
import { simplifyField } from '../panel/optionFields';
import { itemOperation, type ItemOperation } from '../run/operation';
import { summaryOf } from '../run/summary';
import { predictionIdField, type NodeKind } from './kind';
import { readPredictionJob, type PredictionJob } from './predictionJob';

/** Atlas is asked once more before it is believed that there is no such prediction, in ms. */
const SECOND_LOOK_MS = 1_500;

type Job = PredictionJob & { timeout: TimeoutOptions };

/** Waits for predictions that were submitted before, and downloads their files. */
export function waitOperation({ style, options, timeoutSeconds }: NodeKind): ItemOperation {
	const { purchase, output } = style.words;
	return itemOperation<Job>({
		option: {
			name: 'Wait for Completion',
			value: 'waitForCompletion',
			action: 'Wait for completion',
			description: `Wait until a submitted ${purchase} is finished and return its ${output}s`,
		},
		fields: [predictionIdField, simplifyField, options.wait],
		summary: summaryOf(style.words),
		columns: style.columns,
		about: ({ predictionId, known }) => ({ ...known, predictionId }),
		// One look tells of all. Concurrency limits the downloads.
		isSelfPaced: true,

		async read({ context }, itemIndex, given) {
			const job = readPredictionJob(context, itemIndex, given, style);
			return { ...job, timeout: readTimeout(given, timeoutSeconds) };
		},

		async work(run, { predictionId, known, destination, timeout }) {
			const startMs = run.client.clock.nowMs();
			const wait = async (visibleByMs: number) =>
				await run.waiter.until({
					id: predictionId,
					model: known.model ?? '',
					shape: '',
					sentAtMs: null,
					visibleByMs,
					deadlineMs: startMs + timeout.timeoutMs,
					signal: run.signal,
				});
			const prediction = await wait(startMs + SECOND_LOOK_MS).catch(async (error: unknown) => {
				const isMissing = error instanceof AtlasError && [400, 404].includes(error.statusCode ?? 0);
				// Only one that may be too new is worth half a minute.
				if (!isMissing || !(await mayExist(run.client, predictionId))) throw error;
				return await wait(startMs + WARM_UP_MS);
			});
			if (prediction) {
				const items = await outputItems(run, prediction, known, destination);
				return await withInputImage(run, items, destination);
			}
			return timedOutItems(predictionId, known, destination, timeout);
		},
	});
}
