import type {
	IAuthenticateGeneric,
	ICredentialTestRequest,
	ICredentialType,
	Icon,
	INodeProperties,
} from 'n8n-workflow';

export class AtlasCloudSeedreamApi implements ICredentialType {
	name = 'atlasCloudSeedreamApi';

	displayName = 'Atlas Cloud (Seedream) API';

	icon: Icon = { light: 'file:../icons/seedream.svg', dark: 'file:../icons/seedream.dark.svg' };

	documentationUrl = 'https://github.com/n8n-nodes-seedream/n8n-nodes-seedream#credential';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description: 'From the API Keys page of the Atlas Cloud console',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.atlascloud.ai',
			required: true,
			description: 'Leave as it is, unless you run a stand-in of the API on this machine',
		},
	];

	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: { headers: { Authorization: '=Bearer {{$credentials.apiKey}}' } },
	};

	/**
	 * Reads the balance: the one cheap call that needs the key (the catalog does not). A Base URL that may not get the
	 * key is replaced by a host that does not exist.
	 */
	test: ICredentialTestRequest = {
		request: {
			baseURL:
				'={{ /^(https:\\/\\/|http:\\/\\/(localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1\\])([:\\/]|$))/i.test($credentials.baseUrl.trim()) ? $credentials.baseUrl.trim().replace(/\\/+$/, "") : "https://base-url-has-to-be-https.invalid" }}',
			url: '/public/v1/balance',
			disableFollowRedirect: true,
		},
	};
}
