import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INodeExecutionData } from 'n8n-workflow';
import type { SandboxOptions } from '../../../sandbox';
import type { Execution, ExecutionStatus } from '../../../scripts/n8n/execution';
import { chain, type NodeExport, type WorkflowExport } from '../../../scripts/n8n/instance';
import type { Server } from '../../../scripts/n8n/server';
import { freePorts } from '../../../scripts/n8n/ports';
import { e2e, readFileNode, seedream, trigger, type Bench } from '../cases';
import { assertShows, paint } from '../pictures';

const COLORS = [
	{ r: 200, g: 30, b: 30 },
	{ r: 30, g: 200, b: 30 },
	{ r: 30, g: 30, b: 200 },
	{ r: 200, g: 200, b: 30 },
	{ r: 30, g: 200, b: 200 },
];

const EDIT = 'Edit "it" {{ }}';

/** Long enough for n8n to fall asleep; all five end, and call, at the same moment. */
const AT_ONCE: SandboxOptions = {
	predictSeconds: 5,
	jitter: 0,
	webhooks: { allowLoopback: true, redeliverAfterSeconds: Array.from({ length: 300 }, () => 1) },
};

interface Sheet {
	workflow: Omit<WorkflowExport, 'id'>;
	photos: Buffer[];
}

/** A trigger, images from files, an edit that sleeps, and a node that looks back at the row of each image. */
async function sheet(bench: Bench, name: string): Promise<Sheet> {
	const folder = join(bench.instance.filesFolder, name);
	await mkdir(folder, { recursive: true });
	const photos = await Promise.all(COLORS.map(async (color) => await paint(color)));
	for (const [index, photo] of photos.entries()) await writeFile(join(folder, `${index}.png`), photo);
	const parameters = { prompt: 'mirror it', options: { waitBy: 'webhook' } };
	return {
		photos,
		workflow: {
			name,
			nodes: [
				{
					name: 'Webhook',
					type: 'n8n-nodes-base.webhook',
					typeVersion: 2,
					webhookId: `id-of-${name}`,
					parameters: { path: name, httpMethod: 'POST', responseMode: 'onReceived', options: {} },
				},
				readFileNode('Read', join(folder, '*.png')),
				seedream(EDIT, parameters),
				{
					name: 'After',
					type: 'n8n-nodes-base.set',
					typeVersion: 3.4,
					parameters: {
						assignments: {
							assignments: [
								{ id: '1', name: 'row', type: 'string', value: "={{ $('Read').item.json.fileName }}" },
							],
						},
						includeOtherFields: true,
						options: {},
					},
				},
			],
			connections: chain('Webhook', 'Read', EDIT, 'After'),
		},
	};
}

async function start(server: Server, path: string): Promise<void> {
	const response = await server.request(`/webhook/${path}`, { method: 'POST', body: '' });
	assert.equal(response.status, 200, await response.text());
}

/** The image of an item, wherever this n8n keeps it. */
async function imageOf(server: Server, { binary }: INodeExecutionData): Promise<Buffer> {
	return binary?.data.id ? await server.readBinary(binary.data) : Buffer.from(binary!.data.data, 'base64');
}

/** Publishes the sheet, runs it, and waits until it sleeps. */
async function sleepingSheet(bench: Bench, server: Server, name: string) {
	const { workflow, photos } = await sheet(bench, name);
	const { id: workflowId } = await server.createWorkflow(workflow);
	await server.activate(workflowId);
	await start(server, name);
	const until: ExecutionStatus[] = ['waiting', 'error', 'success'];
	const asleep = await server.waitForNewExecution(workflowId, [], { until });
	assert.equal(asleep.status, 'waiting', asleep.summary());
	return { workflowId, photos, id: asleep.id!, ids: predictionIds(asleep) };
}

const predictionIds = (execution: Execution) =>
	execution.items(EDIT).map(({ json }) => String(json.predictionId));

/** Where Atlas was told to call. */
function resumeUrlOf({ sandbox }: Bench, predictionId: string): string {
	const { body } = sandbox.ledger.predictions.get(predictionId)!;
	return (body as { webhook_url: string }).webhook_url;
}

async function assertEdited(server: Server, over: Execution, photos: Buffer[]): Promise<void> {
	over.expectSuccess();
	assert.deepEqual(
		over.items('After').map(({ json }) => [json.row, json.status]),
		photos.map((_photo, index) => [`${index}.png`, 'completed']),
	);
	for (const [index, item] of over.items(EDIT).entries()) {
		await assertShows(await imageOf(server, item), photos[index], (original) => original.flop());
	}
}

e2e('wait by webhook: five edits sleep, five calls at once, and one execution goes on', async (bench) => {
	const { sandbox } = bench;
	// Long enough to call before their end on a busy machine, too.
	sandbox.setOptions({ ...AT_ONCE, predictSeconds: 20 });
	const server = await bench.startServer();
	const { id, ids, workflowId, photos } = await sleepingSheet(bench, server, 'five-asleep');

	const url = resumeUrlOf(bench, ids[0]);
	const { body, headers } = sandbox.signWebhook(JSON.stringify({ session_id: ids[0], status: 'OK' }));
	const call = async (init: { body: string; headers?: Record<string, string> }) => {
		const response = await server.request(url, { method: 'POST', ...init });
		await response.body?.cancel();
		return response.status;
	};
	assert.equal(await call({ body: `${body} `, headers }), 401, 'a forged call');
	assert.equal(await call({ body }), 401, 'an unsigned call');
	assert.equal(await call({ body, headers }), 503, 'a call before the end');
	assert.equal((await server.getExecution(id)).status, 'waiting');

	const over = await server.waitForExecution(id);
	await assertEdited(server, over, photos);
	assert.deepEqual(predictionIds(over), ids);
	assert.equal(over.runs('After').length, 1, 'runs after the sleep');
	assert.equal((await server.listExecutions(workflowId)).length, 1, 'executions');
	assert.equal(sandbox.ledger.charges.length, 5, 'charges');
	assert.equal(await call({ body, headers }), 409, 'a call after the end');
});

e2e('wait by webhook: a call that comes again does not resume a Wait node', async (bench) => {
	const { sandbox } = bench;
	sandbox.setOptions(AT_ONCE);
	const server = await bench.startServer();
	const { workflow, photos } = await sheet(bench, 'before-a-wait');
	const wait: NodeExport = {
		name: 'Wait',
		type: 'n8n-nodes-base.wait',
		typeVersion: 1.1,
		webhookId: 'id-of-wait',
		parameters: { resume: 'webhook', httpMethod: 'POST', options: {} },
	};
	const { id: workflowId } = await server.createWorkflow({
		...workflow,
		nodes: [...workflow.nodes, wait],
		connections: chain('Webhook', 'Read', EDIT, 'Wait', 'After'),
	});
	await server.activate(workflowId);
	await start(server, 'before-a-wait');
	const until: ExecutionStatus[] = ['waiting', 'error', 'success'];
	const { id } = await server.waitForNewExecution(workflowId, [], { until });
	const atWait = async () => (await server.getExecution(id!)).runs('Wait').length > 0;
	await bench.until(atWait, 'the Wait node');

	const execution = await server.getExecution(id!);
	assert.equal(execution.status, 'waiting', execution.summary());
	const [predictionId] = predictionIds(execution);
	const url = resumeUrlOf(bench, predictionId);
	const { body, headers } = sandbox.signWebhook(JSON.stringify({ session_id: predictionId, status: 'OK' }));
	const late = await server.request(url, { method: 'POST', body, headers });
	assert.equal(late.status, 404, await late.text());
	assert.equal((await server.getExecution(id!)).status, 'waiting');

	const address = url.replace('/atlas-cloud', '');
	assert.equal((await server.request(address, { method: 'POST', body: '' })).status, 200, 'a call for Wait');
	const over = (await server.waitForExecution(id!)).expectSuccess();
	assert.equal(over.items(EDIT).length, photos.length);
	assert.equal(over.runs('After').length, 1, 'runs after the Wait node');
});

e2e('wait by webhook: an execution sleeps through a crash of n8n', async (bench) => {
	const { sandbox } = bench;
	sandbox.setOptions(AT_ONCE);
	const [port] = await freePorts(1);
	const env = { N8N_PORT: String(port) };
	const server = await bench.startServer(env);
	const { id, photos } = await sleepingSheet(bench, server, 'through-a-crash');
	await server.kill();
	await bench.until(() => sandbox.ledger.webhooks.length > 0, 'calls in vain');
	const restarted = await bench.startServer(env);
	await assertEdited(restarted, await restarted.waitForExecution(id), photos);
	assert.equal(sandbox.ledger.charges.length, 5, 'charges');
	assert.ok(
		sandbox.ledger.webhooks.some(({ status }) => status === null),
		'calls in vain',
	);
});

e2e(
	'wait by webhook: a retry of a sleeping or cancelled execution returns no input as a result',
	async (bench) => {
		const { sandbox } = bench;
		sandbox.setOptions({ ...AT_ONCE, predictSeconds: 600 });
		const server = await bench.startServer();
		const { id, ids } = await sleepingSheet(bench, server, 'retried');
		const assertPlaceholders = (retried: Execution) => {
			retried.expectSuccess();
			assert.deepEqual(
				retried.items(EDIT).map(({ json, binary }) => [json.predictionId, json.status, binary]),
				ids.map((predictionId) => [predictionId, 'processing', undefined]),
			);
		};
		assertPlaceholders(await server.retryExecution(id));
		assert.equal((await server.getExecution(id)).status, 'waiting');
		await server.stopExecution(id);
		assert.equal((await server.getExecution(id)).status, 'canceled');
		assertPlaceholders(await server.retryExecution(id));
		assertPlaceholders(await server.retryExecution(id, { withSavedWorkflow: true }));
		assert.equal(sandbox.ledger.count('submit'), 5, 'submits');
	},
);

e2e('wait by webhook: each round of a loop, started by hand, sleeps for itself', async (bench) => {
	const { sandbox } = bench;
	sandbox.setOptions({ ...AT_ONCE, predictSeconds: 2 });
	const server = await bench.startServer();
	const { workflow, photos } = await sheet(bench, 'in-a-loop');
	const [, read, edit, after] = workflow.nodes;
	const loop: NodeExport = {
		name: 'Loop',
		type: 'n8n-nodes-base.splitInBatches',
		typeVersion: 3,
		parameters: { batchSize: 2, options: {} },
	};
	const { id } = await server.createWorkflow({
		...workflow,
		nodes: [trigger(), read, loop, edit, after],
		connections: {
			...chain('Start', 'Read', 'Loop'),
			Loop: { main: [[], [{ node: EDIT, type: 'main', index: 0 }]] },
			...chain(EDIT, 'After', 'Loop'),
		},
	});
	const executionId = await server.runManually(id);
	const over = (await server.waitForExecution(executionId)).expectSuccess();
	const rows = over.runs('After').flatMap(({ data }) => data?.main[0] ?? []);
	assert.deepEqual(
		rows.map(({ json }) => [json.row, json.status]),
		photos.map((_photo, index) => [`${index}.png`, 'completed']),
	);
	const images = over.runs(EDIT).flatMap(({ data }) => data?.main[0] ?? []);
	for (const [index, item] of images.entries()) {
		await assertShows(await imageOf(server, item), photos[index], (original) => original.flop());
	}
	assert.equal(sandbox.ledger.count('submit'), 5, 'submits');
});
