import type { IWebhookFunctions } from 'n8n-workflow';
import { asArray } from '../api/json';
import { isPredictionId } from '../api/predictions/predictionAnswer';
import { recentlyUsed } from '../api/recentlyUsed';
import { HandledPredictions } from '../api/webhooks/handledPredictions';

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
