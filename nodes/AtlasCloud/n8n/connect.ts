import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import type { CancelSignal, Clock } from '../api/time/clock';
import { sha256 } from '../api/hash';
import { checkBaseUrl } from '../api/http/addresses';
import { AtlasClient } from '../api/http/client';
import { startClock } from './clock';
import { n8nHttp, type RequestContext } from './http';

/** Not `atlasCloudApi`: the vendor's own package uses that name, with other fields. */
const CREDENTIAL_TYPE = 'atlasCloudSeedreamApi';

type ConnectContext = RequestContext & {
	getCredentials(type: string): Promise<ICredentialDataDecryptedObject>;
};

/** The API, as a node's credential reaches it. */
export interface Connection {
	client: AtlasClient;
	/** Tells accounts apart, without holding the key. */
	account: string;
}

/**
 * Reads the credential, once, and connects to the API with it.
 * @param signal the execution's cancel signal; panels and webhooks have none, and end by the requests' own time limits
 * @throws AtlasError (`input`) for a Base URL that is not allowed
 */
export async function connect(
	context: ConnectContext,
	clock: Clock = startClock(),
	signal?: CancelSignal,
): Promise<Connection> {
	const data = await context.getCredentials(CREDENTIAL_TYPE);
	const baseUrl = checkBaseUrl(typeof data.baseUrl === 'string' ? data.baseUrl : '');
	const secret = typeof data.apiKey === 'string' ? data.apiKey.trim() : '';
	const http = n8nHttp(context, { id: '', name: '', type: CREDENTIAL_TYPE, data });
	return {
		client: new AtlasClient(baseUrl, http, clock, signal, secret),
		account: sha256(`${baseUrl}\n${secret}`),
	};
}
