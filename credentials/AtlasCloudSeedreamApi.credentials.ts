import type {
	IAuthenticate,
	ICredentialTestRequest,
	ICredentialType,
	Icon,
	INodeProperties,
} from 'n8n-workflow';
import { BASE_URL_PATTERN } from '../nodes/AtlasCloud/api/http/baseUrlPattern';

/** The Base URL as the nodes read it, as an expression. */
const TRIMMED_BASE_URL = String.raw`$credentials.baseUrl.trim().replace(/\/+$/, "")`;

export class AtlasCloudSeedreamApi implements ICredentialType {
	name = 'atlasCloudSeedreamApi';

	displayName = 'Atlas Cloud (Seedream) API';

	icon: Icon = { light: 'file:../icons/seedream.svg', dark: 'file:../icons/seedream.dark.svg' };

	documentationUrl = 'https://github.com/n8n-nodes-seedream/n8n-nodes-seedream#first-edit-in-two-minutes';

	/** Instead of the fields that n8n adds: Custom API Call, the HTTP Request node, may use the key for Atlas's host only. */
	hideDomainRestrictionFields = true;

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			hint: 'Create one on the <a href="https://www.atlascloud.ai/console/api-keys" target="_blank">API Keys page</a> of the Atlas Cloud console',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.atlascloud.ai',
			required: true,
			description: 'Only change this to test against a local server',
		},
		{
			displayName: 'Allowed HTTP Request Domains',
			name: 'allowedHttpRequestDomains',
			type: 'hidden',
			default: 'domains',
		},
		{
			displayName: 'Allowed Domains',
			name: 'allowedDomains',
			type: 'hidden',
			default: 'api.atlascloud.ai',
		},
	];

	/**
	 * A function, because n8n 2.41 evaluates an expression in a sandbox of its own for each request: an eighth of a batch's
	 * processor time. Changes the options in place: a copy would count as reading the URL, see `n8n/http.ts`.
	 */
	authenticate: IAuthenticate = async ({ apiKey }, options) => {
		options.headers = { ...options.headers, Authorization: `Bearer ${String(apiKey).trim()}` };
		return options;
	};

	/**
	 * Reads the balance: the one cheap call that needs the key (the catalog does not). A Base URL that may not get the
	 * key is replaced by a host that does not exist.
	 */
	test: ICredentialTestRequest = {
		request: {
			baseURL: `={{ ${BASE_URL_PATTERN}.test(${TRIMMED_BASE_URL}) ? ${TRIMMED_BASE_URL} : "https://base-url-has-to-be-https.invalid" }}`,
			url: '/public/v1/balance',
			disableFollowRedirect: true,
		},
		rules: [
			{
				type: 'responseCode',
				properties: {
					value: 401,
					message:
						'This API key is not valid. Copy it again from the API Keys page of the Atlas Cloud console.',
				},
			},
			{
				type: 'responseCode',
				properties: {
					value: 403,
					message:
						'This API key is not allowed to read the account balance. Create a key with full access on the API Keys page of the Atlas Cloud console.',
				},
			},
		],
	};
}
