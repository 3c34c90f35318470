import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INodeParameters } from 'n8n-workflow';
import { request } from 'undici';
import type { NodeExport } from '../../../scripts/n8n/instance';
import { PROJECT_ROOT } from '../../../scripts/n8n/packNode';
import { e2e, model, type Bench } from '../cases';
import { readCsv, runExample } from '../imported';
import { openMedia } from '../media';
import { assertSize, openPicture } from '../pictures';

const IMAGE_EDIT = 'bytedance/seedream-v5.0-lite/edit';
const TEXT_TO_IMAGE = 'bytedance/seedream-v5.0-lite';
const IMAGE_TO_VIDEO = 'bytedance/seedance-v1.5-pro/image-to-video';
/** Made-up models of the sandbox. */
const SPEECH = 'fennel/speak-3/text-to-speech';
const LIPSYNC = 'upland/ridge-2/lipsync';

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
			[IMAGE_EDIT, 0.032],
			[IMAGE_EDIT, 0.032],
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

e2e('examples: images-from-a-sheet.json generates all rows and reports on each', async (bench) => {
	const { sandbox } = bench;
	const packaged = await readFile(join(PROJECT_ROOT, 'examples', 'posts.csv'), 'utf8');
	const [header, firstRow] = packaged.split('\n');
	const sheet = [header, firstRow, 'Tuesday,', 'Wednesday,refuse this', 'Thursday,a blue lamp'];
	await bench.file('posts.csv', Buffer.from(sheet.join('\n')));
	sandbox.addFault({
		endpoint: 'submit',
		match: 'refuse this',
		times: Infinity,
		action: { type: 'failTask', shape: 'moderation' },
	});
	await runExample(bench, 'images-from-a-sheet');

	const results = readCsv((await savedFile(bench, 'results.csv')).toString('utf8'));
	const column = (name: string) => results.map((row) => row[name]);
	assert.deepEqual(column('post'), ['Monday', 'Tuesday', 'Wednesday', 'Thursday']);
	assert.deepEqual(column('status'), ['completed', 'failed', 'failed', 'completed']);
	assert.deepEqual(column('priceUsd'), ['0.032', '', '', '0.032']);
	assert.deepEqual(column('file'), ['row-2.png', '', '', 'row-5.png']);
	const submitted = [...sandbox.ledger.predictions.values()];
	const ofPrompt = (prompt: string) => submitted.find((prediction) => prediction.prompt === prompt);
	const predictions = results.map(({ prompt }) => ofPrompt(prompt));
	assert.deepEqual(
		column('predictionId'),
		predictions.map((prediction) => prediction?.id ?? ''),
	);
	assert.match(results[1].error, /Prompt/);
	assert.ok(results[2].error.includes(predictions[2]!.id), results[2].error);

	assert.equal(sandbox.ledger.count('submit'), 3, 'submits');
	const charged = sandbox.ledger.charges.map(({ predictionId, priceUsd }) => [predictionId, priceUsd]);
	assert.deepEqual(charged.sort(), [0, 3].map((row) => [predictions[row]!.id, 0.032]).sort());
	assert.ok(submitted.every(({ model }) => model === TEXT_TO_IMAGE));
	for (const row of [0, 3]) {
		const saved = await savedFile(bench, results[row].file);
		assert.equal((await openPicture(saved)).format, 'png');
		await assertSize(saved, 2048, 2048);
		assert.equal(sha256(saved), predictions[row]!.outputSha256[0]);
	}
});

e2e('examples: voice-over.json saves the speech and makes the face in the video speak it', async (bench) => {
	await bench.file('video.mp4', await readFile(join(PROJECT_ROOT, 'test/fixtures/media/clip.mp4')));
	const execution = await runExample(bench, 'voice-over', chooseModels);

	const speech = await savedFile(bench, 'voice-over.wav');
	const spoken = await openMedia(speech);
	assert.equal(spoken.mimeType, 'audio/wav');
	assert.equal(spoken.video, null);
	const saved = await savedFile(bench, 'video-with-voice.mp4');
	const { mimeType, seconds, video, hasSound } = await openMedia(saved);
	assert.equal(mimeType, 'video/mp4');
	assert.ok(Math.abs(seconds - spoken.seconds) < 0.5, `${seconds} s for ${spoken.seconds} s of speech`);
	assert.ok(video, 'moving images');
	assert.ok(hasSound, 'sound');

	const { ledger } = bench.sandbox;
	const text = String(execution.item('Enter the Text').json.text);
	const [speechCharge, lipsyncCharge, ...others] = ledger.charges;
	assert.deepEqual([speechCharge.model, lipsyncCharge.model, others], [SPEECH, LIPSYNC, []]);
	assert.equal(speechCharge.priceUsd.toFixed(6), ((text.length * 0.05) / 1000).toFixed(6));
	assert.equal(lipsyncCharge.priceUsd.toFixed(3), (spoken.seconds * 0.06).toFixed(3));
	const [said, synced] = [...ledger.predictions.values()];
	assert.equal((said.body as { text: string }).text, text);
	assert.equal((synced.body as { audio: string }).audio, said.outputs[0]);
	assert.equal(sha256(speech), said.outputSha256[0]);
	assert.equal(sha256(saved), synced.outputSha256[0]);
});

/** What the note on the canvas tells people to do, with the sandbox’s models. */
function chooseModels(node: NodeExport): NodeExport {
	const choose = (id: string, value: INodeParameters): NodeExport => {
		const modelInputs = { ...(node.parameters.modelInputs as INodeParameters), value };
		return { ...node, parameters: { ...node.parameters, model: model(id), modelInputs } };
	};
	switch (node.name) {
		case 'Make the Speech':
			return choose(SPEECH, { text: '={{ $json.text }}', format: 'wav' });
		case 'Make the Face Speak':
			return choose(LIPSYNC, { video: 'data', audio: "={{ $('Make the Speech').first().json.fileUrl }}" });
		default:
			return node;
	}
}

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
