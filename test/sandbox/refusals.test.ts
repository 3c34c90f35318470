/* What the stand-in Atlas Cloud refuses: otherwise the node's tests would prove nothing. */
import { startSandbox, type Sandbox } from '../../sandbox';
import { call, Client, halves, LITE, plain, V4 } from './client';
import { SPEECH, TRANSCRIPT, VIDEO } from './mediaModels';

let sandbox: Sandbox;
let client: Client;
let url: string;

beforeAll(async () => {
	sandbox = await startSandbox({ predictSeconds: 0.03, webhooks: { allowLoopback: true } });
	client = new Client(sandbox);
	url = await client.uploaded(await halves());
});

afterAll(async () => await sandbox.close());

const many = (count: number): string[] => Array.from({ length: count }, () => url);
const edit = (more: object): object => ({ model: LITE, prompt: 'nicer', images: [url], ...more });
const V45 = 'bytedance/seedream-v4.5/edit';
const V47 = 'bytedance/seedream-v4.7/edit';
const V55 = 'bytedance/seedream-v5.5/edit';
const V6 = 'bytedance/seedream-v6/edit';
const sequential = 'bytedance/seedream-v4/edit-sequential';

it.each<[string, object, number]>([
	['the smallest tier, one image', { size: '1K' }, 0.028],
	['a larger tier', { size: '2K' }, 0.043],
	['a larger tier and three images', { size: '2K', images: ['a', 'b', 'c'] }, 0.059],
])('prices v5.5 by what is sent: %s', async (_name, more, price) => {
	const { json } = await client.post('calculate', edit({ model: V55, ...more }));
	expect(json['data']).toMatchObject({ price: String(price) });
});

it.each<[string, () => object | string, number, RegExp]>([
	['no JSON', () => '{"model": ', 400, /JSON/],
	['an unknown model', () => edit({ model: 'bytedance/seedream-v9/edit' }), 404, /model not found/],
	['no prompt', () => edit({ prompt: undefined }), 400, /prompt/],
	['an empty list of images', () => edit({ images: [] }), 400, /images/],
	['15 images for v5.0 Lite', () => edit({ images: many(15) }), 400, /at most 14/],
	['a size of v5.0 Lite that is none of the sixteen', () => edit({ size: '2048*2049' }), 400, /size/],
	['too small a size for v4', () => edit({ model: V4, size: '1023*2048' }), 400, /size/],
	['output_format webp', () => edit({ output_format: 'webp' }), 400, /output_format/],
	['a width and height for v4.7', () => edit({ model: V47, size: '1024*2048' }), 400, /must be one of 1K/],
	['too small a size for v4.5', () => edit({ model: V45, size: '1024*1024' }), 400, /3686400/],
	['a shape that v5.5 has not', () => edit({ model: V55, aspect_ratio: '7:5' }), 400, /aspect_ratio/],
	['a preset that v6 has not', () => edit({ model: V6, image_size: 'wide' }), 400, /image_size/],
	['a size for v6, which calls it otherwise', () => edit({ model: V6, size: '2K' }), 400, /not a parameter/],
	[
		'a transparent JPEG',
		() => edit({ model: V55, background: 'transparent', output_format: 'jpeg' }),
		400,
		/needs output_format png/,
	],
	['max_images 16', () => edit({ model: sequential, max_images: 16 }), 400, /max_images/],
	[
		'inputs and outputs over 15',
		() => edit({ model: sequential, images: many(10), max_images: 6 }),
		400,
		/together/,
	],
	[
		'a webhook in a private range',
		() => edit({ webhook_url: 'https://192.168.1.5/hook' }),
		400,
		/webhook_url/,
	],
])('refuses %s and creates nothing', async (_name, body, status, message) => {
	const before = sandbox.ledger.predictions.size;
	const reply = await client.post('generateImage', body());
	expect(reply.status).toBe(status);
	expect(reply.json).toMatchObject({ code: status, msg: expect.stringMatching(message), data: null });
	expect(sandbox.ledger.predictions.size).toBe(before);
});

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
		const { status, json } = await client.post(`generate${type}`, body);
		expect({ status, msg: json['msg'] }).toEqual({
			status: 400,
			msg: expect.stringMatching(message) as string,
		});
		expect(sandbox.ledger.predictions.size).toBe(before);
	});

	it('refuses fields it does not declare only where that is switched on', async () => {
		const bodies = [
			{ ...shot, last_image: url },
			{ model: LITE, prompt: 'x', images: [url], max_images: 2 },
		];
		const send = async (): Promise<number[]> => {
			const [video, edit] = bodies;
			const replies = [client.post('calculate', video!), client.post('calculate', edit!)];
			return (await Promise.all(replies)).map(({ status }) => status);
		};
		expect(await send()).toEqual([200, 200]);
		sandbox.setOptions({ refuseUnknownFields: true });
		expect(await send()).toEqual([400, 400]);
		const hook = { ...shot, webhook_url: 'https://example.com/', enable_sync_mode: false };
		expect((await client.post('calculate', hook)).status).toBe(200);
		sandbox.setOptions({ refuseUnknownFields: false });
	});
});

it.each([
	['an image for a sound', 'voice.wav', /audio: unsupported file type: not audio/],
	['a sound named as an image', 'voice.png', /no audio extension/],
])('a task with %s fails, and is not charged', async (_what, name, reason) => {
	const clip = { model: VIDEO.textFast, prompt: 'a lake', resolution: '480p', aspect_ratio: '4:3' };
	const { outputs } = await client.generate('Video', clip);
	const video = await client.uploaded((await call(String(outputs[0]))).bytes, 'clip.mp4');
	const audio = await client.uploaded(await plain('red'), name);
	const charged = sandbox.ledger.charges.length;
	const data = await client.generate('Video', { model: VIDEO.lipsync, video, audio });
	expect(data).toMatchObject({ status: 'failed', error: expect.stringMatching(reason) as string });
	expect(sandbox.ledger.charges).toHaveLength(charged);
});

it.each<[string, () => Promise<string>, RegExp]>([
	[
		'a file without an extension',
		async () => await client.uploaded(await halves(), 'photo'),
		/no picture extension/,
	],
	[
		'a PNG called JPEG',
		async () => await client.uploaded(await halves(), 'photo.jpg'),
		/named as image\/jpeg but is/,
	],
	['a picture over 3:1', async () => await client.uploaded(await plain('#123456', 400, 100)), /aspect ratio/],
	[
		'an upload that is gone',
		async () => `${sandbox.filesUrl}/media/images/1_gone.png`,
		/cannot download.*404/,
	],
	['a file of this machine', async () => 'file:///etc/passwd', /cannot download/],
])('inputs the model refuses: %s: the task fails, and is not charged', async (_name, image, reason) => {
	const charged = sandbox.ledger.charges.length;
	const data = await client.generate('Image', { model: LITE, prompt: 'x', images: [await image()] });
	expect(data).toMatchObject({ status: 'failed', outputs: null });
	expect(data['error']).toMatch(reason);
	expect(sandbox.ledger.charges).toHaveLength(charged);
});

it('a page of the history has 50 rows at most', async () => {
	for (const [size, status] of [
		[0, 400],
		[50, 200],
		[51, 400],
	])
		expect((await client.get(`/api/v1/model/history?size=${size}`)).status).toBe(status);
});

it('no webhook goes to another machine', async () => {
	await client.generate('Image', edit({ webhook_url: 'https://hooks.example.com/x' }));
	await new Promise((resolve) => setTimeout(resolve, 50));
	expect(sandbox.ledger.webhooks).toEqual([]);
});
