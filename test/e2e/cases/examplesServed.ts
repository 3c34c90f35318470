import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { FormData } from 'undici';
import { e2e } from '../cases';
import { importExample, post } from '../imported';
import { assertShows, assertSize } from '../pictures';

e2e('examples: webhook-api.json answers with the edited picture, or with what went wrong', async (bench) => {
	const server = await bench.startServer();
	const workflow = await importExample(bench, server, 'webhook-api');
	await server.activate(workflow.id);

	const photo = await readFile(await bench.photo());
	const form = new FormData();
	form.set('photo', new File([photo], 'mug.jpg', { type: 'image/jpeg' }));
	form.set('prompt', 'mirror it');
	const edited = await post(server, '/webhook/seedream-edit', form);
	assert.equal(edited.status, 200, edited.bytes.subarray(0, 500).toString('utf8'));
	assert.match(edited.contentType, /^image\//);
	await assertSize(edited.bytes, 2496, 1664);
	await assertShows(edited.bytes, photo, (original) => original.flop());
	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');

	const wish = new FormData();
	wish.set('prompt', 'mirror it');
	const refused = await post(server, '/webhook/seedream-edit', wish);
	const { error } = refused.json() as { error: { message: string } };
	assert.equal(refused.status, 422);
	assert.match(error.message, /binary field/);
	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');
});
