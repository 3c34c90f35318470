/* A sheet of pictures that a webhook lets edit, and the check of what came out against the sandbox's ledger. */
import assert from 'node:assert/strict';
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import type { Ledger } from '../../sandbox/types';
import type { Execution } from '../../scripts/n8n/execution';
import { chain } from '../../scripts/n8n/instance';
import type { Server, StoredWorkflow } from '../../scripts/n8n/server';
import type { QueueBench, Row } from './cases';
import { HASH, hashNode, newPath, promptOf, seedreamNode, webhookAndFiles } from './sheetNodes';
import { until } from '../../scripts/n8n/waitFor';

export interface PublishedSheet {
	workflow: StoredWorkflow;
	/** Of the webhook that runs it. */
	path: string;
	/** Where its pictures are. */
	folder: string;
}

/** Publishes a workflow that edits the files of a folder when its webhook is called. */
export async function publishSheet(
	bench: QueueBench,
	folder: string,
	options: IDataObject = {},
	editNode = seedreamNode,
): Promise<PublishedSheet> {
	const path = newPath();
	const workflow = await bench.main.createWorkflow({
		name: path,
		nodes: [...webhookAndFiles(path, folder), editNode(options), hashNode],
		connections: chain('Webhook', 'Read', 'Edit', HASH),
	});
	await bench.main.activate(workflow.id);
	return { workflow, path: `/webhook/${path}`, folder };
}

/** Calls the webhook of a sheet. Returns the ID of the execution that it started. */
export async function startSheet(server: Server, { workflow, path }: PublishedSheet): Promise<string> {
	const known = new Set((await server.listExecutions(workflow.id)).map(({ id }) => id));
	const response = await server.request(path, { method: 'POST' });
	assert.equal(response.status, 200, await response.text());
	let fresh: string[] = [];
	await until(async () => {
		const executions = await server.listExecutions(workflow.id);
		fresh = executions.map(({ id }) => id).filter((id) => !known.has(id));
		return fresh.length > 0;
	}, 'the execution that the call started');
	assert.equal(fresh.length, 1, 'executions that the call started');
	return fresh[0];
}

/** A sheet of which some rows are done, some are under way and some are still to come. */
export interface RunningSheet {
	rows: Row[];
	sheet: PublishedSheet;
	/** Of its execution. */
	id: string;
}

/** Charges at which a case may begin, or half of the sheet: some edits are done by then, and some are under way. */
const CHARGES_IN_THE_MIDDLE = 30;
/** Few edits at once. */
export const SLOW_OPTIONS = { concurrency: 10 };
/** Of the cases that use {@link inTheMiddle}. */
export const SLOW_SHEET = { sandbox: { predictSeconds: 3, jitter: 0 } };

/** Starts a sheet and waits until it is in the middle of its edits. */
export async function inTheMiddle(
	bench: QueueBench,
	count = 60,
	editNode = seedreamNode,
): Promise<RunningSheet> {
	const { rows, folder } = await bench.sheet(count);
	const sheet = await publishSheet(bench, folder, SLOW_OPTIONS, editNode);
	const id = await startSheet(bench.main, sheet);
	const { ledger } = bench.sandbox;
	const charges = Math.min(CHARGES_IN_THE_MIDDLE, count / 2);
	await until(() => ledger.charges.length >= charges, 'the middle of the sheet');
	assert.ok(ledger.charges.length < count, 'edits are still to come');
	return { rows, sheet, id };
}

/** What one row of a result has to say: where it came from, what was billed, and what it got. */
export interface ResultRow {
	fileName: string;
	predictionId: string;
	sha256: string;
}

export function sheetResults(execution: Execution): ResultRow[] {
	const read = execution.items('Read');
	return execution
		.expectSuccess()
		.items(HASH)
		.map(({ json, pairedItem }: INodeExecutionData, index) => {
			const fileName = String(json.fileName);
			// n8n's own link back to the row.
			const item = typeof pairedItem === 'object' && 'item' in pairedItem ? pairedItem.item : index;
			assert.equal(fileName, String(read[item].json.fileName), 'the row that the result is linked to');
			return { fileName, predictionId: String(json.predictionId), sha256: String(json.sha256) };
		});
}

/** That each row has the picture made of it, and that each was billed once. */
export function assertSheet(ledger: Ledger, rows: Row[], results: ResultRow[]): void {
	assertRows(ledger, rows, results);
	assert.equal(ledger.charges.length, rows.length, 'charges');
}

/** That each row has a picture made of it and billed, whatever else was billed. */
export function assertRows(ledger: Ledger, rows: Row[], results: ResultRow[]): void {
	const uploads = new Map(ledger.uploads.map(({ url, sha256 }) => [url, sha256]));
	const charged = new Set(ledger.charges.map(({ predictionId }) => predictionId));
	const byName = new Map(results.map((result) => [result.fileName, result]));
	assert.equal(results.length, rows.length, 'results');
	assert.equal(new Set(results.map(({ predictionId }) => predictionId)).size, rows.length, 'different IDs');
	for (const { fileName, sha256 } of rows) {
		const result = byName.get(fileName);
		assert.ok(result, `a result for ${fileName}`);
		const prediction = ledger.predictions.get(result.predictionId);
		assert.ok(prediction, `${fileName}: the prediction ${result.predictionId}`);
		const { images } = prediction.body as { images: string[] };
		assert.equal(prediction.prompt, promptOf(fileName), 'the prompt');
		assert.deepEqual(
			images.map((url) => uploads.get(url)),
			[sha256],
			`${fileName}: the input`,
		);
		assert.equal(result.sha256, prediction.outputSha256[0], `${fileName}: the picture that n8n keeps`);
		assert.ok(charged.has(result.predictionId), `${fileName}: charged`);
	}
}

export function pollsPerPrediction(ledger: Ledger): number {
	return ledger.count('prediction') / ledger.predictions.size;
}

/** Requests per prediction and refusals, to print. */
export function noteTraffic(bench: QueueBench): void {
	const { ledger } = bench.sandbox;
	const submits = ledger.requests.filter(({ endpoint }) => endpoint === 'submit');
	const refused = submits.filter(({ status }) => status === 429).length;
	bench.note(`${pollsPerPrediction(ledger).toFixed(1)} polls per prediction`);
	if (refused > 0) bench.note(`${((100 * refused) / submits.length).toFixed(0)}% of submits refused`);
}
