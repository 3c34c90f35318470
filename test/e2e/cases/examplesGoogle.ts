import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { NodeExport } from '../../../scripts/n8n/instance';
import { e2e, trigger } from '../cases';
import { driveLink, GOOGLE_CREDENTIALS, SPREADSHEET, startGoogle } from '../google';
import { importExample, runOnce } from '../imported';
import { assertBlackAndWhite, assertShows } from '../pictures';

/** Signs in, and chooses the sheet as its note says. */
function connectGoogle(node: NodeExport): NodeExport {
	const type = Object.keys(node.credentials ?? {})[0];
	const credential = GOOGLE_CREDENTIALS.find((one) => one.type === type);
	if (!credential) return node;
	const { documentId, ...parameters } = node.parameters;
	return {
		...node,
		credentials: { [type]: { id: credential.id, name: credential.name } },
		parameters: {
			...parameters,
			...(documentId !== undefined && { documentId: { __rl: true, mode: 'url', value: SPREADSHEET } }),
		},
	};
}

e2e('examples: google-sheets-and-drive.json edits new rows, and writes the results back', async (bench) => {
	const { sandbox } = bench;
	const photo = await readFile(await bench.photo());
	const google = await startGoogle([
		['photo', 'prompt', 'status', 'result', 'priceUsd', 'error'],
		[driveLink('mug-photo-in-google-drive'), 'mirror it'],
		[driveLink('mug-photo-in-google-drive'), 'blur it', 'completed', 'an earlier result'],
		[driveLink('photo-that-was-deleted-since'), 'mirror it'],
		[driveLink('mug-photo-in-google-drive'), 'refuse this'],
		[driveLink('mug-photo-in-google-drive'), 'make it black and white'],
	]);
	bench.atEnd(async () => await google.close());
	google.files.set('mug-photo-in-google-drive', {
		id: 'mug-photo-in-google-drive',
		name: 'mug.jpg',
		mimeType: 'image/jpeg',
		bytes: photo,
	});
	sandbox.addFault({
		endpoint: 'submit',
		match: 'refuse this',
		times: Infinity,
		action: { type: 'failTask', shape: 'moderation' },
	});
	const server = await bench.startServer(google.env);
	const { id } = await importExample(bench, server, 'google-sheets-and-drive', connectGoogle);
	const run = async () => await runOnce(server, id);
	await run();

	const [, mirrored, earlier, gone, refused, blackAndWhite] = google.rows;
	const uploaded = [...google.files.values()].filter(({ name }) => name !== 'mug.jpg');
	assert.deepEqual(uploaded.map(({ name, mimeType }) => [name, mimeType]).sort(), [
		['mug-edited.png', 'image/png'],
		['mug-edited.png', 'image/png'],
	]);
	const result = (link: string) => uploaded.find((file) => driveLink(file.id) === link)!.bytes;
	assert.deepEqual([mirrored[2], mirrored[4], mirrored[5]], ['completed', '0.032', '']);
	await assertShows(result(mirrored[3]), photo, (original) => original.flop());
	assert.deepEqual([blackAndWhite[2], blackAndWhite[4], blackAndWhite[5]], ['completed', '0.032', '']);
	await assertBlackAndWhite(result(blackAndWhite[3]));
	assert.deepEqual(earlier.slice(1), ['blur it', 'completed', 'an earlier result']);
	assert.equal(gone[2], 'failed');
	assert.match(gone[5], /^Google Drive couldn’t open the photo/);
	assert.equal(refused[2], 'failed');
	const refusedId = [...sandbox.ledger.predictions.values()].find(
		({ prompt }) => prompt === 'refuse this',
	)!.id;
	assert.ok(refused[5].includes(refusedId), refused[5]);
	assert.equal(sandbox.ledger.charges.length, 2, 'charges');

	// As if a run had been interrupted before it wrote a result, and had found no room on the drive: the edits are reused.
	mirrored.splice(2);
	blackAndWhite.splice(2);
	google.refuseUploads(1);
	await run();
	const statuses = [mirrored[2], blackAndWhite[2]];
	assert.deepEqual(statuses.sort(), ['completed', 'failed']);
	assert.equal(sandbox.ledger.charges.length, 2, 'charges after running again');
	assert.equal(sandbox.ledger.count('submit'), 3, 'submits');
});

e2e('examples: drive-background-remover.json saves each new photo without its background', async (bench) => {
	const google = await startGoogle([]);
	bench.atEnd(async () => await google.close());
	const id = 'new-photo';
	google.files.set(id, {
		id,
		name: 'mug.jpg',
		mimeType: 'image/jpeg',
		bytes: await readFile(await bench.photo()),
	});
	const server = await bench.startServer(google.env);
	const workflow = await importExample(bench, server, 'drive-background-remover', (node) => {
		// Its trigger polls Google once a minute.
		if (node.type === 'n8n-nodes-base.googleDriveTrigger') return { ...trigger(), name: node.name };
		if (node.name !== 'Download the Photo') return connectGoogle(node);
		const parameters = { ...node.parameters, fileId: { __rl: true, mode: 'id', value: id } };
		return connectGoogle({ ...node, parameters });
	});
	await runOnce(server, workflow.id);
	assert.deepEqual(
		[...google.files.values()].map(({ name }) => name),
		['mug.jpg', 'mug-edited.png'],
	);
	const { ledger } = bench.sandbox;
	assert.equal(ledger.charges.length, 1, 'charges');
	assert.match(ledger.charges[0].prompt, /background/i);
});
