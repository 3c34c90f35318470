import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../scripts/n8n/packNode';
import { e2e } from '../cases';
import { hosted, readCsv, runExample } from '../imported';
import { assertBlackAndWhite, assertShows, assertSize, paint } from '../pictures';

e2e('recipes: spreadsheet-batch.json edits all rows and reports on each', async (bench) => {
	const { sandbox, instance } = bench;
	const photo = await readFile(await bench.photo());
	const mug = await hosted(bench, photo, 'mug.jpg');
	const box = await hosted(bench, await paint({ r: 200, g: 30, b: 30 }), 'box.png');
	const packaged = await readFile(join(PROJECT_ROOT, 'docs', 'recipes', 'products.csv'), 'utf8');
	const [header] = packaged.split('\n');
	const sheet = [
		`${header},price`,
		`Mug,${mug},mirror it,12.50`,
		`Gone,${new URL('/nothing/here.png', mug).href},mirror it,1`,
		`Refused,${box},"sepia, please",2`,
		`Box,${box},"make it ""black and white""; make it black and white",3`,
	];
	sandbox.addFault({
		endpoint: 'submit',
		match: 'sepia',
		times: Infinity,
		action: { type: 'failTask', shape: 'moderation' },
	});
	await bench.file('products.csv', Buffer.from(sheet.join('\n')));
	const execution = await runExample(bench, 'spreadsheet-batch');

	const saved = await readFile(join(instance.filesFolder, 'results.csv'), 'utf8');
	const results = readCsv(saved);
	const column = (name: string) => results.map((row) => row[name]);
	assert.deepEqual(column('product'), ['Mug', 'Gone', 'Refused', 'Box'], saved);
	assert.deepEqual(column('price'), ['12.50', '1', '2', '3'], 'the sheet’s own columns');
	assert.deepEqual(column('status'), ['completed', 'failed', 'failed', 'completed']);
	const submitted = [...sandbox.ledger.predictions.values()];
	const idOf = (prompt: string) => submitted.find((prediction) => prediction.prompt.includes(prompt))!.id;
	assert.equal(submitted.length, 3, 'submits');
	assert.deepEqual(column('predictionId'), [idOf('mirror'), '', idOf('sepia'), idOf('black')]);
	assert.deepEqual(column('priceUsd'), ['0.032', '', '', '0.032']);
	assert.deepEqual([results[0].error, results[3].error], ['', '']);
	assert.match(results[1].error, /nothing\/here\.png/);
	assert.ok(results[2].error.includes(idOf('sepia')), results[2].error);
	assert.equal(execution.items('Edit the Photos', 1).length, 2, 'rows on the error branch');

	const picture = async (row: number) => await readFile(join(instance.filesFolder, results[row].file));
	await assertShows(await picture(0), photo, (original) => original.flop());
	await assertBlackAndWhite(await picture(3));
});

e2e('recipes: upload-once-edit-many.json compares two models', async (bench) => {
	const photo = await readFile(await bench.photo());
	const execution = await runExample(bench, 'upload-once-edit-many');
	const { ledger } = bench.sandbox;
	assert.equal(ledger.uploads.length, 1, 'uploads');
	assert.deepEqual(ledger.charges.map((charge) => charge.model).sort(), [
		'bytedance/seedream-v4/edit',
		'bytedance/seedream-v5.0-lite/edit',
	]);
	assert.equal(ledger.maxRunning, 2, 'edits at the same time');
	const rows = execution.items('Compare the Results').map(({ json }) => json);
	assert.deepEqual(
		rows.map(({ model, size, priceUsd }) => [model, size, priceUsd]),
		[
			['bytedance/seedream-v5.0-lite/edit', '2496*1664', 0.032],
			['bytedance/seedream-v4/edit', '1536*1024', 0.027],
		],
	);
	for (const { file, size, predictTimeSeconds } of rows) {
		assert.ok(Number(predictTimeSeconds) > 0, 'seconds');
		const saved = await readFile(join(bench.instance.filesFolder, String(file)));
		const [width, height] = String(size).split('*').map(Number);
		await assertSize(saved, width, height);
		await assertShows(saved, photo, (original) => original.grayscale());
	}
});
