import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeExport } from '../../../scripts/n8n/instance';
import { until } from '../../../scripts/n8n/waitFor';
import { model, SMALL_MODEL } from '../../e2e/cases';
import { hosted, importExample, inChunksOf, publishExample, readCsv } from '../../e2e/imported';
import { queueCase, type QueueBench, type Row } from '../cases';
import { assertRows, assertSheet, noteTraffic, pollsPerPrediction, type ResultRow } from '../sheet';
import { promptOf } from '../sheetNodes';

const withSmallModel = (node: NodeExport): NodeExport =>
	node.type.startsWith('n8n-nodes-seedream.')
		? { ...node, parameters: { ...node.parameters, model: model(SMALL_MODEL) } }
		: node;

/** The executions share the account's limits, so their polls must not multiply. */
const MAX_POLLS_PER_PREDICTION = 5;

interface SpreadSheet {
	rows: Row[];
	/** The workflow that splits the sheet and collects the results. */
	splitId: string;
	/** The workflow that runs once per chunk. */
	chunksId: string;
	/** The first execution of {@link splitId}. */
	executionId: string;
}

/** Starts the example on a sheet of links. */
async function startSpread(bench: QueueBench, count: number, chunkSize: number): Promise<SpreadSheet> {
	const { rows } = await bench.sheet(count);
	const lines = ['fileName,photo,prompt'];
	for (const { fileName, bytes } of rows) {
		lines.push(`${fileName},${await hosted(bench, bytes, fileName)},${promptOf(fileName)}`);
	}
	await writeFile(join(bench.instance.filesFolder, 'products.csv'), lines.join('\n'));
	const chunks = await publishExample(bench, bench.main, 'spread-a-sheet-2-chunk', withSmallModel);
	const split = await importExample(bench, bench.main, 'spread-a-sheet-1-split', inChunksOf(chunkSize));
	const executionId = await bench.main.runManually(split.id);
	return { rows, splitId: split.id, chunksId: chunks.id, executionId };
}

async function resultSheet(bench: QueueBench): Promise<Array<Record<string, string>>> {
	return readCsv(await readFile(join(bench.instance.filesFolder, 'results.csv'), 'utf8'));
}

async function resultRow(bench: QueueBench, row: Record<string, string>): Promise<ResultRow> {
	const bytes = await readFile(join(bench.instance.filesFolder, row.file));
	const sha256 = createHash('sha256').update(bytes).digest('hex');
	return { fileName: row.fileName, predictionId: row.predictionId, sha256 };
}

queueCase('spread: 1,000 rows in ten chunks over both workers', async (bench) => {
	const started = Date.now();
	const { rows, chunksId, executionId } = await startSpread(bench, 1000, 100);
	const startedEdits = Date.now();
	(await bench.main.waitForExecution(executionId, { timeoutSeconds: 400 })).expectSuccess();
	bench.note(`${((Date.now() - startedEdits) / 1000).toFixed(1)} s for 1000 edits`);
	bench.note(`${((startedEdits - started) / 1000).toFixed(1)} s to host the inputs`);
	noteTraffic(bench);
	const polls = pollsPerPrediction(bench.sandbox.ledger);
	assert.ok(polls <= MAX_POLLS_PER_PREDICTION, `${polls} polls per prediction`);

	const results = await resultSheet(bench);
	assert.deepEqual(
		results.map(({ fileName }) => fileName),
		rows.map(({ fileName }) => fileName),
		'the order of the sheet',
	);
	assert.deepEqual(new Set(results.map(({ error }) => error)), new Set(['']), 'rows that failed');
	const saved = await Promise.all(results.map(async (row) => await resultRow(bench, row)));
	assertSheet(bench.sandbox.ledger, rows, saved);
	const ids = new Set((await bench.main.listExecutions(chunksId)).map(({ id }) => id));
	const perWorker = bench.n8n.workers.map(
		({ executionIds }) => executionIds.filter((id) => ids.has(id)).length,
	);
	bench.note(`chunks per worker: ${perWorker.join(' and ')}`);
	assert.equal(ids.size, 10, 'executions, one per chunk');
	assert.ok(
		perWorker.every((chunks) => chunks > 0),
		`both workers took chunks, not ${perWorker.join(' and ')}`,
	);
});

queueCase(
	'spread: the rows of a killed worker are unknown in the sheet; run again, it buys only what is missing',
	async (bench) => {
		const { rows, splitId, chunksId, executionId } = await startSpread(bench, 80, 10);
		const { ledger } = bench.sandbox;
		await until(() => ledger.charges.length >= 30, '30 charges');
		const [worker] = bench.n8n.workers;
		await worker.kill();
		(await bench.main.waitForExecution(executionId, { timeoutSeconds: 240 })).expectSuccess();

		const results = await resultSheet(bench);
		const completed = results.filter(({ status }) => status === 'completed');
		const unknown = results.filter(({ status }) => status === 'unknown');
		bench.note(`${completed.length} rows completed, ${unknown.length} unknown: ${unknown[0]?.error}`);
		assert.deepEqual(
			results.map(({ fileName }) => fileName),
			rows.map(({ fileName }) => fileName),
			'the order of the sheet',
		);
		assert.equal(completed.length + unknown.length, rows.length);
		assert.ok(unknown.length > 0, 'rows of the killed worker');
		assert.equal(unknown.length % 10, 0, 'whole chunks');
		const wanted = new Set(completed.map(({ fileName }) => fileName));
		assertRows(
			ledger,
			rows.filter(({ fileName }) => wanted.has(fileName)),
			await Promise.all(completed.map(async (row) => await resultRow(bench, row))),
		);
		assert.ok(ledger.charges.length <= rows.length, `${ledger.charges.length} charges`);
		assert.equal((await bench.main.listExecutions(chunksId)).length, 8, 'executions, one per chunk');

		const billedBefore = ledger.charges.length;
		const again = await bench.main.runManually(splitId);
		(await bench.main.waitForExecution(again, { timeoutSeconds: 240 })).expectSuccess();
		const allResults = await resultSheet(bench);
		assertSheet(ledger, rows, await Promise.all(allResults.map(async (row) => await resultRow(bench, row))));
		bench.note(`run again: ${billedBefore} reused, ${rows.length - billedBefore} billed`);
	},
	{ sandbox: { predictSeconds: 4 } },
);
