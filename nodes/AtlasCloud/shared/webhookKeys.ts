import type { AtlasClient } from '../api/http/client';
import { KeySet } from '../api/webhooks/keySet';
import { readKeySet, type PublicKeys } from '../api/webhooks/signature';

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
