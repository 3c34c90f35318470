import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { chain } from '../../../scripts/n8n/instance';
import { e2e, readFileNode, seedream, trigger } from '../cases';
import { assertShows, assertSize } from '../pictures';

e2e('steps: upload, submit and wait in three nodes', async (bench) => {
	const path = await bench.photo();
	const execution = await bench.execute({
		nodes: [
			trigger(),
			readFileNode('Read', path),
			seedream('Upload', { resource: 'image', operation: 'upload' }),
			seedream('Submit', {
				resource: 'prediction',
				operation: 'submit',
				prompt: 'mirror it',
				images: '={{ $json.url }}',
			}),
			// Its prediction id is that of the item before, without a word about it.
			seedream('Wait', { resource: 'prediction', operation: 'waitForCompletion' }),
		],
		connections: chain('Start', 'Read', 'Upload', 'Submit', 'Wait'),
	});
	execution.expectSuccess();
	const { ledger } = bench.sandbox;

	const uploaded = execution.item('Upload');
	assert.equal(uploaded.json.url, ledger.uploads[0].url);
	assert.deepEqual(uploaded.json.urls, [ledger.uploads[0].url]);
	assert.equal(uploaded.binary, undefined, 'the link replaces the file');

	const submitted = execution.item('Submit').json;
	assert.equal(submitted.predictionId, ledger.charges[0].predictionId);
	assert.equal(submitted.prompt, 'mirror it');
	assert.equal(submitted.size, '2496*1664');
	assert.deepEqual(submitted.images, [ledger.uploads[0].url]);

	const { json, binary } = execution.item('Wait');
	assert.equal(json.status, 'completed');
	assert.equal(json.predictionId, submitted.predictionId);
	assert.equal(ledger.charges.length, 1, 'charges');
	const picture = await bench.instance.readBinary(binary?.data);
	await assertSize(picture, 2496, 1664);
	await assertShows(picture, await readFile(path), (original) => original.flop());
});
