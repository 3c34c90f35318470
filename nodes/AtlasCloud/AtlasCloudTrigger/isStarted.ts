import type { IWebhookFunctions } from 'n8n-workflow';
import type { Clock } from '../api/flow/clock';

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
