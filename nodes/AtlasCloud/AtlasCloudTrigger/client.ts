import type { IWebhookFunctions } from 'n8n-workflow';
import { AtlasClient } from '../api/http/client';
import { checkBaseUrl } from '../api/http/addresses';
import { CREDENTIAL_TYPE } from '../shared/credential';
import { startClock } from '../shared/transport/n8nClock';
import { n8nHttp } from '../shared/transport/n8nHttp';

/** The API, for one delivery. @throws AtlasError (`input`) for a Base URL that is not allowed */
export async function clientOf(context: IWebhookFunctions): Promise<AtlasClient> {
	const credential = await context.getCredentials(CREDENTIAL_TYPE);
	const { baseUrl, apiKey } = credential;
	return new AtlasClient({
		baseUrl: checkBaseUrl(typeof baseUrl === 'string' ? baseUrl : ''),
		http: n8nHttp(context, credential),
		clock: startClock(),
		// n8n has no signal for a webhook: its requests end by their own time limits.
		signal: undefined,
		secret: typeof apiKey === 'string' ? apiKey.trim() : '',
	});
}
