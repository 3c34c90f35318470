import assert from 'node:assert/strict';
import type { Ledger } from '../../../sandbox/types';
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
	type RunningSheet,
} from '../sheet';
import { modelsNode, seedreamNode } from '../sheetNodes';

/** Kills the worker of an execution. Returns when, in ms. */
async function killWorkerOf(bench: QueueBench, executionId: string): Promise<number> {
	const { worker } = await bench.workerOf(executionId);
	await worker.kill();
	return Date.now();
}

/** A submit that was under way when its worker was killed can be billed this much later, in ms. */
const UNDER_WAY_MS = 2000;

/** How many edits were billed by a killed worker. */
const billedBefore = ({ charges }: Ledger, killedAtMs: number): number =>
	charges.filter(({ atMs }) => atMs < killedAtMs + UNDER_WAY_MS).length;

queueCase(
	'killed: a retry right after a worker was killed buys only the rest',
	async (bench) => {
		const { rows, id } = await inTheMiddle(bench);
		const { ledger } = bench.sandbox;
		await killWorkerOf(bench, id);
		bench.note(`${ledger.charges.length} of ${rows.length} billed before`);
		const retried = await bench.main.retryExecution(id, { timeoutSeconds: 240 });
		assertSheet(ledger, rows, sheetResults(retried));
	},
	SLOW_SHEET,
);

queueCase(
	'killed: once n8n has noticed a killed worker, the retry buys nothing twice',
	async (bench) => {
		const { rows, sheet, id } = await inTheMiddle(bench);
		const { ledger } = bench.sandbox;
		const killedAtMs = await killWorkerOf(bench, id);
		const execution = await bench.main.waitForExecution(id, { timeoutSeconds: 180 });
		const nodes = Object.keys(execution.data?.resultData.runData ?? {}).length;
		bench.note(
			`${billedBefore(ledger, killedAtMs)} of ${rows.length} billed before; “${execution.status}” after ` +
				`${((Date.now() - killedAtMs) / 1000).toFixed(0)} s with the data of ${nodes} nodes`,
		);
		assert.ok(['error', 'crashed'].includes(execution.status), execution.summary());
		const billed = ledger.charges.length;
		assert.equal(billed, billedBefore(ledger, killedAtMs), 'nothing is billed after the death');

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
		// n8n's stalled check ends the execution without run data: then its retry has nothing to run. The way back is to
		// run the sheet again.
		assert.equal(ledger.charges.length, billed, 'a retry that runs nothing bills nothing');

		await assertRunAgain(bench, { rows, sheet, id });
	},
	SLOW_SHEET,
);

queueCase(
	'killed: a sheet of Atlas Cloud Models runs again with reuseHours and bills only the rest',
	async (bench) => {
		const running = await inTheMiddle(bench, 24, modelsNode);
		await killWorkerOf(bench, running.id);
		await assertRunAgain(bench, running, modelsNode);
	},
	SLOW_SHEET,
);

/** Runs a sheet that died once more, with what was billed reused: all rows, each billed once. */
async function assertRunAgain(
	bench: QueueBench,
	{ rows, sheet }: RunningSheet,
	editNode = seedreamNode,
): Promise<void> {
	const { ledger } = bench.sandbox;
	const reused = ledger.charges.length;
	const again = await publishSheet(bench, sheet.folder, { ...SLOW_OPTIONS, reuseHours: 1 }, editNode);
	const id = await startSheet(bench.main, again);
	const resumed = await bench.main.waitForExecution(id, { timeoutSeconds: 240 });
	assertSheet(ledger, rows, sheetResults(resumed));
	bench.note(`reuseHours: ${reused} reused, ${rows.length - reused} billed`);
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
