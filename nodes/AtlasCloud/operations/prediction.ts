import type { INodeProperties } from 'n8n-workflow';
import { AtlasError, inputError } from '../api/errors';
import { NOT_FOUND_STATUS_CODES } from '../api/http/answer';
import { asString } from '../api/json';
import { isPredictionId, type Prediction } from '../api/predictions/prediction';
import { mayExist, readPrediction, WARM_UP_MS } from '../api/predictions/readPrediction';
import { truncate, withArticle } from '../api/text';
import { readDestination, type OutputDestination } from '../items/destination';
import { outputItems, timedOutItems, withInputImage } from '../items/outputItems';
import type { AboutItem, NodeRun } from '../nodeRun';
import { simplifyField } from '../panel/optionFields';
import { readTimeout, type TimeoutOptions } from '../panel/options';
import type { Operation, Resource } from '../run/operation';
import { getManyOperation } from './getMany';
import { countResults, type NodeKind } from './kind';
import { quoteOperation } from './quote';
import { submitOperation } from './submit';

/** The resource Prediction of either node. */
export const predictionResource = (kind: NodeKind): Resource => ({
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
	known: AboutItem;
	destination: OutputDestination;
	timeout: TimeoutOptions;
}

/** An operation on predictions that exist. @param find null for one that is still running when its time is up */
function predictionOperation(
	{ style }: NodeKind,
	option: Operation['option'],
	optionsField: INodeProperties,
	find: (run: NodeRun, job: PredictionJob) => Promise<Prediction | null>,
): Operation<PredictionJob> {
	return {
		option,
		fields: [predictionIdField, simplifyField, optionsField],
		count: (done) => countResults(style, done),
		columns: style.columns,
		about: ({ predictionId, known }) => ({ ...known, predictionId }),

		read({ context, hasExecution }, itemIndex, options) {
			const value: unknown = context.getNodeParameter(predictionIdField.name, itemIndex, '');
			const predictionId = typeof value === 'string' ? value.trim() : '';
			if (!isPredictionId(predictionId)) {
				throw inputError(
					predictionId === ''
						? "'Prediction ID' is empty"
						: `"${truncate(predictionId)}" is not a prediction ID`,
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
				destination: readDestination(itemIndex, options, baseName, style, hasExecution),
				timeout: readTimeout(options, style.timeoutSeconds),
			};
		},

		async work(run, job) {
			const { predictionId, known, destination, timeout } = job;
			const prediction = await find(run, job);
			if (!prediction) return { items: timedOutItems(predictionId, known, destination, timeout) };
			const items = await outputItems(run, prediction, known, destination);
			return await withInputImage(run, items, destination);
		},
	};
}

/** Reads the current state of predictions. A failed one is a result here, not an error. */
function getOperation(kind: NodeKind): Operation<PredictionJob> {
	const { purchase, output } = kind.style;
	return predictionOperation(
		kind,
		{
			name: 'Get',
			value: 'get',
			action: 'Get prediction',
			description: `Get the status of ${withArticle(purchase)}, and its ${output}s once it is finished`,
		},
		kind.options.get,
		async ({ client, signal }, { predictionId }) => await readPrediction(client, predictionId, signal),
	);
}

/** Waits for predictions that were submitted before, and downloads their files. */
function waitOperation(kind: NodeKind): Operation<PredictionJob> {
	const { purchase, output } = kind.style;
	const option = {
		name: 'Wait for Completion',
		value: 'waitForCompletion',
		action: 'Wait for completion',
		description: `Wait until a submitted ${purchase} is finished and return its ${output}s`,
	};
	const find = async (
		{ client, waiter, signal }: NodeRun,
		{ predictionId, known, timeout }: PredictionJob,
	) => {
		const startMs = client.clock.nowMs();
		const wait = async (warmUpMs: number) =>
			await waiter.until({
				id: predictionId,
				model: known.model ?? '',
				shape: '',
				sentAtMs: null,
				visibleByMs: startMs + warmUpMs,
				deadlineMs: startMs + timeout.timeoutMs,
				signal,
			});
		return await wait(0).catch(async (error: unknown) => {
			const isMissing = error instanceof AtlasError && NOT_FOUND_STATUS_CODES.has(error.statusCode ?? 0);
			// Only one that may be too new is worth half a minute.
			if (!isMissing || !(await mayExist(client, predictionId))) throw error;
			return await wait(WARM_UP_MS);
		});
	};
	// One look tells of all. Concurrency limits the downloads.
	return { ...predictionOperation(kind, option, kind.options.wait, find), isSelfPaced: true };
}
