import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadExample } from '../../../scripts/n8n/example';
import { CREDENTIALS, e2e } from '../cases';
import { assertBlackAndWhite, assertShows, assertSize } from '../pictures';

e2e('examples: edit-a-photo.json runs as it is imported', async (bench) => {
	const photo = await bench.photo();
	const { filesFolder } = bench.instance;
	const workflow = await loadExample('edit-a-photo', {
		id: 'exampleEditPhoto',
		filesFolder,
		credentials: CREDENTIALS,
	});
	const execution = (await bench.execute(workflow)).expectSuccess();
	const { binary } = execution.item('Seedream Edit');
	const saved = await readFile(join(filesFolder, binary!.data.fileName!));
	await assertSize(saved, 2496, 1664);
	await assertBlackAndWhite(saved);
	await assertShows(saved, await readFile(photo), (original) => original.grayscale());
	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');
});
