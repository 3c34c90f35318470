import type { ILoadOptionsFunctions } from 'n8n-workflow';
import { checkBaseUrl } from '../api/http/addresses';
import { AtlasClient } from '../api/http/client';
import { CREDENTIAL_TYPE } from './credential';
import { startClock } from './transport/n8nClock';
import { n8nHttp } from './transport/n8nHttp';

/**
 * A client for what the panel shows while a workflow is edited.
 * @throws AtlasError (`input`) for a Base URL that is not allowed
 */
export async function panelClient(context: ILoadOptionsFunctions): Promise<AtlasClient> {
	const credential = await context.getCredentials(CREDENTIAL_TYPE);
	return new AtlasClient({
		baseUrl: checkBaseUrl(String(credential.baseUrl)),
		http: n8nHttp(context, credential),
		clock: startClock(),
		signal: undefined,
	});
}
