import { assertSheet, noteTraffic, publishSheet, sheetResults, startSheet } from '../sheet';
import { queueCase, type QueueBench } from '../cases';

/** Runs a sheet in one execution and checks every row. */
async function runSheet(bench: QueueBench, count: number): Promise<void> {
	const { rows, folder } = await bench.sheet(count);
	const sheet = await publishSheet(bench, folder);
	const started = Date.now();
	const id = await startSheet(bench.main, sheet);
	const execution = await bench.main.waitForExecution(id, { timeoutSeconds: 300 });
	bench.note(`${((Date.now() - started) / 1000).toFixed(1)} s for ${count} edits`);
	assertSheet(bench.sandbox.ledger, rows, sheetResults(execution));
	noteTraffic(bench);
}

queueCase('sheet: 1,000 rows in one execution on one worker', async (bench) => await runSheet(bench, 1000));
queueCase(
	'sheet: 100 rows in one execution with binary data in a shared folder',
	async (bench) => await runSheet(bench, 100),
	{ binaryMode: 'filesystem' },
);
