import type { Execution } from '../../../scripts/n8n/execution';
import { until, waitFor } from '../../../scripts/n8n/waitFor';
import { queueCase, type QueueBench } from '../cases';
import { assertSheet, inTheMiddle, sheetResults, SLOW_SHEET, type RunningSheet } from '../sheet';

/** Waits for the end of a sheet whatever it is, and retries what did not succeed: all rows, each billed once. */
async function assertCompletes(bench: QueueBench, { rows, id }: RunningSheet): Promise<void> {
	const execution = await endOf(bench, id);
	const message = execution.error?.message.slice(0, 200);
	bench.note(`“${execution.status}”${message ? `: ${message}` : ''}`);
	const { ledger } = bench.sandbox;
	if (execution.succeeded) {
		assertSheet(ledger, rows, sheetResults(execution));
		return;
	}
	bench.note(`${ledger.charges.length} of ${rows.length} bought before the retry`);
	const retried = await bench.main.retryExecution(id, { timeoutSeconds: 240 });
	assertSheet(ledger, rows, sheetResults(retried));
}

/** n8n needs a moment to store how an execution ended. */
const STORING_SECONDS = 10;

/**
 * An execution that ends while Postgres is away stays “running” in n8n for good (2.41): its end could not be stored.
 * Then this returns it as it is. A person can retry it all the same.
 */
async function endOf(bench: QueueBench, id: string): Promise<Execution> {
	await bench.main.waitUntilReady();
	let finishedAtMs = Infinity;
	return await waitFor(`the end of execution ${id}`, 240, async () => {
		const execution = await bench.main.getExecution(id);
		const isFinished = bench.n8n.workers.some((worker) => worker.hasFinished(id));
		if (isFinished) finishedAtMs = Math.min(finishedAtMs, Date.now());
		const isOver = execution.status !== 'running' && execution.status !== 'new';
		return isOver || Date.now() > finishedAtMs + STORING_SECONDS * 1000 ? execution : undefined;
	});
}

queueCase(
	'main: killed while a worker works, the sheet is finished all the same',
	async (bench) => {
		const running = await inTheMiddle(bench);
		const { charges } = bench.sandbox.ledger;
		const billed = charges.length;
		await bench.main.kill();
		await until(() => charges.length >= billed + 10, 'edits while main is down');
		await bench.n8n.startMain();
		const execution = await bench.main.waitForExecution(running.id, { timeoutSeconds: 240 });
		assertSheet(bench.sandbox.ledger, running.rows, sheetResults(execution));
	},
	SLOW_SHEET,
);

for (const service of ['postgres', 'redis'] as const) {
	queueCase(
		`${service}: away for 3 s in the middle of a sheet`,
		async (bench) => {
			const running = await inTheMiddle(bench);
			await bench.n8n[service].restart(3);
			await assertCompletes(bench, running);
		},
		SLOW_SHEET,
	);
}

queueCase(
	'redis: away until n8n gives up and ends; the retry after the restart buys only the rest',
	async (bench) => {
		// A worker goes on for ten seconds or more without Redis.
		const running = await inTheMiddle(bench, 150);
		const { main, workers } = bench.n8n;
		await bench.n8n.redis.stop();
		await until(
			() => !main.isRunning && workers.every((worker) => !worker.isRunning),
			'main and workers to end by themselves',
			120,
		);
		await bench.n8n.ensure();
		await assertCompletes(bench, running);
	},
	SLOW_SHEET,
);
