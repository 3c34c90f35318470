import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { e2e } from '../cases';
import { hosted, importExample, inChunksOf, post, publishExample, readCsv, runOnce } from '../imported';
import { assertShows, paint } from '../pictures';

e2e('recipes: spread-a-sheet edits a sheet in chunks and collects all rows in one sheet', async (bench) => {
	const { sandbox, instance } = bench;
	const server = await bench.server();
	const chunks = await publishExample(bench, server, 'spread-a-sheet-2-chunk');
	const box = await paint({ r: 200, g: 30, b: 30 });
	const photo = await hosted(bench, box, 'box.png');
	sandbox.addFault({
		endpoint: 'submit',
		match: 'refuse this',
		times: Infinity,
		action: { type: 'failTask', shape: 'moderation' },
	});
	const prompts = ['mirror it', 'refuse this', 'blur it', 'invert it', 'sepia'];
	const sheet = [
		'product,photo,prompt',
		...prompts.map((prompt, index) => `Box ${index},${photo},${prompt}`),
	];
	await bench.file('products.csv', Buffer.from(sheet.join('\n')));
	const split = await importExample(bench, server, 'spread-a-sheet-1-split', inChunksOf(2));
	await runOnce(server, split.id);

	const results = async () => readCsv(await readFile(join(instance.filesFolder, 'results.csv'), 'utf8'));
	const rows = await results();
	const idOf = (prompt: string) =>
		[...sandbox.ledger.predictions.values()].find(({ prompt: submitted }) => submitted === prompt)?.id;
	assert.deepEqual(
		rows.map(({ product, prompt, status, predictionId }) => [product, prompt, status, predictionId]),
		prompts.map((prompt, index) => [
			`Box ${index}`,
			prompt,
			prompt === 'refuse this' ? 'failed' : 'completed',
			idOf(prompt),
		]),
	);
	assert.ok(rows[1].error, 'why it failed');
	assert.equal(sandbox.ledger.count('submit'), prompts.length, 'submits');
	assert.equal((await server.listExecutions(chunks.id)).length, 3, 'executions, one per chunk');
	const mirrored = await readFile(join(instance.filesFolder, rows[0].file));
	await assertShows(mirrored, box, (original) => original.flop());

	// A chunk by itself, and the whole sheet again: only what failed is submitted anew.
	const { charges } = sandbox.ledger;
	assert.equal(charges.length, prompts.length - 1, 'charges');
	const chunk = prompts.slice(2, 4).map((prompt, index) => ({ row: index + 4, photo, prompt }));
	const answer = await post(server, '/webhook/seedream-chunk', { rows: chunk });
	assert.equal(answer.status, 200, answer.bytes.toString('utf8'));
	assert.deepEqual(
		(answer.json() as Array<{ predictionId: string }>).map(({ predictionId }) => predictionId),
		chunk.map(({ prompt }) => idOf(prompt)),
		'the predictions of a chunk that runs again',
	);
	await runOnce(server, split.id);
	const billed = ({ status }: Record<string, string>) => status === 'completed';
	assert.deepEqual(
		(await results()).filter(billed),
		rows.filter(billed),
		'the rows of a sheet that runs again',
	);
	assert.equal(sandbox.ledger.count('submit'), prompts.length + 1, 'submits');
	assert.equal(charges.length, prompts.length - 1, 'charges after running again');

	// Nobody takes the chunks any more.
	await server.deactivate(chunks.id);
	await runOnce(server, split.id);
	const lost = await results();
	assert.deepEqual(
		lost.map(({ product, status }) => [product, status]),
		prompts.map((_prompt, index) => [`Box ${index}`, 'unknown']),
	);
	assert.match(lost[0].error, /didn’t respond/);
	assert.equal(sandbox.ledger.count('submit'), prompts.length + 1, 'submits');
});
