import { Client, halves, LITE, V4 } from './client';
import { quote } from './mediaModels';
import { startSandbox, type Sandbox } from '../../sandbox';

let sandbox: Sandbox;
let client: Client;
let url: string;

beforeAll(async () => {
	sandbox = await startSandbox({ predictSeconds: 0.03, preparedPictures: true });
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
	const quoted = await quote(client, edit({ model: V55, ...more }));
	expect(quoted['price']).toBe(String(price));
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
	const reply = await client.submit(body());
	expect(reply.status).toBe(status);
	expect(reply.json).toMatchObject({ code: status, msg: expect.stringMatching(message), data: null });
	expect(sandbox.ledger.predictions.size).toBe(before);
});
