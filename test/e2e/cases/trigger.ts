import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IDataObject } from 'n8n-workflow';
import type { SignedWebhook } from '../../../sandbox';
import { triggerPath, type Server } from '../../../scripts/n8n/server';
import { e2e, until } from '../cases';
import { hosted, importExample, post } from '../imported';
import { assertShows } from '../pictures';

const TRIGGER = 'When an Edit Ends';
const PATH = triggerPath({ webhookId: 'when-an-edit-ends' });

/** Delivers by hand. @returns the answer's status */
async function deliver(server: Server, { body, headers }: SignedWebhook): Promise<number> {
	const response = await server.request(PATH, { method: 'POST', body, headers });
	await response.body?.cancel();
	return response.status;
}

e2e('recipes: submit-and-be-called.json runs once for each edit that ends', async (bench) => {
	const { sandbox } = bench;
	sandbox.setOptions({ webhooks: { allowLoopback: true, redeliverAfterSeconds: [1, 1, 1] } });
	sandbox.addFault({
		endpoint: 'submit',
		match: 'refuse this',
		action: { type: 'failTask', shape: 'moderation' },
	});
	const server = await bench.startServer();
	const workflow = await importExample(bench, server, 'submit-and-be-called', (node) => {
		if (node.name === TRIGGER) return { ...node, webhookId: 'when-an-edit-ends' };
		if (node.name !== 'Submit the Edit') return node;
		const options = { webhookUrl: `${server.url}${PATH}` };
		return { ...node, parameters: { ...node.parameters, options } };
	});
	await server.activate(workflow.id);

	/** Executions that began with the trigger, the oldest first. */
	const called = async (by: Server) => {
		const stored = await by.listExecutions(workflow.id);
		const executions = await Promise.all(stored.map(async ({ id }) => await by.waitForExecution(id)));
		return executions.filter((execution) => execution.runs(TRIGGER).length > 0).reverse();
	};
	const photo = await readFile(await bench.photo());
	const imageUrl = await hosted(bench, photo, 'mug.jpg');
	const submitted: string[] = [];
	for (const prompt of ['mirror it', 'refuse this']) {
		const { status, json } = await post(server, '/webhook/submit-and-be-called', { imageUrl, prompt });
		assert.equal(status, 202, JSON.stringify(json()));
		submitted.push((json() as { predictionId: string }).predictionId);
		await until(async () => (await called(server)).length === submitted.length, `the end of ${prompt}`);
	}
	assert.deepEqual(
		sandbox.ledger.webhooks.map(({ predictionId, status }) => [predictionId, status]),
		submitted.map((id) => [id, 200]),
		'deliveries',
	);
	const [done, failed] = await called(server);
	const { json, binary } = done.expectSuccess().item(TRIGGER);
	assert.deepEqual([json.predictionId, json.status, json.fileCount], [submitted[0], 'completed', 1]);
	const saved = await readFile(join(bench.instance.filesFolder, binary!.data.fileName!));
	await assertShows(saved, photo, (original) => original.flop());
	const reason: IDataObject = failed.expectSuccess().item('Failed: See failureReason').json;
	assert.deepEqual([reason.predictionId, reason.status], [submitted[1], 'failed']);
	assert.ok(reason.failureReason, 'why it failed');

	const body = JSON.stringify({ session_id: submitted[0], status: 'OK' });
	const { headers } = sandbox.signWebhook(body);
	assert.equal(await deliver(server, { body: `${body} `, headers }), 401, 'a forged call');
	assert.equal(await deliver(server, { body, headers: {} }), 401, 'an unsigned call');
	const repeated = [1, 2].map(async () => await deliver(server, { body, headers }));
	assert.deepEqual(await Promise.all(repeated), [200, 200], 'repeated calls');
	assert.equal((await called(server)).length, 2, 'executions by calls');

	await server.stop();
	const restarted = await bench.startServer();
	await until(async () => {
		const signed = sandbox.signWebhook(body);
		const status = await deliver(restarted, signed);
		assert.ok(status === 200 || status === 404, `a repeated call after a restart: ${status}`);
		return status === 200;
	}, 'the webhook after a restart');
	assert.equal((await called(restarted)).length, 2, 'executions by calls after a restart');
	assert.equal(sandbox.ledger.count('submit'), 2, 'submits');
});
