import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import type { AtlasError } from '../api/errors';
import type { AtlasClient } from '../api/http/client';
import {
	isGenuine,
	keyIdOf,
	type Delivery,
	KeySet,
	readKeySet,
	type PublicKeys,
} from '../api/webhooks/signature';

/** What a webhook of ours does with a call: checks the sender, and answers. */

/** The call as Atlas Cloud signed it. */
export function deliveryOf(context: IWebhookFunctions): Delivery {
	const { rawBody } = context.getRequestObject() as { rawBody?: Uint8Array };
	return { headers: context.getHeaderData() as IDataObject, rawBody: rawBody ?? Buffer.alloc(0) };
}

/** Whether Atlas Cloud sent a call, not long ago. @throws AtlasError (`read`) if its keys cannot be read */
export async function isFromAtlas(client: AtlasClient, delivery: Delivery): Promise<boolean> {
	const keyId = keyIdOf(delivery);
	if (keyId === null) return false;
	return isGenuine(delivery, await keysFor(client, keyId), client.clock.nowMs());
}

/** The answer to a call that is not from Atlas Cloud. */
export function refuse(context: IWebhookFunctions): IWebhookResponseData {
	return respond(context, 401, 'This request has no valid signature of Atlas Cloud');
}

/** The answer that makes Atlas Cloud call again later. */
export function askAgain(context: IWebhookFunctions): IWebhookResponseData {
	return respond(context, 503, 'The prediction couldn’t be read. Deliver again later.');
}

/** The same for a call that could not be judged. The reason is in n8n's log. */
export function askAgainBecause(
	context: IWebhookFunctions,
	{ message, predictionId }: AtlasError,
): IWebhookResponseData {
	context.logger.warn(`${context.getNode().name}: ${message}`, { predictionId });
	return askAgain(context);
}

function respond(context: IWebhookFunctions, statusCode: number, message: string): IWebhookResponseData {
	context.getResponseObject().status(statusCode).json({ message });
	return { noWebhookResponse: true };
}

const JWKS_PATH = '/api/v1/webhooks/jwks.json';

/** By Base URL, and kept between deliveries: anybody can cause a reading. */
const keySets = new Map<string, KeySet>();

/**
 * The public keys to check a signature by this key with.
 * @throws AtlasError (`read`) if they cannot be read
 */
export async function keysFor(client: AtlasClient, keyId: string): Promise<PublicKeys> {
	const keySet = keySets.get(client.baseUrl) ?? new KeySet(client.clock);
	keySets.set(client.baseUrl, keySet);
	return await keySet.keysFor(keyId, async () => {
		const answer = await client.get(JWKS_PATH, 'read the keys of Atlas Cloud’s webhooks', {
			// The keys are public.
			authenticated: false,
			isUsable: (json) => readKeySet(json).size > 0,
		});
		return answer.json;
	});
}
