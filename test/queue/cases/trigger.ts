/* Predictions are submitted on a worker; Atlas Cloud Trigger is called at main or a webhook process, and its workflow
 * runs on a worker. */
import assert from 'node:assert/strict';
import { chain } from '../../../scripts/n8n/instance';
import { triggerPath, type StoredWorkflow } from '../../../scripts/n8n/server';
import type { Execution } from '../../../scripts/n8n/execution';
import { call, calledNode, repeatDroppedCalls, signCall, TRIGGER } from '../../e2e/calls';
import { until } from '../../../scripts/n8n/waitFor';
import { model, seedream, SMALL_MODEL } from '../../e2e/cases';
import { queueCase, type QueueBench, type Row } from '../cases';
import { startSheet } from '../sheet';
import { HASH, hashNode, newPath, promptOf, SHEET_OPTIONS, webhookAndFiles } from '../sheetNodes';

interface CalledWorkflow extends StoredWorkflow {
	/** Of the trigger. */
	path: string;
}

/** Publishes a workflow that runs when a prediction ends. */
async function publishCalled(bench: QueueBench): Promise<CalledWorkflow> {
	const webhookId = newPath();
	const workflow = await bench.main.createWorkflow({
		name: webhookId,
		nodes: [calledNode(webhookId), hashNode],
		connections: chain(TRIGGER, HASH),
	});
	await bench.main.activate(workflow.id);
	return { ...workflow, path: triggerPath({ webhookId }) };
}

/** Submits an edit for each file of a sheet, in an execution on a worker. */
async function submitSheet(bench: QueueBench, count: number, webhookUrl: string): Promise<Row[]> {
	const { rows, folder } = await bench.sheet(count);
	const path = newPath();
	const workflow = await bench.main.createWorkflow({
		name: path,
		nodes: [
			...webhookAndFiles(path, folder),
			seedream('Submit', {
				resource: 'prediction',
				operation: 'submit',
				model: model(SMALL_MODEL),
				prompt: `=${promptOf('{{ $json.fileName }}')}`,
				options: { ...SHEET_OPTIONS, webhookUrl },
			}),
		],
		connections: chain('Webhook', 'Read', 'Submit'),
	});
	await bench.main.activate(workflow.id);
	const id = await startSheet(bench.main, { workflow, path: `/webhook/${path}`, folder });
	const execution = await bench.main.waitForExecution(id);
	assert.equal(execution.expectSuccess().items('Submit').length, count, 'submits');
	await bench.workerOf(id);
	return rows;
}

/** Executions that calls started, when all of them are over. */
async function calledExecutions(bench: QueueBench, { id }: StoredWorkflow): Promise<Execution[]> {
	const stored = await bench.main.listExecutions(id);
	return await Promise.all(stored.map(async (one) => await bench.main.waitForExecution(one.id)));
}

/** Waits until each of so many predictions has been delivered. */
async function delivered(bench: QueueBench, count: number): Promise<void> {
	const { ledger } = bench.sandbox;
	await until(
		() => ledger.webhooks.filter(({ status }) => status === 200).length >= count,
		`${count} deliveries`,
		120,
	);
}

/** That each row started one execution, with its image, on a worker. */
async function assertCalled(bench: QueueBench, called: StoredWorkflow, rows: Row[]): Promise<void> {
	const { ledger } = bench.sandbox;
	const executions = await calledExecutions(bench, called);
	const items = executions.map((execution) => execution.expectSuccess().item(HASH).json);
	const predictions = items.map(({ predictionId }) => ledger.predictions.get(String(predictionId)));
	assert.deepEqual(
		predictions.map((prediction) => prediction?.prompt).sort(),
		rows.map(({ fileName }) => promptOf(fileName)).sort(),
		'one execution for each row',
	);
	assert.deepEqual(
		items.map(({ sha256 }) => sha256),
		predictions.map((prediction) => prediction?.outputSha256[0]),
		'the images that n8n keeps',
	);
	for (const { id } of executions) await bench.workerOf(String(id));
	assert.equal(ledger.charges.length, rows.length, 'charges');
}

/** Calls each address once more for each prediction. */
async function deliverAgain({ sandbox }: QueueBench, urls: string[]): Promise<void> {
	for (const predictionId of sandbox.ledger.predictions.keys()) {
		const signed = signCall(sandbox, predictionId);
		for (const url of urls) assert.equal(await call(url, signed), 200, 'a repeated call');
	}
}

const WEBHOOKS = { webhooks: { allowLoopback: true, redeliverAfterSeconds: Array<number>(120).fill(1) } };

queueCase(
	'trigger: signed calls at main start executions on the workers',
	async (bench) => {
		const called = await publishCalled(bench);
		const url = bench.main.url + called.path;
		const rows = await submitSheet(bench, 20, url);
		await delivered(bench, rows.length);
		await assertCalled(bench, called, rows);

		await deliverAgain(bench, [url]);
		const { body, headers } = signCall(bench.sandbox, 'made-up');
		assert.equal(await call(url, { body: `${body} `, headers }), 401, 'a forged call');
		await assertCalled(bench, called, rows);
	},
	{ binaryMode: 'filesystem', sandbox: WEBHOOKS },
);

queueCase(
	'trigger: calls while main is down come again; each starts one execution',
	async (bench) => {
		const called = await publishCalled(bench);
		const url = bench.main.url + called.path;
		const rows = await submitSheet(bench, 10, url);
		await bench.main.kill();
		const { webhooks } = bench.sandbox.ledger;
		await until(() => webhooks.length >= rows.length, 'calls while main is down');
		assert.ok(
			webhooks.every(({ status }) => status === null),
			'no answer while main is down',
		);
		await bench.n8n.startMain();
		await delivered(bench, rows.length);
		const dropped = await repeatDroppedCalls(bench.sandbox);
		await assertCalled(bench, called, rows);
		await deliverAgain(bench, [url]);
		await assertCalled(bench, called, rows);
		bench.note(
			`${webhooks.length} calls for ${rows.length} predictions; n8n dropped ${dropped} while it started`,
		);
	},
	{ sandbox: { ...WEBHOOKS, predictSeconds: 4 } },
);

queueCase(
	'trigger: a call that comes to main and to a webhook process starts one execution',
	async (bench) => {
		const called = await publishCalled(bench);
		const webhookProcess = await bench.n8n.startWebhookProcess();
		bench.atEnd(async () => void (await webhookProcess.stop()));
		const urls = [bench.main.url + called.path, webhookProcess.url + called.path];
		const rows: Row[] = [];
		for (const url of urls) {
			// Both know by now what came before this.
			await deliverAgain(bench, urls);
			rows.push(...(await submitSheet(bench, 10, url)));
			await delivered(bench, rows.length);
			await assertCalled(bench, called, rows);
		}
		await deliverAgain(bench, urls);
		await assertCalled(bench, called, rows);
	},
	{ sandbox: WEBHOOKS },
);
