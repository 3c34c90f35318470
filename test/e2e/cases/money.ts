import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { FormData } from 'undici';
import { chain, type NodeExport } from '../../../scripts/n8n/instance';
import type { Server, StoredWorkflow } from '../../../scripts/n8n/server';
import { until } from '../../../scripts/n8n/waitFor';
import { type Bench, e2e, model, readFileNode, seedream, SMALL_MODEL, trigger, webhookNode } from '../cases';
import { assertBlackAndWhite } from '../pictures';

const PROMPT = 'make it black and white';

const edit = (more: Partial<NodeExport> = {}) => seedream('Edit', { prompt: PROMPT }, more);

/** A workflow that edits what is posted to it; tells the post at once. */
async function editsPosts(server: Server, path: string): Promise<StoredWorkflow> {
	const workflow = await server.createWorkflow({
		name: path,
		nodes: [webhookNode(path), edit()],
		connections: chain('Webhook', 'Edit'),
	});
	await server.activate(workflow.id);
	return workflow;
}

async function post(bench: Bench, server: Server, path: string): Promise<void> {
	const form = new FormData();
	form.set('data', new File([await readFile(await bench.photo())], 'mug.jpg', { type: 'image/jpeg' }));
	await (await server.request(`/webhook/${path}`, { method: 'POST', body: form })).text();
}

e2e('money: a person’s retry of a failed execution fetches what is paid for', async (bench) => {
	bench.sandbox.addFault({
		endpoint: 'file',
		times: 4,
		match: '/outputs/',
		action: { type: 'status', status: 503 },
	});
	const server = await bench.server();
	const workflow = await editsPosts(server, 'retry-this');
	await post(bench, server, 'retry-this');
	const failed = await server.waitForNewExecution(workflow.id);
	const { ledger } = bench.sandbox;
	const [{ predictionId }] = ledger.charges;
	assert.equal(failed.status, 'error');
	assert.ok(failed.error!.message.includes(predictionId), failed.error!.message);

	const retried = await server.retryExecution(failed.id!);
	const { json, binary } = retried.expectSuccess().item('Edit');
	assert.equal(json.predictionId, predictionId);
	await assertBlackAndWhite(await bench.instance.readBinary(binary?.data));
	assert.equal(ledger.count('submit'), 1, 'submits');
	assert.equal(ledger.charges.length, 1, 'charges');
});

e2e('money: n8n killed in the middle of twelve edits; the retry buys only the rest', async (bench) => {
	// Few at once, so that some are done, some are under way and some are still to come.
	bench.sandbox.setOptions({ predictSeconds: 4, jitter: 0 });
	const server = await bench.server();
	const path = 'kill-twelve';
	const workflow = await server.createWorkflow({
		name: path,
		nodes: [
			webhookNode(path),
			{
				name: 'Rows',
				type: 'n8n-nodes-base.splitOut',
				typeVersion: 1,
				parameters: { fieldToSplitOut: 'body.rows', options: {} },
			},
			readFileNode('Read', await bench.photo()),
			seedream('Edit', { model: model(SMALL_MODEL), prompt: PROMPT, options: { concurrency: 4 } }),
		],
		connections: chain('Webhook', 'Rows', 'Read', 'Edit'),
	});
	await server.activate(workflow.id);
	const rows = Array.from({ length: 12 }, (_row, number) => ({ number }));
	const body = JSON.stringify({ rows });
	const headers = { 'content-type': 'application/json' };
	await (await server.request(`/webhook/${path}`, { method: 'POST', body, headers })).text();
	const { ledger } = bench.sandbox;
	await until(() => ledger.charges.length >= 6, 'the sixth submit');
	await server.kill();
	const boughtBefore = ledger.charges.length;
	assert.ok(boughtBefore < 12, 'killed in the middle');

	const again = await bench.restartServer();
	const [{ id }] = await again.listExecutions(workflow.id);
	await again.waitForExecution(id, { until: ['crashed', 'error'] });
	const retried = await again.retryExecution(id);
	const items = retried.expectSuccess().items('Edit');
	const ids = new Set(items.map(({ json }) => json.predictionId));
	assert.equal(items.length, 12, 'items');
	assert.deepEqual(ids, new Set(ledger.charges.map(({ predictionId }) => predictionId)));
	assert.equal(ledger.charges.length, 12, 'charges');
});

e2e('money: eight rows, one blocked; run again by hand, only that one is billed', async (bench) => {
	const { sandbox } = bench;
	const server = await bench.server();
	const workflow = await server.createWorkflow({
		name: 'eight-rows',
		nodes: [
			trigger(),
			{
				name: 'Rows',
				type: 'n8n-nodes-base.set',
				typeVersion: 3.4,
				parameters: { mode: 'raw', jsonOutput: '={{ { rows: [1, 2, 3, 4, 5, 6, 7, 8] } }}', options: {} },
			},
			{
				name: 'Split',
				type: 'n8n-nodes-base.splitOut',
				typeVersion: 1,
				parameters: { fieldToSplitOut: 'rows', options: {} },
			},
			readFileNode('Read', await bench.photo()),
			seedream('Edit', { model: model(SMALL_MODEL), prompt: '={{ "row " + $itemIndex }}' }),
		],
		connections: chain('Start', 'Rows', 'Split', 'Read', 'Edit'),
	});
	const run = async () => await server.waitForExecution(await server.runManually(workflow.id));
	// It is billed, so that every submit counts.
	sandbox.setOptions({ chargeFailedTasks: true });
	sandbox.addFault({ endpoint: 'submit', nth: 3, action: { type: 'failTask', shape: 'moderation' } });
	const { error } = await run();
	assert.match(error?.description ?? '', /7 other \w+ of this run are billed/);
	assert.equal(sandbox.ledger.charges.length, 8, 'charges of the first run');

	const again = (await run()).expectSuccess();
	assert.equal(new Set(again.items('Edit').map(({ json }) => json.predictionId)).size, 8, 'predictions');
	assert.equal(sandbox.ledger.charges.length, 9, 'charges of both runs');
	assert.match(JSON.stringify(again.runs('Edit').at(-1)?.hints), /\b7 /);
});

e2e('money: Stop while a submit is on its way; run again by hand, it is billed once', async (bench) => {
	const { sandbox } = bench;
	const server = await bench.server();
	const { id } = await server.createWorkflow({
		name: 'stop-a-submit',
		nodes: [
			trigger(),
			readFileNode('Read', await bench.photo()),
			seedream('Edit', { model: model(SMALL_MODEL), prompt: PROMPT }),
		],
		connections: chain('Start', 'Read', 'Edit'),
	});
	sandbox.addFault({ endpoint: 'submit', action: { type: 'delay', seconds: 2 } });
	const stopped = await server.runManually(id);
	await until(() => sandbox.ledger.count('submit') > 0, 'the submit');
	await server.stopExecution(stopped);
	await until(() => sandbox.ledger.charges.length > 0, 'the charge');

	const again = await server.waitForExecution(await server.runManually(id));
	assert.equal(again.expectSuccess().item('Edit').json.predictionId, sandbox.ledger.charges[0].predictionId);
	assert.equal(sandbox.ledger.charges.length, 1, 'charges');
});
