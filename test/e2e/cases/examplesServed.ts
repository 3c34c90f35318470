import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FormData } from 'undici';
import { chatPath } from '../../../scripts/n8n/server';
import { until } from '../../../scripts/n8n/waitFor';
import { e2e } from '../cases';
import { download, hosted, importExample, post, publishExample, tableRows } from '../imported';
import { assertBlackAndWhite, assertShows, assertSize, paint } from '../pictures';

e2e('examples: webhook-api.json responds with the edited image, or with the error', async (bench) => {
	const server = await bench.server();
	await publishExample(bench, server, 'webhook-api');

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
	assert.match(error.message, /^No image found/);
	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');
});

// The data table is made by the workflow itself, which 1.x's Data Table node cannot do.
const MAKES_A_TABLE = { lines: ['2.x' as const] };

e2e(
	'recipes: fire-and-collect submits at once, and collects what is done by the clock',
	async (bench) => {
		const { sandbox } = bench;
		sandbox.setOptions({ predictSeconds: 2 });
		sandbox.addFault({
			endpoint: 'submit',
			match: 'refuse this',
			action: { type: 'failTask', shape: 'moderation' },
		});
		const server = await bench.server();
		await publishExample(bench, server, 'fire-and-collect-1-submit');
		const collect = await importExample(bench, server, 'fire-and-collect-2-collect', (node) =>
			node.type === 'n8n-nodes-base.scheduleTrigger'
				? { ...node, parameters: { rule: { interval: [{ field: 'seconds', secondsInterval: 2 }] } } }
				: node,
		);
		const photo = await readFile(await bench.photo());
		const imageUrl = await hosted(bench, photo, 'mug.jpg');
		const fired: string[] = [];
		for (const prompt of ['mirror it', 'refuse this']) {
			const { status, json } = await post(server, '/webhook/seedream-submit', { imageUrl, prompt });
			const answer = json() as { predictionId: string; status: string };
			assert.equal(status, 202, JSON.stringify(answer));
			assert.equal(answer.status, 'processing');
			fired.push(answer.predictionId);
		}
		assert.deepEqual(fired, [...sandbox.ledger.predictions.keys()]);
		const refused = await post(server, '/webhook/seedream-submit', { imageUrl, prompt: '' });
		assert.equal(refused.status, 422, refused.bytes.toString('utf8'));

		await server.activate(collect.id);
		const rows = async () => await tableRows(server, 'seedream edits');
		await until(async () => (await rows()).every(({ status }) => status !== 'processing'), 'both edits');
		await server.deactivate(collect.id);
		const [done, failed] = await rows();
		assert.deepEqual(
			[done.predictionId, done.status, done.prompt, done.error],
			[fired[0], 'completed', 'mirror it', ''],
		);
		const saved = await readFile(join(bench.instance.filesFolder, String(done.file)));
		await assertShows(saved, photo, (original) => original.flop());
		assert.deepEqual([failed.predictionId, failed.status], [fired[1], 'failed']);
		assert.ok(failed.error, 'why it failed');
		assert.equal(sandbox.ledger.count('submit'), 2, 'submits');
	},
	MAKES_A_TABLE,
);

e2e(
	'examples: conversation.json edits the latest image of each chat until it is told to start over',
	async (bench) => {
		const { sandbox } = bench;
		const server = await bench.server();
		const workflow = await publishExample(bench, server, 'conversation');
		const path = chatPath(workflow.nodes.find(({ type }) => type.endsWith('.chatTrigger'))!);
		const say = async (sessionId: string, chatInput: string, file?: Buffer): Promise<string> => {
			const form = new FormData();
			form.set('action', 'sendMessage');
			form.set('sessionId', sessionId);
			form.set('chatInput', chatInput);
			if (file) form.set('files', new File([file], 'mug.jpg', { type: 'image/jpeg' }));
			const body = file ? form : { action: 'sendMessage', sessionId, chatInput };
			const answer = await post(server, path, body);
			assert.equal(answer.status, 200, answer.bytes.toString('utf8'));
			return (answer.json() as { output: string }).output;
		};
		const picture = async (reply: string): Promise<Buffer> => {
			const [, url] = /!\[.*\]\((.+)\)/.exec(reply) ?? [];
			assert.ok(url, `a picture, not: ${reply}`);
			return await download(url);
		};
		const photo = await readFile(await bench.photo());
		const red = await paint({ r: 200, g: 30, b: 30 });

		assert.match(await say('ann', 'mirror it'), /The image wasn’t changed/);
		const first = await picture(await say('ann', 'mirror it', photo));
		await assertShows(first, photo, (original) => original.flop());
		await picture(await say('bob', 'brighter', red));
		const second = await picture(await say('ann', 'make it black and white'));
		await assertBlackAndWhite(second);
		await assertShows(second, photo, (original) => original.grayscale().flop());
		// A wish that fails leaves the picture as it was.
		assert.match(await say('ann', ''), /The image wasn’t changed/);
		const third = await picture(await say('ann', 'mirror it'));
		await assertShows(third, photo, (original) => original.grayscale());
		assert.match(await say('ann', 'Start over'), /start over/);
		assert.match(await say('ann', 'mirror it'), /The image wasn’t changed/);
		const bobs = await picture(await say('bob', 'mirror it'));
		await assertShows(bobs, await picture(await say('bob', 'mirror it')), (original) => original.flop());
		assert.equal(sandbox.ledger.charges.length, 6, 'charges');
		assert.deepEqual(
			(await tableRows(server, 'seedream chats')).map(({ sessionId }) => sessionId),
			['bob'],
		);
	},
	MAKES_A_TABLE,
);
