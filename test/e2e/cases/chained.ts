import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { chain } from '../../../scripts/n8n/instance';
import { e2e, readFileNode, seedream, trigger } from '../cases';
import { assertBlackAndWhite, assertShows, assertSize } from '../pictures';

e2e('chained: the second edit edits what came out of the first', async (bench) => {
	const path = await bench.photo();
	const execution = await bench.execute({
		nodes: [
			trigger(),
			readFileNode('Read', path),
			seedream('First', { prompt: 'make it black and white' }),
			seedream('Second', { prompt: 'mirror it' }),
		],
		connections: chain('Start', 'Read', 'First', 'Second'),
	});
	execution.expectSuccess();
	const { ledger } = bench.sandbox;
	const first = await bench.instance.readBinary(execution.item('First').binary?.data);
	const second = await bench.instance.readBinary(execution.item('Second').binary?.data);

	assert.deepEqual(
		ledger.charges.map(({ prompt }) => prompt),
		['make it black and white', 'mirror it'],
	);
	assert.equal(ledger.uploads.length, 2, 'uploads');
	assert.equal(ledger.uploads[1].sha256, createHash('sha256').update(first).digest('hex'));
	await assertSize(second, 2496, 1664);
	await assertBlackAndWhite(second);
	await assertShows(second, await readFile(path), (original) => original.grayscale().flop());
});
