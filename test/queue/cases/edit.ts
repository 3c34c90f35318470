import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FormData } from 'undici';
import type { BinaryMode } from '../../../scripts/n8n/queueMode';
import { PROJECT_ROOT } from '../../../scripts/n8n/packNode';
import { post, publishExample } from '../../e2e/imported';
import { assertShows, assertSize } from '../../e2e/pictures';
import { queueCase } from '../cases';

for (const binaryMode of ['database', 'filesystem'] satisfies BinaryMode[]) {
	queueCase(
		`edit: a webhook answers with the image that a worker edited (${binaryMode})`,
		async (bench) => {
			await publishExample(bench, bench.main, 'webhook-api');
			const photo = await readFile(join(PROJECT_ROOT, 'examples', 'photo.jpg'));
			const form = new FormData();
			form.set('photo', new File([photo], 'mug.jpg', { type: 'image/jpeg' }));
			form.set('prompt', 'mirror it');
			const { status, contentType, bytes } = await post(bench.main, '/webhook/seedream-edit', form);
			assert.equal(status, 200, bytes.subarray(0, 500).toString('utf8'));
			assert.match(contentType, /^image\//);
			await assertSize(bytes, 2496, 1664);
			await assertShows(bytes, photo, (original) => original.flop());
			assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');
			const executed = bench.n8n.workers.flatMap(({ executionIds }) => executionIds);
			assert.ok(executed.length > 0, 'executions on the workers');
		},
		{ binaryMode },
	);
}
