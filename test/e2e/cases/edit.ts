import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chain, type NodeExport } from '../../../scripts/n8n/instance';
import { API_KEY, CREDENTIALS, e2e, readFileNode, seedream, trigger } from '../cases';
import { assertBlackAndWhite, assertShows, assertSize } from '../pictures';

const PROMPT = 'make it black and white';
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

e2e('edit: a photo in one node', async (bench) => {
	const path = await bench.photo();
	const edited = join(bench.instance.filesFolder, 'edited.png');
	const execution = await bench.execute({
		nodes: [
			trigger(),
			readFileNode('Read', path),
			seedream('Edit', { prompt: PROMPT }),
			{
				name: 'Write',
				type: 'n8n-nodes-base.readWriteFile',
				typeVersion: 1,
				parameters: { operation: 'write', fileName: edited, dataPropertyName: 'data', options: {} },
			},
		],
		connections: chain('Start', 'Read', 'Edit', 'Write'),
	});
	const { json, binary, pairedItem } = execution.expectSuccess().item('Edit');

	// 3:2, as the photo.
	const picture = await bench.instance.readBinary(binary?.data);
	await assertSize(picture, 2496, 1664);
	await assertBlackAndWhite(picture);
	await assertShows(picture, await readFile(path), (original) => original.grayscale());
	assert.match(binary!.data.fileName!, /^photo-edited\.(png|jpg|jpeg)$/);
	assert.equal(
		binary!.data.mimeType,
		picture.subarray(1, 4).equals(Buffer.from('PNG')) ? 'image/png' : 'image/jpeg',
	);
	assert.equal(sha256(await readFile(edited)), sha256(picture), 'the next node got the same bytes');

	const { ledger } = bench.sandbox;
	const [charge] = ledger.charges;
	assert.equal(ledger.charges.length, 1, 'charges');
	assert.equal(ledger.count('submit'), 1, 'submits');
	assert.deepEqual(
		ledger.uploads.map((upload) => [upload.contentType, upload.sha256]),
		[['image/jpeg', sha256(await readFile(path))]],
	);
	assert.equal(charge.prompt, PROMPT);
	assert.equal(json.predictionId, charge.predictionId);
	assert.equal(json.status, 'completed');
	assert.equal(json.model, 'bytedance/seedream-v5.0-lite/edit');
	assert.equal(json.prompt, PROMPT);
	assert.equal(json.size, '2496*1664');
	assert.equal(json.imageIndex, 0);
	assert.equal(json.priceUsd, charge.priceUsd);
	assert.equal(ledger.predictions.get(charge.predictionId)?.outputs[0], json.imageUrl);
	assert.ok(!('error' in json));
	assert.deepEqual(pairedItem, { item: 0 });

	const files = ledger.requests.filter(({ remoteOrigin }) => remoteOrigin === 'files');
	assert.deepEqual(new Set(files.map(({ authorization }) => authorization)), new Set([null]));
	assert.ok(!JSON.stringify(execution.data).includes(bench.sandbox.apiKey), 'no key in the execution’s data');
});

e2e('edit: three images of a photo, and Custom API Call for Atlas’s own host only', async (bench) => {
	const { baseUrl, ledger } = bench.sandbox;
	const own = { id: 'credOwnHost00001', name: 'Own host', type: 'atlasCloudSeedreamApi' };
	const data = { apiKey: API_KEY, baseUrl, allowedDomains: '127.0.0.1' };
	await bench.instance.importCredentials({ ...own, data });
	// What the editor offers for Custom API Call.
	const call = (name: string, credentials: NodeExport['credentials']): NodeExport => ({
		name,
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		credentials,
		parameters: {
			url: `${baseUrl}/public/v1/balance`,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: own.type,
			options: {},
		},
		onError: 'continueRegularOutput',
	});
	const execution = await bench.execute({
		nodes: [
			trigger(),
			readFileNode('Read', await bench.photo()),
			seedream('Edit', { prompt: PROMPT, numberOfImages: 3 }),
			call('Allowed', { [own.type]: own }),
			call('Refused', CREDENTIALS),
		],
		connections: chain('Start', 'Read', 'Edit', 'Allowed', 'Refused'),
	});
	const images = execution.expectSuccess().items('Edit');
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
