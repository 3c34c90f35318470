import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { FormData } from 'undici';
import { chain, type NodeExport } from '../../../scripts/n8n/instance';
import type { Server, StoredWorkflow } from '../../../scripts/n8n/server';
import { e2e, readFileNode, seedream, trigger, type Bench } from '../cases';
import { assertBlackAndWhite, assertSize } from '../pictures';

const PROMPT = 'make it black and white';

const edit = (more: Partial<NodeExport> = {}) => seedream('Edit', { prompt: PROMPT }, more);

/** A workflow that edits what is posted to it; tells the post at once. */
async function editsPosts(server: Server, path: string): Promise<StoredWorkflow> {
	const workflow = await server.createWorkflow({
		name: path,
		nodes: [
			{
				name: 'Webhook',
				type: 'n8n-nodes-base.webhook',
				typeVersion: 2,
				webhookId: `id-of-${path}`,
				parameters: { path, httpMethod: 'POST', responseMode: 'onReceived', options: {} },
			},
			edit(),
		],
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

e2e('money: Retry On Fail pays once when the file host is down at first', async (bench) => {
	// One try of the node asks for a picture four times.
	bench.sandbox.addFault({
		endpoint: 'file',
		times: 5,
		match: '/outputs/',
		action: { type: 'status', status: 503 },
	});
	const execution = await bench.execute({
		nodes: [
			trigger(),
			readFileNode('Read', await bench.photo()),
			edit({ retryOnFail: true, maxTries: 2, waitBetweenTries: 100 }),
		],
		connections: chain('Start', 'Read', 'Edit'),
	});
	const { json, binary } = execution.expectSuccess().item('Edit');
	await assertBlackAndWhite(await bench.instance.readBinary(binary?.data));
	const { ledger } = bench.sandbox;
	assert.equal(ledger.count('submit'), 1, 'submits');
	assert.deepEqual(
		ledger.charges.map(({ predictionId }) => predictionId),
		[json.predictionId],
	);
});

e2e('money: a submit whose answer is lost is found in the history and paid once', async (bench) => {
	bench.sandbox.addFault({ endpoint: 'submit', action: { type: 'resetAfter' } });
	const execution = await bench.execute({
		nodes: [trigger(), readFileNode('Read', await bench.photo()), edit()],
		connections: chain('Start', 'Read', 'Edit'),
	});
	const { json, binary } = execution.expectSuccess().item('Edit');
	await assertSize(await bench.instance.readBinary(binary?.data), 2496, 1664);
	const { ledger } = bench.sandbox;
	assert.equal(ledger.count('submit'), 1, 'submits');
	assert.deepEqual(
		ledger.charges.map(({ predictionId }) => predictionId),
		[json.predictionId],
	);
});

e2e('money: a person’s retry of a failed execution fetches what is paid for', async (bench) => {
	bench.sandbox.addFault({
		endpoint: 'file',
		times: 4,
		match: '/outputs/',
		action: { type: 'status', status: 503 },
	});
	const server = await bench.startServer();
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

e2e('money: n8n killed between submit and result; the retry takes up what was paid for', async (bench) => {
	bench.sandbox.setOptions({ predictSeconds: 8, jitter: 0 });
	const server = await bench.startServer();
	const workflow = await editsPosts(server, 'kill-this');
	await post(bench, server, 'kill-this');
	const { ledger } = bench.sandbox;
	await bench.until(() => ledger.charges.length === 1, 'the submit');
	await bench.pause(0.5);
	await server.kill();

	const again = await bench.startServer();
	const [{ id }] = await again.listExecutions(workflow.id);
	await again.waitForExecution(id, { until: ['crashed', 'error'] });
	const retried = await again.retryExecution(id);
	const { json } = retried.expectSuccess().item('Edit');
	assert.equal(json.predictionId, ledger.charges[0].predictionId);
	assert.equal(ledger.count('submit'), 1, 'submits');
	assert.equal(ledger.charges.length, 1, 'charges');
});

e2e('money: n8n killed in the middle of twelve edits; the retry buys only the rest', async (bench) => {
	// Few at once, so that some are done, some are under way and some are still to come.
	bench.sandbox.setOptions({ predictSeconds: 4, jitter: 0 });
	const server = await bench.startServer();
	const path = 'kill-twelve';
	const workflow = await server.createWorkflow({
		name: path,
		nodes: [
			{
				name: 'Webhook',
				type: 'n8n-nodes-base.webhook',
				typeVersion: 2,
				webhookId: `id-of-${path}`,
				parameters: { path, httpMethod: 'POST', responseMode: 'onReceived', options: {} },
			},
			{
				name: 'Rows',
				type: 'n8n-nodes-base.splitOut',
				typeVersion: 1,
				parameters: { fieldToSplitOut: 'body.rows', options: {} },
			},
			readFileNode('Read', await bench.photo()),
			seedream('Edit', { prompt: PROMPT, options: { concurrency: 4 } }),
		],
		connections: chain('Webhook', 'Rows', 'Read', 'Edit'),
	});
	await server.activate(workflow.id);
	const rows = Array.from({ length: 12 }, (_row, number) => ({ number }));
	const body = JSON.stringify({ rows });
	const headers = { 'content-type': 'application/json' };
	await (await server.request(`/webhook/${path}`, { method: 'POST', body, headers })).text();
	const { ledger } = bench.sandbox;
	await bench.until(() => ledger.charges.length >= 6, 'the sixth submit');
	await server.kill();
	const boughtBefore = ledger.charges.length;
	assert.ok(boughtBefore < 12, 'killed in the middle');

	const again = await bench.startServer();
	const [{ id }] = await again.listExecutions(workflow.id);
	await again.waitForExecution(id, { until: ['crashed', 'error'] });
	const retried = await again.retryExecution(id);
	const items = retried.expectSuccess().items('Edit');
	const ids = new Set(items.map(({ json }) => json.predictionId));
	assert.equal(items.length, 12, 'items');
	assert.deepEqual(ids, new Set(ledger.charges.map(({ predictionId }) => predictionId)));
	assert.equal(ledger.charges.length, 12, 'charges');
});
