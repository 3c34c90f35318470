import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { e2e, type Bench } from '../cases';
import { runExample } from '../imported';
import { openMedia } from '../media';

const SCENE_EDIT = 'bytedance/seedream-v5.0-lite/edit';
const IMAGE_TO_VIDEO = 'bytedance/seedance-v1.5-pro/image-to-video';

e2e('examples: product-photo-to-video.json makes a video of the photo placed in a scene', async (bench) => {
	const photo = await readFile(await bench.photo());
	const execution = await runExample(bench, 'product-photo-to-video');

	const saved = await savedFile(bench, 'product-video.mp4');
	const { mimeType, seconds, video, hasSound } = await openMedia(saved);
	assert.equal(mimeType, 'video/mp4');
	assert.ok(Math.abs(seconds - 5) < 0.5, `a video of ${seconds} s`);
	assert.deepEqual(video, { width: 1280, height: 720 });
	assert.ok(hasSound, 'sound');

	const { ledger } = bench.sandbox;
	assert.deepEqual(
		ledger.charges.map(({ model, priceUsd }) => [model, priceUsd]),
		[
			[SCENE_EDIT, 0.032],
			[SCENE_EDIT, 0.032],
			[IMAGE_TO_VIDEO, 0.222],
		],
	);
	const [cleaned, scene, made] = [...ledger.predictions.values()];
	assert.equal(execution.item('Make the Video').json.predictionId, made.id);
	const uploaded = await Promise.all(ledger.uploads.map(async ({ url }) => sha256(await download(url))));
	assert.deepEqual(uploaded, [sha256(photo), ...cleaned.outputSha256, ...scene.outputSha256]);
	assert.equal(sha256(saved), made.outputSha256[0]);
	assert.equal((made.body as { image: string }).image, ledger.uploads[2].url);
});

async function savedFile(bench: Bench, name: string): Promise<Buffer> {
	return await readFile(join(bench.instance.filesFolder, name));
}

async function download(url: string): Promise<Buffer> {
	const { body } = await request(url);
	return Buffer.from(await body.arrayBuffer());
}

function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}
