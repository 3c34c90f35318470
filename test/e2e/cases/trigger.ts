import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IDataObject } from 'n8n-workflow';
import type { Execution } from '../../../scripts/n8n/execution';
import { chain } from '../../../scripts/n8n/instance';
import { triggerPath, type Server } from '../../../scripts/n8n/server';
import { call, calledNode, repeatDroppedCalls, signCall, TRIGGER } from '../calls';
import { until } from '../../../scripts/n8n/waitFor';
import { e2e, seedream, webhookNode } from '../cases';
import { hosted, importExample, post } from '../imported';
import { assertShows } from '../pictures';

/** Executions that began with the trigger, the oldest first, when all are over. */
async function called(server: Server, workflowId: string): Promise<Execution[]> {
	const stored = await server.listExecutions(workflowId);
	const executions = await Promise.all(stored.map(async ({ id }) => await server.waitForExecution(id)));
	return executions.filter((execution) => execution.runs(TRIGGER).length > 0).reverse();
}

e2e('recipes: submit-and-be-called.json runs once for each edit that ends', async (bench) => {
	const { sandbox } = bench;
	sandbox.setOptions({ webhooks: { allowLoopback: true, redeliverAfterSeconds: [1, 1, 1] } });
	sandbox.addFault({
		endpoint: 'submit',
		match: 'refuse this',
		action: { type: 'failTask', shape: 'moderation' },
	});
	const server = await bench.server();
	const webhookId = 'when-an-edit-ends';
	const webhookUrl = `${server.url}${triggerPath({ webhookId })}`;
	const workflow = await importExample(bench, server, 'submit-and-be-called', (node) => {
		if (node.name === TRIGGER) return { ...node, webhookId };
		if (node.name !== 'Submit the Edit') return node;
		return { ...node, parameters: { ...node.parameters, options: { webhookUrl } } };
	});
	await server.activate(workflow.id);

	const photo = await readFile(await bench.photo());
	const imageUrl = await hosted(bench, photo, 'mug.jpg');
	const submitted: string[] = [];
	for (const prompt of ['mirror it', 'refuse this']) {
		const { status, json } = await post(server, '/webhook/submit-and-be-called', { imageUrl, prompt });
		assert.equal(status, 202, JSON.stringify(json()));
		submitted.push((json() as { predictionId: string }).predictionId);
		await until(
			async () => (await called(server, workflow.id)).length === submitted.length,
			`the end of ${prompt}`,
		);
	}
	assert.deepEqual(
		sandbox.ledger.webhooks.map(({ predictionId, status }) => [predictionId, status]),
		submitted.map((id) => [id, 200]),
		'deliveries',
	);
	const [done, failed] = await called(server, workflow.id);
	const { json, binary } = done.expectSuccess().item(TRIGGER);
	assert.deepEqual([json.predictionId, json.status, json.fileCount], [submitted[0], 'completed', 1]);
	const saved = await readFile(join(bench.instance.filesFolder, binary!.data.fileName!));
	await assertShows(saved, photo, (original) => original.flop());
	const reason: IDataObject = failed.expectSuccess().item('Failed: See failureReason').json;
	assert.deepEqual([reason.predictionId, reason.status], [submitted[1], 'failed']);
	assert.ok(reason.failureReason, 'why it failed');

	const signed = signCall(sandbox, submitted[0]);
	assert.equal(await call(webhookUrl, { ...signed, body: `${signed.body} ` }), 401, 'a forged call');
	assert.equal(await call(webhookUrl, { ...signed, headers: {} }), 401, 'an unsigned call');
	const repeated = [1, 2].map(async () => await call(webhookUrl, signed));
	assert.deepEqual(await Promise.all(repeated), [200, 200], 'repeated calls');
	assert.equal((await called(server, workflow.id)).length, 2, 'executions by calls');

	await server.stop();
	const restarted = await bench.restartServer();
	await until(async () => {
		const status = await call(webhookUrl, signCall(sandbox, submitted[0]));
		assert.ok(status === 200 || status === 404, `a repeated call after a restart: ${status}`);
		return status === 200;
	}, 'the webhook after a restart');
	assert.equal((await called(restarted, workflow.id)).length, 2, 'executions by calls after a restart');
	assert.equal(sandbox.ledger.count('submit'), 2, 'submits');
});

e2e('trigger: an event that comes while n8n is down starts one execution after its start', async (bench) => {
	const { sandbox } = bench;
	const redeliverAfterSeconds = Array.from({ length: 300 }, () => 1);
	sandbox.setOptions({
		predictSeconds: 10,
		jitter: 0,
		webhooks: { allowLoopback: true, redeliverAfterSeconds },
	});
	const server = await bench.server();
	const webhookId = 'while-n8n-restarts';
	const webhookUrl = `${server.url}${triggerPath({ webhookId })}`;
	const images = await hosted(bench, await readFile(await bench.photo()), 'mug.jpg');
	const submit = { resource: 'prediction', operation: 'submit', prompt: 'mirror it', images };
	const { id } = await server.createWorkflow({
		name: 'Restart',
		nodes: [
			calledNode(webhookId),
			webhookNode('submit-before-the-end', { responseMode: 'lastNode' }),
			seedream('Submit', { ...submit, options: { webhookUrl } }),
		],
		connections: chain('Webhook', 'Submit'),
	});
	await server.activate(id);
	bench.atEnd(async () => await (await bench.server()).deactivate(id));
	const { status, json } = await post(server, '/webhook/submit-before-the-end', {});
	assert.equal(status, 200, JSON.stringify(json()));
	const { predictionId } = json() as { predictionId: string };
	await server.kill();
	await until(() => sandbox.ledger.webhooks.length > 0, 'a call in vain');

	const restarted = await bench.restartServer();
	await until(() => sandbox.ledger.webhooks.at(-1)?.status === 200, 'the call that is taken');
	assert.equal(sandbox.ledger.webhooks[0].status, null, 'a call while n8n is down');
	await repeatDroppedCalls(sandbox);
	await until(async () => (await called(restarted, id)).length > 0, 'the execution');
	const [started] = await called(restarted, id);
	assert.equal(started.expectSuccess().item(TRIGGER).json.predictionId, predictionId);
	assert.equal(await call(webhookUrl, signCall(sandbox, predictionId)), 200, 'a repeated call');
	assert.equal((await called(restarted, id)).length, 1, 'executions');
});
