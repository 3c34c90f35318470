import assert from 'node:assert/strict';
import { queueCase } from '../cases';
import { assertRows, noteTraffic, publishSheet, sheetResults, startSheet } from '../sheet';

const ROWS = 50;
const PER_SECOND = 5;

queueCase(
	'limits: two executions share a limit of 5 submits per second',
	async (bench) => {
		const { rows, folder } = await bench.sheet(ROWS);
		const sheet = await publishSheet(bench, folder, { concurrency: 20 });
		const started = Date.now();
		const ids = [await startSheet(bench.main, sheet), await startSheet(bench.main, sheet)];
		const executions = await Promise.all(
			ids.map(async (id) => await bench.main.waitForExecution(id, { timeoutSeconds: 240 })),
		);
		const ideal = (ids.length * ROWS) / PER_SECOND;
		bench.note(
			`${((Date.now() - started) / 1000).toFixed(1)} s for ${ids.length * ROWS} edits, ideal ${ideal} s`,
		);
		noteTraffic(bench);
		const { ledger } = bench.sandbox;
		const results = executions.map(sheetResults);
		for (const ofOne of results) assertRows(ledger, rows, ofOne);
		const predictionIds = new Set(results.flat().map(({ predictionId }) => predictionId));
		assert.equal(predictionIds.size, ids.length * ROWS, 'no prediction is in both executions');
		assert.equal(ledger.charges.length, ids.length * ROWS, 'charges');
		const workers = await Promise.all(ids.map(async (id) => (await bench.workerOf(id)).index));
		bench.note(workers[0] === workers[1] ? 'both on one worker' : 'one on each worker');
	},
	{ sandbox: { limits: { submits: { perSecond: PER_SECOND, burst: PER_SECOND } } } },
);
