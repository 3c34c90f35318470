import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INodeParameters } from 'n8n-workflow';
import { FormData } from 'undici';
import type { NodeExport } from '../../../scripts/n8n/instance';
import { PROJECT_ROOT } from '../../../scripts/n8n/packNode';
import { openPage, sendForm } from '../browser';
import { e2e, model } from '../cases';
import { download, importExample, post, publishExample } from '../imported';
import { openMedia } from '../media';

const IMAGE_EDIT = 'bytedance/seedream-v5.0-lite/edit';
const IMAGE_TO_VIDEO = 'bytedance/seedance-v1.5-pro/image-to-video';
/** Made-up models of the sandbox. */
const SPEECH = 'fennel/speak-3/text-to-speech';
const LIPSYNC = 'upland/ridge-2/lipsync';

e2e('examples: product-photo-to-video.json makes a video of the photo placed in a scene', async (bench) => {
	const server = await bench.server();
	const { id } = await publishExample(bench, server, 'product-photo-to-video');
	const photo = await bench.photo();
	const page = await openPage(bench, `${server.url}/form/product-video`);
	await page.setInputFiles('input[type=file]', photo);
	await page.locator('textarea').nth(0).fill('On a wooden table');
	await page.locator('textarea').nth(1).fill('Steam rises');
	await sendForm(page, 'Your video is ready');
	const shown = await page.locator('video source').getAttribute('src');

	const { ledger } = bench.sandbox;
	const [cleaned, scene, made] = [...ledger.predictions.values()];
	assert.equal(shown, made.outputs[0]);
	const [{ id: executionId }] = await server.listExecutions(id);
	const execution = await server.waitForExecution(executionId);
	const saved = await server.readBinary(execution.item('Make the Video').binary!.data);
	const { mimeType, seconds, video, hasSound } = await openMedia(saved);
	assert.equal(mimeType, 'video/mp4');
	assert.ok(Math.abs(seconds - 5) < 0.5, `a video of ${seconds} s`);
	assert.deepEqual(video, { width: 1280, height: 720 });
	assert.ok(hasSound, 'sound');
	assert.deepEqual(
		ledger.charges.map(({ model, priceUsd }) => [model, priceUsd]),
		[
			[IMAGE_EDIT, 0.032],
			[IMAGE_EDIT, 0.032],
			[IMAGE_TO_VIDEO, 0.222],
		],
	);
	const uploaded = await Promise.all(ledger.uploads.map(async ({ url }) => sha256(await download(url))));
	assert.deepEqual(uploaded, [sha256(await readFile(photo)), ...cleaned.outputSha256, ...scene.outputSha256]);
	assert.match(scene.prompt, /On a wooden table/);
	assert.equal(made.prompt, 'Steam rises');
	assert.equal(sha256(saved), made.outputSha256[0]);
});

e2e(
	'examples: long-video.json sleeps while n8n restarts, and wakes when Atlas Cloud calls',
	async (bench) => {
		const { sandbox } = bench;
		const redeliverAfterSeconds = Array.from({ length: 60 }, () => 1);
		sandbox.setOptions({
			// Long enough for n8n to stop before the call, on a busy machine, too: it would end what has just woken.
			predictSecondsByType: { Video: 30 },
			jitter: 0,
			webhooks: { allowLoopback: true, redeliverAfterSeconds },
		});
		const before = await bench.server();
		const { id: workflowId } = await importExample(bench, before, 'long-video');
		await before.activate(workflowId);
		const form = new FormData();
		form.set('field-0', new File([await readFile(await bench.photo())], 'mug.jpg', { type: 'image/jpeg' }));
		form.set('field-1', 'The camera circles the cup');
		assert.equal((await post(before, '/form/long-video', form)).status, 200);
		const asleep = await before.waitForNewExecution(workflowId, [], {
			until: ['waiting', 'error', 'success'],
		});
		assert.equal(asleep.status, 'waiting', asleep.summary());
		await before.stop();
		const server = await bench.restartServer();
		bench.atEnd(async () => await server.deactivate(workflowId));
		const over = (await server.waitForExecution(asleep.id!)).expectSuccess();
		const { ledger } = sandbox;
		const [made, ...others] = [...ledger.predictions.values()];
		assert.deepEqual(others, []);
		assert.equal(over.item('Get the Video').json.predictionId, made.id);
		assert.equal(ledger.webhooks.at(-1)!.status, 200, 'the call that woke it');
		assert.equal(ledger.count('prediction'), 1, 'polls: one, when it was over');
		const { seconds } = await openMedia(await server.readBinary(over.item('Get the Video').binary!.data));
		assert.ok(Math.abs(seconds - 12) < 0.5, `a video of ${seconds} s`);
		assert.equal(ledger.charges.length, 1, 'charges');
	},
);

e2e('examples: voice-over.json makes the face in a video speak', async (bench) => {
	const server = await bench.server();
	const { id } = await publishExample(bench, server, 'voice-over', chooseModels);
	const page = await openPage(bench, `${server.url}/form/voice-over`);
	await page.setInputFiles('input[type=file]', join(PROJECT_ROOT, 'test/fixtures/media/clip.mp4'));
	const text = 'Good morning! This is our new cup.';
	await page.fill('textarea', text);
	await sendForm(page, 'Your video is ready');
	const { ledger } = bench.sandbox;
	const [said, synced] = [...ledger.predictions.values()];
	assert.equal(await page.locator('video source').getAttribute('src'), synced.outputs[0]);

	const [{ id: executionId }] = await server.listExecutions(id);
	const execution = await server.waitForExecution(executionId);
	const fileOf = async (node: string) => await server.readBinary(execution.item(node).binary!.data);
	const spoken = await openMedia(await fileOf('Make the Speech'));
	assert.equal(spoken.mimeType, 'audio/wav');
	const { mimeType, seconds, video, hasSound } = await openMedia(await fileOf('Make the Face Speak'));
	assert.equal(mimeType, 'video/mp4');
	assert.ok(Math.abs(seconds - spoken.seconds) < 0.5, `${seconds} s for ${spoken.seconds} s of speech`);
	assert.ok(video, 'moving images');
	assert.ok(hasSound, 'sound');

	const [speechCharge, lipsyncCharge, ...others] = ledger.charges;
	assert.deepEqual([speechCharge.model, lipsyncCharge.model, others], [SPEECH, LIPSYNC, []]);
	assert.equal(speechCharge.priceUsd.toFixed(6), ((text.length * 0.05) / 1000).toFixed(6));
	assert.equal((said.body as { text: string }).text, text);
	assert.equal((synced.body as { audio: string }).audio, said.outputs[0]);
});

/** What the note on the canvas tells people to do, with the sandbox’s models. */
function chooseModels(node: NodeExport): NodeExport {
	const choose = (id: string, value: INodeParameters): NodeExport => {
		const modelInputs = { ...(node.parameters.modelInputs as INodeParameters), value };
		return { ...node, parameters: { ...node.parameters, model: model(id), modelInputs } };
	};
	switch (node.name) {
		case 'Make the Speech':
			return choose(SPEECH, { text: '={{ $json.Text }}', format: 'wav' });
		case 'Make the Face Speak':
			return choose(LIPSYNC, {
				video: "={{ $('Text and Video').first().binary.Video }}",
				audio: '={{ $json.fileUrl }}',
			});
		default:
			return node;
	}
}

function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}
