import {
	type INodeExecutionData,
	type IWebhookFunctions,
	type IWebhookResponseData,
	NodeOperationError,
} from 'n8n-workflow';
import { AtlasError } from '../api/errors';
import type { AtlasClient } from '../api/http/client';
import { deliveredPredictionId, HandledPredictions } from '../api/webhooks/delivery';
import type { Delivery } from '../api/webhooks/signature';
import { asAtlasError } from '../n8n/errors';
import { connect } from '../n8n/connect';
import { askAgainBecause, deliveryOf, isFromAtlas, refuse } from '../n8n/webhooks';
import { predictionItems } from './predictionItems';
import { asArray } from '../api/json';
import { isPredictionId } from '../api/predictions/predictionAnswer';
import { recentlyUsed } from '../api/memo';
import type { Clock } from '../api/time/clock';

/** What a delivery leads to. */
type Verdict =
	| { kind: 'start'; items: INodeExecutionData[] }
	/** Answered 2xx, so that Atlas does not deliver it again. */
	| { kind: 'ignore'; reason: string }
	| { kind: 'refuse' }
	/** What passes by itself: Atlas is to deliver again. */
	| { kind: 'deliverAgain'; error: AtlasError }
	/** What a person has to see. */
	| { kind: 'fail'; error: AtlasError };

/**
 * Answers one call of the trigger's address.
 * @throws NodeOperationError if a genuine delivery cannot be turned into items: n8n then shows a failed execution and
 * answers 500, and Atlas delivers again
 */
export async function receiveDelivery(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const verdict = await judge(context);
	switch (verdict.kind) {
		case 'start':
			return { workflowData: [verdict.items] };
		case 'ignore':
			return { webhookResponse: { message: verdict.reason } };
		case 'refuse':
			return refuse(context);
		case 'deliverAgain':
			return askAgainBecause(context, verdict.error);
		case 'fail':
			throw deliveryError(context, verdict.error);
	}
}

async function judge(context: IWebhookFunctions): Promise<Verdict> {
	const delivery = deliveryOf(context);
	try {
		const { client } = await connect(context);
		if (!(await isFromAtlas(client, delivery))) return { kind: 'refuse' };
		return await judgeGenuine(context, client, delivery);
	} catch (error) {
		// Whoever sent this is not known to be Atlas: nothing may start, not even an execution that shows the error.
		return { kind: 'deliverAgain', error: asAtlasError(error) };
	}
}

async function judgeGenuine(
	context: IWebhookFunctions,
	client: AtlasClient,
	delivery: Delivery,
): Promise<Verdict> {
	const predictionId = deliveredPredictionId(delivery.rawBody);
	if (predictionId === null) return { kind: 'ignore', reason: 'This event names no prediction' };
	const handled = handledPredictions(context);
	try {
		const items = await handled.once(
			predictionId,
			async () => await predictionItems(context, client, predictionId),
			async () => await isStarted(context.getResponseObject(), client.clock),
		);
		saveHandled(context, handled);
		if (items === null) return { kind: 'ignore', reason: 'This event was received before' };
		if (items.length === 0) return { kind: 'ignore', reason: 'This event is not selected' };
		return { kind: 'start', items };
	} catch (error) {
		const atlasError = asAtlasError(error);
		return { kind: atlasError.kind === 'read' ? 'deliverAgain' : 'fail', error: atlasError };
	}
}

function deliveryError(
	context: IWebhookFunctions,
	{ message, description, predictionId }: AtlasError,
): NodeOperationError {
	const nodeError = new NodeOperationError(context.getNode(), message, { description });
	// n8n replaces a message that contains ECONNRESET or the like, and the prediction ID would be lost.
	nodeError.message = message;
	Object.assign(nodeError.context, { predictionId });
	return nodeError;
}

/** How many predictions are stored with the workflow. n8n writes all of them for each event. */
const MAX_STORED = 500;

/** Nodes whose predictions are kept in memory, the latest. The others have what is stored with their workflow. */
const MAX_NODES = 100;

/** By node, and apart for test and production. n8n loads a workflow anew for each call, so they are kept here. */
const handledBy = recentlyUsed(MAX_NODES, () => new HandledPredictions());

/**
 * The predictions that this node has handled. Calls at the same moment share them. The workflow's static data adds those
 * that were handled before n8n restarted, or by another process of it.
 */
export function handledPredictions(context: IWebhookFunctions): HandledPredictions {
	const key = [context.getWorkflow().id, context.getNode().id, context.getMode()].join('/');
	const handled = handledBy(key);
	const { handledPredictionIds } = context.getWorkflowStaticData('node');
	handled.restore(asArray(handledPredictionIds).filter(isPredictionId));
	return handled;
}

/** Stores them with the workflow. n8n writes its static data once the call is answered. */
export function saveHandled(context: IWebhookFunctions, handled: HandledPredictions): void {
	context.getWorkflowStaticData('node').handledPredictionIds = handled.newest(MAX_STORED);
}

type Response = ReturnType<IWebhookFunctions['getResponseObject']>;

const LOOK_AGAIN_MS = 1_000;

/** n8n answers soon if it fails to start a workflow. If it takes longer, the execution waits its turn. */
const MAX_WAIT_MS = 60_000;

/**
 * Whether n8n started the workflow. Its answer tells: an error means that Atlas delivers again, and that delivery has to
 * count. n8n 1.x answers before it starts.
 */
export async function isStarted(response: Response, clock: Clock): Promise<boolean> {
	if (!response.destroyed) await new Promise((resolve) => response.once('close', resolve));
	// If Atlas hung up before the answer, n8n still writes it, but there is no event for that.
	for (let waitedMs = 0; !response.writableEnded && waitedMs < MAX_WAIT_MS; waitedMs += LOOK_AGAIN_MS) {
		await clock.sleepMs(LOOK_AGAIN_MS);
	}
	return !response.writableEnded || response.statusCode < 300;
}
