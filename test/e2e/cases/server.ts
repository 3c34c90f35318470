import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { FormData } from 'undici';
import { chain, type NodeExport } from '../../../scripts/n8n/instance';
import { CREDENTIALS, e2e, model, seedream, webhookNode, WRONG_CREDENTIALS } from '../cases';

e2e(
	'server: the node is there, and the credential’s test tells a good key from a wrong one',
	async (bench) => {
		const server = await bench.startServer();
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
	const server = await bench.startServer();
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

e2e('server: a cancel ends the wait at once and submits nothing more', async (bench) => {
	bench.sandbox.setOptions({ predictSeconds: 120, jitter: 0 });
	const server = await bench.startServer();
	const workflow = await server.createWorkflow({
		name: 'Cancel',
		nodes: [webhookNode('cancel-this'), seedream('Edit', { prompt: 'sepia' })],
		connections: chain('Webhook', 'Edit'),
	});
	await server.activate(workflow.id);
	const form = new FormData();
	form.set('data', new File([await readFile(await bench.photo())], 'mug.jpg', { type: 'image/jpeg' }));
	await (await server.request('/webhook/cancel-this', { method: 'POST', body: form })).text();
	const { ledger } = bench.sandbox;
	await bench.until(() => ledger.charges.length === 1, 'the submit');
	const [{ id }] = await server.listExecutions(workflow.id);
	await server.stopExecution(id);
	const execution = await server.waitForExecution(id, { timeoutSeconds: 10 });
	assert.equal(execution.status, 'canceled');
	await bench.pause(1);
	const requests = ledger.requests.length;
	await bench.pause(5);
	assert.equal(ledger.requests.length, requests, 'requests once it was cancelled');
	assert.equal(ledger.charges.length, 1, 'charges');
});
