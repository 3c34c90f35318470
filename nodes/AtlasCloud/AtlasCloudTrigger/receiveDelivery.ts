import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { AtlasError } from '../api/errors';
import { Downloads } from '../api/files/downloads';
import type { AtlasClient } from '../api/http/client';
import { asArray } from '../api/json';
import { recentlyUsed } from '../api/memo';
import { isPredictionId, type Prediction } from '../api/predictions/prediction';
import { readPrediction } from '../api/predictions/readPrediction';
import { Cancellation, type Clock } from '../api/time/clock';
import { Semaphore } from '../api/time/semaphore';
import { deliveredPredictionId, HandledPredictions } from '../api/webhooks/delivery';
import { KeySet, readKeySet, type Delivery } from '../api/webhooks/signature';
import { readDestination } from '../items/destination';
import { outputItems } from '../items/outputItems';
import { connect } from '../n8n/connect';
import { asAtlasError, toNodeError } from '../n8n/errors';
import { n8nFileStore } from '../n8n/fileStore';
import { DEFAULT_CONCURRENCY } from '../panel/options';
import { MODEL_STYLE } from '../panel/style';

/** Answers one call of the trigger's address. What is answered 2xx, Atlas does not deliver again. */
export async function receiveDelivery(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const { rawBody = Buffer.alloc(0) } = context.getRequestObject() as { rawBody?: Uint8Array };
	const delivery: Delivery = { headers: context.getHeaderData() as IDataObject, rawBody };
	let client: AtlasClient;
	try {
		({ client } = await connect(context));
		if (!(await isFromAtlas(client, delivery)))
			return respond(context, 401, 'This request has no valid signature of Atlas Cloud');
	} catch (error) {
		// Whoever sent this is not known to be Atlas: nothing may start, not even an execution that shows the error.
		return askAgain(context, asAtlasError(error));
	}
	const predictionId = deliveredPredictionId(rawBody);
	if (predictionId === null) {
		const message = 'This event names no prediction';
		context.logger.warn(`${context.getNode().name}: ${message}`);
		return ignore(message);
	}
	try {
		const items = await itemsOnce(context, client, predictionId);
		if (items === null) return ignore('This event was received before');
		return items.length > 0 ? { workflowData: [items] } : ignore('This event is not selected');
	} catch (error) {
		return askAgain(context, asAtlasError(error));
	}
}

function ignore(message: string): IWebhookResponseData {
	return { webhookResponse: { message } };
}

function respond(context: IWebhookFunctions, statusCode: number, message: string): IWebhookResponseData {
	context.getResponseObject().status(statusCode).json({ message });
	return { noWebhookResponse: true };
}

/** The answer that makes Atlas Cloud call again later. The reason is in n8n's log. */
function askAgain(context: IWebhookFunctions, { message, predictionId }: AtlasError): IWebhookResponseData {
	context.logger.warn(`${context.getNode().name}: ${message}`, { predictionId });
	return respond(context, 503, 'The prediction couldn’t be read. Deliver again later.');
}

const JWKS_PATH = '/api/v1/webhooks/jwks.json';

/** By Base URL, and kept between deliveries: anybody can cause a reading. */
const keySets = new Map<string, KeySet>();

/** Whether Atlas Cloud sent a call, not long ago. @throws AtlasError (`read`) if its keys cannot be read */
async function isFromAtlas(client: AtlasClient, delivery: Delivery): Promise<boolean> {
	const keySet = keySets.get(client.baseUrl) ?? new KeySet();
	keySets.set(client.baseUrl, keySet);
	const read = async () =>
		await client.read(JWKS_PATH, 'read the keys of Atlas Cloud’s webhooks', {
			// The keys are public.
			authenticated: false,
			isUsable: (json) => readKeySet(json).size > 0,
		});
	return await keySet.hasSigned(delivery, client.clock.nowMs(), read);
}

/** How many predictions are stored with the workflow. n8n writes all of them for each event. */
const MAX_STORED = 500;

/** Deliveries that are read at the same time: hundreds of predictions may end together. */
const handling = new Semaphore(DEFAULT_CONCURRENCY);

/** By node, and apart for test and production. n8n loads a workflow anew for each call, so they are kept here. */
const handledBy = recentlyUsed(() => new HandledPredictions());

/**
 * What starts the workflow; null if it was handled before. The workflow's static data adds what was handled before n8n
 * restarted, or by another process of it: n8n writes it before it answers the call.
 */
async function itemsOnce(
	context: IWebhookFunctions,
	client: AtlasClient,
	predictionId: string,
): Promise<INodeExecutionData[] | null> {
	const handled = handledBy([context.getWorkflow().id, context.getNode().id, context.getMode()].join('/'));
	const stored = context.getWorkflowStaticData('node');
	handled.restore(asArray(stored.handledPredictionIds).filter(isPredictionId));
	const items = await handled.once(
		predictionId,
		async () => await handling.use(undefined, async () => await startItems(context, client, predictionId)),
		async () => await isStarted(context.getResponseObject(), client.clock),
	);
	// Also for a repeat: calls at the same moment may have overwritten each other's.
	stored.handledPredictionIds = handled.newest(MAX_STORED);
	return items;
}

type Response = ReturnType<IWebhookFunctions['getResponseObject']>;

const LOOK_AGAIN_MS = 1_000;

/** n8n answers soon if it fails to start a workflow. If it takes longer, the execution waits its turn. */
const MAX_WAIT_MS = 60_000;

/**
 * Whether n8n started the workflow. Its answer tells: an error means that Atlas delivers again, and that delivery has to
 * count. n8n 1.x answers before it starts.
 */
async function isStarted(response: Response, clock: Clock): Promise<boolean> {
	if (!response.destroyed) await new Promise((resolve) => response.once('close', resolve));
	// If Atlas hung up before the answer, n8n still writes it, but there is no event for that.
	for (let waitedMs = 0; !response.writableEnded && waitedMs < MAX_WAIT_MS; waitedMs += LOOK_AGAIN_MS) {
		await clock.sleepMs(LOOK_AGAIN_MS);
	}
	return !response.writableEnded || response.statusCode < 300;
}

/** A rejected key, and no credit, are for a person to see. */
const LASTING = new Set([401, 402]);

/** @param events the parameter Events */
function isSelected({ status }: Prediction, events: unknown): boolean {
	return [events].flat().includes(status);
}

/** Reads a prediction that Atlas has reported to be over. @throws AtlasError (`read`), also if it still runs */
async function readEnded(...[client, predictionId, ...options]: Parameters<typeof readPrediction>) {
	const prediction = await readPrediction(client, predictionId, ...options);
	if (prediction.status !== 'processing') return prediction;
	const message = `Prediction ${predictionId} is still running, although Atlas Cloud reported its end`;
	const description = 'Retry the execution in a minute.';
	throw new AtlasError(message, { kind: 'read', description, predictionId, status: 'processing' });
}

/**
 * The item that a prediction starts the workflow with; none if its event is not selected.
 * @throws AtlasError (`read`) if it cannot be read now, or has not ended
 */
async function startItems(
	context: IWebhookFunctions,
	client: AtlasClient,
	predictionId: string,
): Promise<INodeExecutionData[]> {
	const items = [{ json: { predictionId } }];
	// Atlas signs calls about anybody's predictions, and delivers again what is answered with an error.
	const options = { isAskedAgain: true };
	const prediction = await readEnded(client, predictionId, undefined, options).catch((error: unknown) => {
		// What passes by itself. Anything else a person has to see, such as a rejected key: the execution meets it again.
		const isLasting = error instanceof AtlasError && (error.isTooLarge || LASTING.has(error.statusCode ?? 0));
		if (!isLasting) throw error;
		return null;
	});
	return !prediction || isSelected(prediction, context.getNodeParameter('events', [])) ? items : [];
}

/**
 * The results of the predictions that {@link receiveDelivery} started an execution with, one item per file. They are read
 * and downloaded here, where n8n keeps files with their execution, and where a person can retry it.
 * @throws NodeOperationError
 */
export async function resultItems(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const signal = new Cancellation(context.getExecutionCancelSignal?.());
	const options = {
		downloadFiles: context.getNodeParameter('downloadFiles', 0, true),
		outputDataFieldName: context.getNodeParameter('outputDataFieldName', 0, 'data'),
	} as IDataObject;
	const events = context.getNodeParameter('events', 0, []);
	try {
		const { client } = await connect(context, undefined, signal);
		const downloads = new Downloads(client, n8nFileStore(context.helpers), signal);
		const results = context.getInputData().map(async ({ json: { predictionId } }, index) => {
			const baseName = `${MODEL_STYLE.fileNamePrefix}-${String(predictionId)}`;
			const destination = readDestination(index, options, baseName, MODEL_STYLE);
			const prediction = await readEnded(client, String(predictionId), signal);
			if (!isSelected(prediction, events)) return [];
			return await outputItems({ client, downloads, signal }, prediction, {}, destination);
		});
		return (await Promise.all(results)).flat();
	} catch (error) {
		throw toNodeError(context, error);
	}
}
