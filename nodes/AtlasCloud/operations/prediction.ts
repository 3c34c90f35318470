import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { AtlasError, inputError, truncate } from '../api/errors';
import { asString } from '../api/json';
import { isPredictionId } from '../api/predictions/prediction';
import { mayExist, readPrediction, WARM_UP_MS } from '../api/predictions/readPrediction';
import { withArticle } from '../api/text';
import { readDestination, type OutputDestination, type OutputStyle } from '../items/destination';
import { outputItems, timedOutItems, withInputImage, type KnownFields } from '../items/outputItems';
import { simplifyField } from '../panel/optionFields';
import { readTimeout, type TimeoutOptions } from '../panel/options';
import { itemOperation, summaryOf, type ItemOperation, type Resource } from '../run/operation';
import { getManyOperation } from './getMany';
import type { NodeKind, PurchaseJob } from './kind';
import { quoteOperation, submitOperation } from './submit';

/** The resource Prediction of either node. */
export const predictionResource = <Job extends PurchaseJob>(kind: NodeKind<Job>): Resource => ({
	name: 'Prediction',
	value: 'prediction',
	defaultOperation: 'submit',
	operations: [
		getOperation(kind),
		getManyOperation(kind),
		quoteOperation(kind),
		submitOperation(kind),
		waitOperation(kind),
	],
});

const predictionIdField: INodeProperties = {
	displayName: 'Prediction ID',
	name: 'predictionId',
	type: 'string',
	default: '={{ $json.predictionId }}',
	required: true,
	placeholder: 'e.g. 8f4c2a…',
	description: 'The prediction ID returned by Submit',
};

/** An item that refers to an existing prediction. */
interface PredictionJob {
	predictionId: string;
	/** What the input item says about it, as Submit wrote it there. */
	known: KnownFields;
	destination: OutputDestination;
}

/** Reads which prediction an item refers to, and where its files go. @throws AtlasError (`input`) */
function readPredictionJob(
	context: IExecuteFunctions,
	itemIndex: number,
	options: IDataObject,
	style: OutputStyle,
): PredictionJob {
	const value: unknown = context.getNodeParameter(predictionIdField.name, itemIndex, '');
	const predictionId = typeof value === 'string' ? value.trim() : '';
	if (!isPredictionId(predictionId)) {
		throw inputError(
			predictionId === '' ? "'Prediction ID' is empty" : `"${truncate(predictionId)}" is not a prediction ID`,
			'Enter the prediction ID that Submit returned. If you use an expression, check that this item has the field predictionId.',
		);
	}
	const { json } = context.getInputData()[itemIndex];
	// The item may carry the fields of another prediction.
	const isSame = json.predictionId === predictionId;
	const field = (name: string) => (isSame ? asString(json[name]) : null);
	const baseName = `${style.fileNamePrefix}-${predictionId}`;
	return {
		predictionId,
		known: { model: field('model'), prompt: field('prompt'), size: field('size') },
		destination: readDestination(itemIndex, options, baseName, style),
	};
}

/** Reads the current state of predictions. A failed one is a result here, not an error. */
function getOperation({ style, options }: NodeKind): ItemOperation {
	const { purchase, output } = style.words;
	return itemOperation<PredictionJob>({
		option: {
			name: 'Get',
			value: 'get',
			action: 'Get prediction',
			description: `Get the status of ${withArticle(purchase)}, and its ${output}s once it is finished`,
		},
		fields: [predictionIdField, simplifyField, options.get],
		summary: summaryOf(style.words),
		columns: style.columns,
		about: ({ predictionId, known }) => ({ ...known, predictionId }),

		read: ({ context }, itemIndex, given) => readPredictionJob(context, itemIndex, given, style),

		async work(run, { predictionId, known, destination }) {
			const prediction = await readPrediction(run.client, predictionId, run.signal);
			const items = await outputItems(run, prediction, known, destination);
			return await withInputImage(run, items, destination);
		},
	});
}

/** Atlas is asked once more before it is believed that there is no such prediction, in ms. */
const SECOND_LOOK_MS = 1_500;

/** Waits for predictions that were submitted before, and downloads their files. */
function waitOperation({ style, options, timeoutSeconds }: NodeKind): ItemOperation {
	const { purchase, output } = style.words;
	return itemOperation<PredictionJob & { timeout: TimeoutOptions }>({
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

		read({ context }, itemIndex, given) {
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
			if (!prediction) return timedOutItems(predictionId, known, destination, timeout);
			const items = await outputItems(run, prediction, known, destination);
			return await withInputImage(run, items, destination);
		},
	});
}
