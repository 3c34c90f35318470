import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { inputError, truncate } from '../../api/errors';
import { asObject } from '../../api/json';
import type { PurchaseRequest } from '../../api/purchases/purchaseRequest';
import { objectionToWebhook } from '../../api/webhooks/webhookUrl';
import type { NodeRun } from '../nodeRun';
import { hasSlept } from './sleep';

/**
 * This node's part of the execution's resume URL. Without it, a call that comes again later would resume another node of
 * the execution, such as Wait.
 */
export const RESUME_PATH = 'atlas-cloud';

/** Completes a request by the option Wait By. @throws AtlasError (`input`), see {@link readResumeUrl} */
export function reportedRequest(
	run: NodeRun,
	options: IDataObject,
	request: PurchaseRequest,
): PurchaseRequest {
	const resumeUrl = readResumeUrl(run.context, options, request.webhookUrl, run.client.baseUrl);
	if (resumeUrl === undefined || hasSlept(run)) return request;
	return { ...request, webhookUrl: resumeUrl, isReported: true };
}

/**
 * The option Wait By: the address that wakes this execution up; undefined for polling.
 * @param webhookUrl what the option Webhook URL says
 * @param baseUrl the API's address
 * @throws AtlasError (`input`) if this execution cannot sleep, or Atlas cannot call this n8n
 */
function readResumeUrl(
	context: IExecuteFunctions,
	{ waitBy = 'polling' }: IDataObject,
	webhookUrl: string | undefined,
	baseUrl: string,
): string | undefined {
	if (waitBy === 'polling') return undefined;
	if (waitBy !== 'webhook') {
		throw inputError(
			`"${truncate(String(waitBy))}" is not a way to wait`,
			'Set Wait By to Polling or Webhook.',
		);
	}
	if (webhookUrl !== undefined) {
		throw inputError(
			'Wait By: Webhook can’t be combined with Webhook URL',
			'Atlas Cloud calls one address per prediction. Remove Webhook URL under Options, or set Wait By to Polling.',
		);
	}
	const obstacle = whyAwake(context);
	if (obstacle !== null) {
		throw inputError(`Wait By: Webhook doesn’t work ${obstacle}`, 'Set Wait By to Polling under Options.');
	}
	const url = String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0));
	const objection = objectionToWebhook(url, baseUrl);
	if (objection === null) return ownResumeUrl(url);
	throw inputError(
		`Atlas Cloud can’t call this n8n: its webhook address ${objection}`,
		`Set n8n’s WEBHOOK_URL to an https address that can be reached from the internet, or set Wait By to Polling under Options. [${URL.canParse(url) ? new URL(url).origin : truncate(url)}]`,
	);
}

/** n8n 2.x adds a token to its URL, which does not cover the path (2.41, `WaitingWebhooks.validateToken`). */
function ownResumeUrl(resumeUrl: string): string {
	const url = new URL(resumeUrl);
	url.pathname += `/${RESUME_PATH}`;
	return url.href;
}

/** Where n8n cannot put the execution to sleep, or would wake it up with something else; null if it can sleep. */
function whyAwake(context: IExecuteFunctions): string | null {
	if (context.getNode().type.endsWith('Tool')) return 'as an AI tool';
	const mode = context.getMode();
	// The workflow that called it would go on, in 1.x with its own input as if it were the result.
	if (mode === 'integrated') return 'in a sub-workflow';
	if (mode === 'evaluation') return 'in an evaluation';
	if (mode === 'cli') return 'on the command line';
	// In 1.x, the next chat message would resume the execution.
	const { responseMode } = asObject(context.getChatTrigger()?.parameters.options) ?? {};
	return responseMode === 'responseNodes' ? 'with a Chat Trigger that uses response nodes' : null;
}
