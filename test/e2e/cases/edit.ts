import assert from 'node:assert/strict';
import { chain, type NodeExport } from '../../../scripts/n8n/instance';
import { CREDENTIALS, e2e, OWN_HOST_CREDENTIALS, readFileNode, seedream, trigger } from '../cases';
import { runOnce } from '../imported';

const PROMPT = 'make it black and white';

e2e('edit: three images of a photo, and Custom API Call for Atlas’s own host only', async (bench) => {
	const { baseUrl, ledger } = bench.sandbox;
	// What the editor offers for Custom API Call.
	const call = (name: string, credentials: NodeExport['credentials']): NodeExport => ({
		name,
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		credentials,
		parameters: {
			url: `${baseUrl}/public/v1/balance`,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: 'atlasCloudSeedreamApi',
			options: {},
		},
		onError: 'continueRegularOutput',
	});
	const server = await bench.server();
	const { id } = await server.createWorkflow({
		name: 'Edit a photo',
		nodes: [
			trigger(),
			readFileNode('Read', await bench.photo()),
			seedream('Edit', { prompt: PROMPT, numberOfImages: 3 }),
			call('Allowed', OWN_HOST_CREDENTIALS),
			call('Refused', CREDENTIALS),
		],
		connections: chain('Start', 'Read', 'Edit', 'Allowed', 'Refused'),
	});
	const execution = await runOnce(server, id);
	const images = execution.items('Edit');
	assert.deepEqual(
		images.map(({ json, binary }) => [json.imageIndex, binary?.data.fileName?.split('.')[0]]),
		[
			[0, 'photo-edited'],
			[1, 'photo-edited-2'],
			[2, 'photo-edited-3'],
		],
	);
	assert.equal(new Set(images.map(({ json }) => json.predictionId)).size, 3);
	assert.equal(ledger.charges.length, 3, 'charges');
	assert.equal(execution.items('Allowed')[0].json.error, undefined);
	const calls = ledger.requests.filter(({ path }) => path.includes('/public/v1/balance'));
	// n8n 1.123 does not hold the credential's domains, whose fields are hidden.
	if (bench.line === '2.x') assert.equal(calls.length, images.length, 'calls with the key');
});
