/* Files that n8n cannot read, cannot keep, or has deleted. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writePadded } from '../../../sandbox/padFile';
import type { Ledger } from '../../../sandbox/types';
import type { Execution } from '../../../scripts/n8n/execution';
import { chain } from '../../../scripts/n8n/instance';
import type { BinaryMode } from '../../../scripts/n8n/queueMode';
import { seedream } from '../../e2e/cases';
import { paint } from '../../e2e/pictures';
import { queueCase, type QueueBench } from '../cases';
import { assertSheet, publishSheet, sheetResults, startSheet } from '../sheet';
import { newPath } from '../sheetNodes';

/** Edits the images of a folder, to whatever end. */
async function run(bench: QueueBench, folder: string): Promise<Execution> {
	const id = await startSheet(bench.main, await publishSheet(bench, folder));
	return await bench.main.waitForExecution(id, { timeoutSeconds: 300 });
}

/** A folder with images of these sizes, in bytes. */
async function folderOf(bench: QueueBench, sizes: Record<string, number>): Promise<string> {
	const folder = join(bench.instance.filesFolder, `files-of-${newPath()}`);
	await mkdir(folder);
	const image = await paint({ r: 200, g: 60, b: 30 }, 64, 64);
	for (const [fileName, bytes] of Object.entries(sizes)) {
		await writePadded(image, 'png', join(folder, fileName), bytes);
	}
	return folder;
}

function assertNothingSent({ uploads, charges }: Ledger): void {
	assert.deepEqual([uploads.length, charges.length], [0, 0], 'uploads and charges');
}

queueCase(
	'files: more than n8n can read from its database is refused before anything is billed, just under it is edited',
	async (bench) => {
		const { ledger } = bench.sandbox;
		const over = await folderOf(bench, { 'a-small.png': 0, 'over.png': 257_000_000 });
		const { error } = await run(bench, over);
		assert.match(error?.message ?? '', /257 MB.* 256 MB/);
		assert.match(error?.description ?? '', /Nothing was submitted or billed.*N8N_DEFAULT_BINARY_DATA_MODE/);
		assertNothingSent(ledger);

		const under = await folderOf(bench, { 'under.png': 255_000_000 });
		(await run(bench, under)).expectSuccess();
		assert.deepEqual(
			ledger.uploads.map(({ bytes }) => bytes),
			[255_000_000],
		);
		assert.equal(ledger.charges.length, 1, 'charges');
	},
);

for (const binaryMode of ['database', 'filesystem'] satisfies BinaryMode[]) {
	queueCase(
		`files: an input that n8n has deleted is reported before anything is billed (${binaryMode})`,
		async (bench) => {
			bench.sandbox.addFault({
				endpoint: 'upload',
				times: Infinity,
				action: { type: 'status', status: 400 },
			});
			const { rows, folder } = await bench.sheet(3);
			const failed = await run(bench, folder);
			assert.equal(failed.succeeded, false);
			bench.sandbox.clearFaults();
			await bench.n8n.deleteBinaryData();
			const retried = await bench.main.retryExecution(String(failed.id));
			assert.match(
				retried.error?.message ?? '',
				new RegExp(`${rows[0].fileName}.* it isn’t there`),
				retried.summary(),
			);
			assert.match(retried.error?.description ?? '', /Nothing was submitted or billed/);
			assertNothingSent(bench.sandbox.ledger);

			// What the message advises: run it again from the node that returns the files.
			const again = await run(bench, folder);
			assertSheet(bench.sandbox.ledger, rows, sheetResults(again));
		},
		{ binaryMode },
	);
}

queueCase(
	'files: a result that is too large for the database says its ID and what to set, and is billed once',
	async (bench) => {
		const [first, second] = bench.n8n.workers;
		await second.stop();
		await first.stop();
		const worker = await bench.n8n.startWorker(0, { N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE: '1' });
		bench.atEnd(async () => void (await worker.stop()));

		const { folder } = await bench.sheet(1);
		const { error } = await run(bench, folder);
		const { ledger } = bench.sandbox;
		const [{ predictionId }] = ledger.charges;
		assert.ok(error?.message.includes(predictionId), error?.message);
		assert.match(error?.description ?? '', /Turn off the download.*N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE/);
		assert.equal(ledger.count('file'), 1, 'downloads');

		const wait = await bench.main.createWorkflow({
			name: newPath(),
			nodes: [
				{ name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} },
				seedream('Wait', {
					resource: 'prediction',
					operation: 'waitForCompletion',
					predictionId,
					options: { downloadImages: false },
				}),
			],
			connections: chain('Start', 'Wait'),
		});
		const waited = await bench.main.waitForExecution(await bench.main.runManually(wait.id));
		const { imageUrl } = waited.expectSuccess().item('Wait').json;
		assert.deepEqual([imageUrl], ledger.predictions.get(predictionId)?.outputs);
		assert.equal(ledger.charges.length, 1, 'charges');
	},
	{ sandbox: { outputBytes: 2_000_000 } },
);
