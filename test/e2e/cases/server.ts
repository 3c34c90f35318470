import assert from 'node:assert/strict';
import type { NodeExport } from '../../../scripts/n8n/instance';
import { CREDENTIALS, e2e, model, seedream, WRONG_CREDENTIALS } from '../cases';

e2e(
	'server: the node is there, and the credential’s test tells a good key from a wrong one',
	async (bench) => {
		const server = await bench.server();
		assert.ok((await server.nodeTypes()).includes('n8n-nodes-seedream.seedreamEdit'));
		const type = 'atlasCloudSeedreamApi';
		const { baseUrl, apiKey } = bench.sandbox;
		const good = await server.testCredential({ ...CREDENTIALS[type], type, data: { baseUrl, apiKey } });
		const wrong = await server.testCredential({
			...WRONG_CREDENTIALS[type],
			type,
			data: { baseUrl, apiKey: 'no' },
		});
		assert.equal(good.status, 'OK', good.message);
		assert.equal(wrong.status, 'Error');
		// n8n 1.x has its own words for a 401.
		assert.match(wrong.message, /^(This API key is not valid\.|Authorization failed)/);
	},
);

e2e('server: the Size list has what the chosen model offers', async (bench) => {
	const server = await bench.server();
	const namesOf = async (id: string, more: Partial<NodeExport> = {}) => {
		const node = seedream('Edit', { model: model(`bytedance/seedream-${id}/edit`) }, more);
		return (await server.panelOptions(node, 'size', 'getSizes')).map(({ name }) => name);
	};
	assert.deepEqual(await namesOf('v4.7'), ['Match Input Image', '1K', '2K', '4K']);
	assert.ok((await namesOf('v5.5')).includes('Widescreen 16:9 · 2K'));
	assert.ok((await namesOf('v9')).includes('Widescreen 16:9 · 2848 × 1600 · 2K'), 'a model that Atlas lacks');
	const withoutCredentials = await namesOf('v4.7', { credentials: {} });
	assert.ok(withoutCredentials.includes('Square 1:1 · 2048 × 2048 · 2K'), 'without credentials');
});
