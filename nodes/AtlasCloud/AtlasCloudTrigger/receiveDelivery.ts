import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { AtlasError } from '../api/errors';
import type { AtlasClient } from '../api/http/client';
import { deliveredPredictionId } from '../api/webhooks/deliveredPrediction';
import type { Delivery } from '../api/webhooks/signature';
import { asAtlasError } from '../shared/itemErrors';
import { connect } from '../shared/connect';
import { askAgainBecause, deliveryOf, isFromAtlas, refuse } from '../shared/deliveries';
import { handledPredictions, saveHandled } from './handled';
import { isStarted } from './isStarted';
import { predictionItems } from './predictionItems';

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
			throw toNodeError(context, verdict.error);
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

function toNodeError(
	context: IWebhookFunctions,
	{ message, description, predictionId }: AtlasError,
): NodeOperationError {
	const nodeError = new NodeOperationError(context.getNode(), message, { description });
	// n8n replaces a message that contains ECONNRESET or the like, and the prediction ID would be lost.
	nodeError.message = message;
	Object.assign(nodeError.context, { predictionId });
	return nodeError;
}
