import { startSandbox, type Sandbox } from '../../sandbox';
import { Client, halves, LITE, plain } from './client';
import { generate, outputFiles, post, quote, SPEECH, TRANSCRIPT, UPSCALE, VIDEO } from './mediaModels';

let sandbox: Sandbox;
let client: Client;
let image: string;
let sound: string;

beforeAll(async () => {
	sandbox = await startSandbox({ predictSeconds: 0.03 });
	client = new Client(sandbox);
	image = await client.uploaded(await halves());
	const speech = await generate(client, 'Audio', { model: SPEECH, text: 'a'.repeat(90), format: 'wav' });
	sound = await client.uploaded((await outputFiles(speech))[0]!, 'voice.wav');
});

afterAll(async () => await sandbox.close());

describe('the schema is checked', () => {
	const shot = { model: VIDEO.text, prompt: 'a lake' };
	it.each<[string, string, object, RegExp]>([
		['a missing image', 'Video', { model: VIDEO.image }, /^image is required/],
		['a number over the maximum', 'Video', { ...shot, duration: 13 }, /^duration must be at most 12, got 13/],
		[
			'a choice that is none',
			'Video',
			{ ...shot, resolution: '720P' },
			/^resolution must be one of 480p, 720p/,
		],
		['text for a boolean', 'Video', { ...shot, camera_fixed: 'no' }, /^camera_fixed must be a boolean/],
		[
			'a number between the branches of a union',
			'Video',
			{ model: VIDEO.reference, prompt: 'x', duration: 3 },
			/^duration must be one of -1, or must be at least 4, got 3/,
		],
		[
			'too many references',
			'Video',
			{ model: VIDEO.reference, prompt: 'x', reference_videos: ['a', 'b', 'c', 'd'] },
			/^reference_videos must be at most 3 items/,
		],
		[
			'a wrong field of a referenced object',
			'Audio',
			{ model: SPEECH, text: 'x', pronunciation: { language: 1 } },
			/^pronunciation language must be a string/,
		],
		[
			'a transcript sent to generateVideo',
			'Video',
			{ model: TRANSCRIPT },
			/cannot be used with generateVideo/,
		],
	])('%s is refused', async (_name, type, body, message) => {
		const before = sandbox.ledger.predictions.size;
		const { status, json } = await post(client, `model/generate${type}`, body);
		expect({ status, msg: json['msg'] }).toEqual({
			status: 400,
			msg: expect.stringMatching(message) as string,
		});
		expect(sandbox.ledger.predictions.size).toBe(before);
	});

	it('refuses fields it does not declare only where that is switched on', async () => {
		const bodies = [
			{ ...shot, last_image: image },
			{ model: LITE, prompt: 'x', images: [image], max_images: 2 },
		];
		const send = async (): Promise<number[]> => {
			const [video, edit] = bodies;
			const replies = [post(client, 'model/calculate', video!), post(client, 'model/calculate', edit!)];
			return (await Promise.all(replies)).map(({ status }) => status);
		};
		expect(await send()).toEqual([200, 200]);
		sandbox.setOptions({ refuseUnknownFields: true });
		expect(await send()).toEqual([400, 400]);
		const hook = { ...shot, webhook_url: 'https://example.com/', enable_sync_mode: false };
		expect((await post(client, 'model/calculate', hook)).status).toBe(200);
		sandbox.setOptions({ refuseUnknownFields: false });
	});
});

it('quote creates nothing, and is the price of the prediction', async () => {
	const edit = {
		model: 'bytedance/seedream-v4/sequential',
		prompt: 'lakes',
		size: '1024*1024',
		max_images: 2,
	};
	const bodies: Array<['Image' | 'Video' | 'Audio', object, string]> = [
		['Image', edit, '0.054'],
		['Video', { model: VIDEO.text, prompt: 'a lake', duration: 12, resolution: '480p' }, '0.222'],
		['Video', { model: VIDEO.imageFast, image, duration: 6, resolution: '480p' }, '0.108'],
		['Audio', { model: SPEECH, text: 'a'.repeat(500) }, '0.025'],
		['Audio', { model: TRANSCRIPT, audio_url: sound }, '0.0006'],
		['Image', { model: UPSCALE, image }, '0.015'],
	];
	for (const [type, body, price] of bodies) {
		const before = sandbox.ledger.predictions.size;
		expect(await quote(client, body)).toMatchObject({ price, estimated: false, currency: 'USD' });
		expect(sandbox.ledger.predictions.size).toBe(before);
		expect((await generate(client, type, body))['price']).toBe(price);
	}
});

it.each([
	['an image for a sound', 'voice.wav', /audio: unsupported file type: not audio/],
	['a sound named as an image', 'voice.png', /no audio extension/],
])('a task with %s fails, and is not charged', async (_what, name, reason) => {
	const clip = { model: VIDEO.textFast, prompt: 'a lake', resolution: '480p', aspect_ratio: '4:3' };
	const [mp4] = await outputFiles(await generate(client, 'Video', clip));
	const video = await client.uploaded(mp4!, 'clip.mp4');
	const audio = await client.uploaded(await plain('red'), name);
	const charged = sandbox.ledger.charges.length;
	const data = await generate(client, 'Video', { model: VIDEO.lipsync, video, audio });
	expect(data).toMatchObject({ status: 'failed', error: expect.stringMatching(reason) as string });
	expect(sandbox.ledger.charges).toHaveLength(charged);
});
