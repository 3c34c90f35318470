/* Atlas Cloud Trigger, and the calls that it gets. */
import { fetch } from 'undici';
import type { Sandbox, SignedWebhook } from '../../sandbox';
import type { NodeExport } from '../../scripts/n8n/instance';
import { CREDENTIALS } from './cases';

export const TRIGGER = 'When an Edit Ends';

export const calledNode = (webhookId: string): NodeExport => ({
	name: TRIGGER,
	type: 'n8n-nodes-seedream.atlasCloudTrigger',
	typeVersion: 1,
	webhookId,
	credentials: CREDENTIALS,
	parameters: {},
});

/** The call for a prediction that has ended. */
export const signCall = (sandbox: Sandbox, predictionId: string): SignedWebhook =>
	sandbox.signWebhook(JSON.stringify({ session_id: predictionId, status: 'OK' }));

/** @returns the answer's status */
export async function call(url: string, { body, headers }: SignedWebhook): Promise<number> {
	const response = await fetch(url, { method: 'POST', body, headers });
	await response.body?.cancel();
	return response.status;
}

/** For a moment while it starts, n8n answers each call with this and status 200, and drops it: no node hears of it. */
const STARTING = 'n8n is starting up';

/**
 * Makes the calls again that n8n dropped. Atlas Cloud would not: it takes them for delivered.
 * @returns how many there were
 */
export async function repeatDroppedCalls(sandbox: Sandbox): Promise<number> {
	const dropped = sandbox.ledger.webhooks.filter(({ answer }) => answer?.includes(STARTING));
	for (const { predictionId, url } of dropped) {
		const status = await call(url, signCall(sandbox, predictionId));
		if (status !== 200) throw new Error(`A repeated call was answered ${status}.`);
	}
	return dropped.length;
}
