import type {
	ICredentialDataDecryptedObject,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
} from 'n8n-workflow';
import { request } from 'undici';
import { searchModels } from '../../nodes/AtlasCloud/SeedreamEdit/operations';
import { startSandbox, type Sandbox } from '../../sandbox';

let sandbox: Sandbox;
beforeAll(async () => (sandbox = await startSandbox()));
afterAll(async () => await sandbox.close());

/** As much of n8n as the dropdown needs. */
function contextOf(credentials: ICredentialDataDecryptedObject): ILoadOptionsFunctions {
	const context = {
		getCredentials: async () => await Promise.resolve(credentials),
		helpers: {
			httpRequest: async ({ url, headers }: IHttpRequestOptions) =>
				await request(url, { headers: headers as Record<string, string> }),
		},
	};
	return context as unknown as ILoadOptionsFunctions;
}

const search = async (filter?: string, credentials: ICredentialDataDecryptedObject = sandboxAccount()) =>
	(await searchModels.call(contextOf(credentials), filter)).results;
const sandboxAccount = () => ({ apiKey: sandbox.apiKey, baseUrl: sandbox.baseUrl });

const KNOWN_IDS = [
	'bytedance/seedream-v5.0-lite/edit',
	'bytedance/seedream-v4/edit',
	'bytedance/seedream-v5.0-lite/edit-sequential',
	'bytedance/seedream-v4/edit-sequential',
];

it('lists the Seedream edit models with name, price per image, and page', async () => {
	const results = await search();
	expect(results).toContainEqual({
		name: 'Seedream v4 · $0.027 per image',
		value: 'bytedance/seedream-v4/edit',
		url: 'https://www.atlascloud.ai/models/bytedance/seedream-v4/edit',
	});
	const names = results.map(({ name }) => name);
	expect(names).toContain('v5.0 Lite Sequential · $0.032 per image');
	expect(names).toContain('Seedream v5.5 · from $0.02 per image');
	expect(results.map(({ value }) => value)).toEqual(expect.arrayContaining(KNOWN_IDS));
	for (const { value } of results) expect(value).toMatch(/\/seedream[^/]*\/edit(-sequential)?$/);
});

it('leaves out what Atlas hides', async () => {
	const hidden = 'harbor/seedream-hidden/edit';
	const answer = await request(`${sandbox.baseUrl}/api/v1/models`);
	expect(await answer.body.text()).toContain(hidden);
	expect((await search()).map(({ value }) => value)).not.toContain(hidden);
});

it.each([
	['V4', /v4/],
	[' lite ', /lite/],
	['bytedance/seedream-v4/edit-seq', /v4\/edit-sequential$/],
])('finds by "%s"', async (filter, value) => {
	const results = await search(filter);
	expect(results.length).toBeGreaterThan(0);
	for (const result of results) expect(result.value).toMatch(value);
});

describe('when the catalog cannot be had', () => {
	it.each([
		['the address does not answer', { apiKey: 'k', baseUrl: 'http://127.0.0.1:9' }],
		['the address is not allowed', { apiKey: 'k', baseUrl: 'http://example.com' }],
		['there is no address', { apiKey: 'k' }],
	])('offers the known models: %s', async (_name, credentials) => {
		const results = await search('', credentials);
		expect(results.map(({ value }) => value)).toEqual(KNOWN_IDS);
		expect(results[1]?.name).toBe('Seedream v4 · $0.027 per image');
		expect(await search('v5', credentials)).toHaveLength(2);
	});
});
