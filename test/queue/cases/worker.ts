import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { RestError } from '../../../scripts/n8n/server';
import { queueCase, type QueueBench } from '../cases';
import {
	assertSheet,
	inTheMiddle,
	publishSheet,
	sheetResults,
	SLOW_OPTIONS,
	SLOW_SHEET,
	startSheet,
} from '../sheet';

/** Kills the worker of an execution. Returns how many edits were bought by then, the submit under way included. */
async function killWorkerOf(bench: QueueBench, executionId: string): Promise<number> {
	const { worker } = await bench.workerOf(executionId);
	await worker.kill();
	await delay(1000);
	return bench.sandbox.ledger.charges.length;
}

queueCase(
	'killed: a retry right after a worker was killed buys only the rest',
	async (bench) => {
		const { rows, id } = await inTheMiddle(bench);
		const { ledger } = bench.sandbox;
		const boughtBefore = await killWorkerOf(bench, id);
		const retried = await bench.main.retryExecution(id, { timeoutSeconds: 240 });
		bench.note(`${boughtBefore} of ${rows.length} bought before`);
		assertSheet(ledger, rows, sheetResults(retried));
	},
	SLOW_SHEET,
);

queueCase(
	'killed: once n8n has noticed a killed worker, the retry buys nothing twice',
	async (bench) => {
		const { rows, sheet, id } = await inTheMiddle(bench);
		const { ledger } = bench.sandbox;
		const boughtBefore = await killWorkerOf(bench, id);
		const killedAt = Date.now();
		const execution = await bench.main.waitForExecution(id, { timeoutSeconds: 180 });
		const nodes = Object.keys(execution.data?.resultData.runData ?? {}).length;
		bench.note(
			`${boughtBefore} of ${rows.length} bought before; “${execution.status}” after ` +
				`${((Date.now() - killedAt) / 1000).toFixed(0)} s with the data of ${nodes} nodes`,
		);
		assert.ok(['error', 'crashed'].includes(execution.status), execution.summary());
		assert.equal(ledger.charges.length, boughtBefore, 'nothing is bought after the death');

		const retried = await bench.main.retryExecution(id, { timeoutSeconds: 240 }).catch((error: unknown) => {
			if (error instanceof RestError) return undefined;
			throw error;
		});
		const complete = retried?.succeeded === true && retried.items('Edit').length === rows.length;
		bench.note(complete ? 'the retry completed the sheet' : 'the retry ran nothing');
		if (complete) {
			assertSheet(ledger, rows, sheetResults(retried));
			return;
		}
		// n8n's stalled check ends the execution without run data: then its retry has nothing to run.
		assert.equal(ledger.charges.length, boughtBefore, 'a retry that runs nothing buys nothing');

		// ---- Place of `reuseHours` ---------------------------------------------------------------------------
		// The way back from here is to run the sheet again and pay only for what is missing. This part runs as soon
		// as the packed node has the option. Without it the second run would buy all rows again.
		if (!(await hasReuseHours(bench))) {
			bench.note('reuseHours: not in this package yet');
			return;
		}
		const again = await publishSheet(bench, sheet.folder, { ...SLOW_OPTIONS, reuseHours: 1 });
		const second = await startSheet(bench.main, again);
		const resumed = await bench.main.waitForExecution(second, { timeoutSeconds: 240 });
		assertSheet(ledger, rows, sheetResults(resumed));
		bench.note(`reuseHours: ${boughtBefore} reused, ${rows.length - boughtBefore} bought`);
	},
	SLOW_SHEET,
);

async function hasReuseHours(bench: QueueBench): Promise<boolean> {
	const description = await bench.main.nodeDescription('n8n-nodes-seedream.seedreamEdit');
	return JSON.stringify(description).includes('"reuseHours"');
}

queueCase(
	'stopped: a worker with 90 s to end finishes its sheet',
	async (bench) => {
		const { rows, id } = await inTheMiddle(bench);
		const { worker } = await bench.workerOf(id);
		const asked = Date.now();
		const exitCode = await worker.stop(120);
		bench.note(`ended ${((Date.now() - asked) / 1000).toFixed(1)} s after SIGTERM, exit code ${exitCode}`);
		const execution = await bench.main.waitForExecution(id, { timeoutSeconds: 30 });
		assertSheet(bench.sandbox.ledger, rows, sheetResults(execution));
	},
	SLOW_SHEET,
);
