import type {
	IExecuteData,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import type { AtlasClient } from '../../api/http/client';
import { asArray } from '../../api/json';
import { isPredictionId } from '../../api/predictions/predictionAnswer';
import { deliveredPredictionId } from '../../api/webhooks/deliveredPrediction';
import { RecentIds } from '../../api/webhooks/recentIds';
import { connect } from '../connect';
import { askAgain, askAgainBecause, deliveryOf, isFromAtlas, refuse } from '../deliveries';
import { asAtlasError } from '../itemErrors';
import { areOver, isOver } from './isOver';
import { RESUME_PATH } from './resumeUrl';

/** The webhook that n8n opens for an execution while this node sleeps. */
export const resumeWebhooks: INodeTypeDescription['webhooks'] = [
	{
		name: 'default',
		httpMethod: 'POST',
		responseMode: 'onReceived',
		path: RESUME_PATH,
		isFullPath: true,
		restartWebhook: true,
	},
];

/** Predictions whose execution was woken up. n8n 1.x would run it twice for two calls at the same moment. */
const woken = new RecentIds();

/**
 * Answers Atlas's call about one prediction of a sleeping execution, and wakes it up if all of them are over. Never
 * throws: n8n would go on with an empty item.
 */
export async function receiveCall(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	try {
		const delivery = deliveryOf(context);
		const { client } = await connect(context);
		if (!(await isFromAtlas(client, delivery))) return refuse(context);
		return await judge(context, client, deliveredPredictionId(delivery.rawBody));
	} catch (error) {
		return askAgainBecause(context, asAtlasError(error));
	}
}

async function judge(
	context: IWebhookFunctions,
	client: AtlasClient,
	predictionId: string | null,
): Promise<IWebhookResponseData> {
	const predictionIds = asleepIn(context);
	if (predictionId === null || !predictionIds.includes(predictionId)) {
		return answer('This execution does not wait for this prediction');
	}
	// Atlas says that it is over: if the API does not know that yet, it has to call again.
	if (!(await isOver(client, predictionId))) return askAgain(context);
	if (!(await areOver(client, predictionIds))) {
		return answer('Other predictions of this execution are still running');
	}
	if (woken.has(predictionIds[0])) return answer('This execution was woken up before');
	// Nobody would learn whether n8n resumed the execution: Atlas calls again.
	if (context.getResponseObject().destroyed) return askAgain(context);
	woken.add(predictionIds[0]);
	sleepAgainUnlessStarted(context, predictionIds[0]);
	runAgain(context);
	// Should n8n not run the node again, it hands on these as its output.
	const items = predictionIds.map((id) => ({ json: { predictionId: id, status: 'processing' } }));
	return { workflowData: [items] };
}

/** The predictions that the node waits for: see {@link SleepRecord}. A webhook reads the node's context this way only. */
function asleepIn(context: IWebhookFunctions): string[] {
	// As character codes: a name may hold quotes, or the braces that end an expression.
	const name = [...context.getNode().name].map((letter) => letter.codePointAt(0)).join();
	const ids = context.evaluateExpression(
		`{{ $node[String.fromCodePoint(${name})].context.seedreamSleep.predictionIds }}`,
		0,
	);
	return asArray(ids).filter(isPredictionId);
}

/**
 * Makes n8n run the node again, now that its predictions are over. For a node that waited, n8n itself only hands on its
 * input: it disables the node in the execution that it resumes (n8n 2.41 and 1.123, `WaitingWebhooks.disableNode`).
 * Nothing in n8n's interface for webhooks reaches that; its context has it as `executeData`.
 */
function runAgain(context: IWebhookFunctions): void {
	const { executeData } = context as unknown as { executeData?: IExecuteData };
	if (executeData) executeData.node.disabled = false;
}

/**
 * If n8n cannot resume the execution, it answers with an error (2.x; 1.x answers before it resumes), and Atlas calls again:
 * that call has to count. So it has to if Atlas hung up before it was answered.
 */
function sleepAgainUnlessStarted(context: IWebhookFunctions, predictionId: string): void {
	const response = context.getResponseObject();
	response.once('close', () => {
		if (!response.writableFinished || response.statusCode >= 300) woken.delete(predictionId);
	});
}

function answer(message: string): IWebhookResponseData {
	return { webhookResponse: { message } };
}
