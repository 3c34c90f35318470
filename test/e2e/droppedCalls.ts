import type { Sandbox } from '../../sandbox';

/** For a moment while it starts, n8n answers each call with this and status 200, and drops it: no node hears of it. */
const STARTING = 'n8n is starting up';

/**
 * Makes the calls again that n8n dropped. Atlas Cloud would not: it takes them for delivered.
 * @returns how many there were
 */
export async function repeatDroppedCalls(sandbox: Sandbox): Promise<number> {
	const dropped = sandbox.ledger.webhooks.filter(({ answer }) => answer?.includes(STARTING));
	for (const { predictionId, url } of dropped) {
		const { body, headers } = sandbox.signWebhook(JSON.stringify({ session_id: predictionId, status: 'OK' }));
		const answer = await fetch(url, { method: 'POST', body, headers });
		if (!answer.ok) throw new Error(`A repeated call was answered ${answer.status}: ${await answer.text()}`);
		await answer.body?.cancel();
	}
	return dropped.length;
}
