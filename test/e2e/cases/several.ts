import assert from 'node:assert/strict';
import type { IConnections } from 'n8n-workflow';
import type { NodeExport } from '../../../scripts/n8n/instance';
import { e2e, readFileNode, seedream, trigger, type Bench } from '../cases';
import { assertSize, meanColour, paint } from '../pictures';

const RED = { r: 200, g: 30, b: 30 };
const BLUE = { r: 30, g: 30, b: 200 };

/** One item that holds two pictures, in the fields `first` (red) and `second` (blue). */
async function twoPictures(bench: Bench): Promise<{ nodes: NodeExport[]; connections: IConnections }> {
	const first = await bench.file('first.png', await paint(RED));
	const second = await bench.file('second.png', await paint(BLUE));
	return {
		nodes: [
			trigger(),
			readFileNode('Read first', first, 'first'),
			readFileNode('Read second', second, 'second'),
			{
				name: 'Merge',
				type: 'n8n-nodes-base.merge',
				typeVersion: 3,
				parameters: { mode: 'combine', combineBy: 'combineByPosition', options: {} },
			},
		],
		connections: {
			Start: {
				main: [
					[
						{ node: 'Read first', type: 'main', index: 0 },
						{ node: 'Read second', type: 'main', index: 0 },
					],
				],
			},
			'Read first': { main: [[{ node: 'Merge', type: 'main', index: 0 }]] },
			'Read second': { main: [[{ node: 'Merge', type: 'main', index: 1 }]] },
			Merge: { main: [[{ node: 'Edit', type: 'main', index: 0 }]] },
		},
	};
}

async function assertRedThenBlue(picture: Buffer): Promise<void> {
	// Below the white corners, above the strip.
	const left = await meanColour(picture, 0.1, 0.45, 0.4, 0.7);
	const right = await meanColour(picture, 0.6, 0.45, 0.9, 0.7);
	assert.ok(left.r > 150 && left.b < 80, `red on the left, not ${JSON.stringify(left)}`);
	assert.ok(right.b > 150 && right.r < 80, `blue on the right, not ${JSON.stringify(right)}`);
}

e2e('several: two pictures go into one edit, in their order', async (bench) => {
	const { nodes, connections } = await twoPictures(bench);
	const edit = seedream('Edit', {
		prompt: 'lay them side by side',
		images: 'first, second',
		size: '2048*2048',
	});
	const execution = await bench.execute({ nodes: [...nodes, edit], connections });
	const { json, binary } = execution.expectSuccess().item('Edit');
	const { ledger } = bench.sandbox;
	const { images } = ledger.charges[0].body as { images: string[] };

	assert.equal(ledger.charges.length, 1, 'charges');
	assert.equal(ledger.uploads.length, 2, 'uploads');
	assert.equal(images.length, 2, 'pictures of the edit');
	assert.equal(json.imageIndex, 0);
	const picture = await bench.instance.readBinary(binary?.data);
	await assertSize(picture, 2048, 2048);
	await assertRedThenBlue(picture);
});

e2e('several: * takes every picture of the item', async (bench) => {
	const { nodes, connections } = await twoPictures(bench);
	const edit = seedream('Edit', { prompt: 'side by side', images: '*', size: '2048*2048' });
	const execution = await bench.execute({ nodes: [...nodes, edit], connections });
	const { binary } = execution.expectSuccess().item('Edit');

	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');
	assert.equal(bench.sandbox.ledger.uploads.length, 2, 'uploads');
	await assertRedThenBlue(await bench.instance.readBinary(binary?.data));
});
