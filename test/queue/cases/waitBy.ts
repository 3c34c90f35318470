import assert from 'node:assert/strict';
import { queueCase } from '../cases';
import { assertSheet, publishSheet, sheetResults, startSheet } from '../sheet';

queueCase(
	'wait by webhook: a sheet sleeps while its worker is killed, and another worker goes on',
	async (bench) => {
		const { ledger } = bench.sandbox;
		const { rows, folder } = await bench.sheet(10);
		const id = await startSheet(bench.main, await publishSheet(bench, folder, { waitBy: 'webhook' }));
		const { worker, index } = await bench.workerOf(id);
		await bench.main.waitForExecution(id, { until: ['waiting', 'error', 'success'] });
		assert.equal(ledger.webhooks.length, 0, 'calls before it slept');
		await worker.kill();
		const over = await bench.main.waitForExecution(id, { timeoutSeconds: 240 });
		assertSheet(ledger, rows, sheetResults(over));
		const [other] = bench.n8n.workers.filter((one) => one.isRunning);
		assert.ok(other.executionIds.includes(id), 'the other worker went on');
		bench.note(`worker ${index} slept, the other one downloaded; ${ledger.count('prediction')} polls`);
	},
	{
		sandbox: {
			predictSeconds: 30,
			jitter: 0,
			webhooks: { allowLoopback: true, redeliverAfterSeconds: Array.from({ length: 120 }, () => 1) },
		},
	},
);
