import { call, Client, halves, LITE, V4 } from './client';
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

it('answers the flat form with the envelope, and charges once', async () => {
	const before = sandbox.ledger.charges.length;
	const body = edit({ size: '2304*1728' });
	const { status, json } = await client.submit(body);
	expect(status).toBe(200);
	const data = json['data']!;
	expect(json['code']).toBe(200);
	expect(data).toMatchObject({ model: LITE, outputs: null });
	expect(['created', 'queued']).toContain(data['status']);
	expect(data['urls']!['get']).toBe(`${sandbox.baseUrl}/api/v1/model/prediction/${data['id']}`);
	expect(Math.abs(Date.parse(String(data['created_at'])) - Date.now())).toBeLessThan(5000);
	expect(sandbox.ledger.charges.slice(before)).toEqual([
		expect.objectContaining({
			predictionId: data['id'],
			model: LITE,
			priceUsd: 0.032,
			prompt: 'nicer',
			body,
		}),
	]);
});

it('answers the page’s nested form bare', async () => {
	const { json } = await client.submit({ model: V4, input: { prompt: 'nicer', images: [url] } });
	expect(Object.keys(json)).toEqual(['id', 'status', 'model', 'created_at']);
	expect((await client.finished(String(json['id'])))['status']).toBe('completed');
});

it.each<[string, object, number]>([
	['the smallest tier, one image', { size: '1K' }, 0.028],
	['1.5K in a wide shape', { size: '1.5K', aspect_ratio: '21:9' }, 0.028],
	['a larger tier', { size: '2K' }, 0.043],
	['a larger tier and three images', { size: '2K', images: ['a', 'b', 'c'] }, 0.059],
])('prices v5.5 by what is sent: %s', async (_name, more, price) => {
	const quoted = await quote(client, edit({ model: V55, ...more }));
	expect(quoted['price']).toBe(String(price));
});

it.each([
	['generateVideo', LITE, /cannot be used with generateVideo/],
	['generateAudio', LITE, /cannot be used with generateAudio/],
	['generateImage', 'marble/drift-2.1/text-to-video', /cannot be used with generateImage/],
	['generateVideo', 'fennel/sing-1', /cannot be used with generateVideo/],
	['generateVideo', 'marble/drift-2.1/text-to-video', /pictures only/],
])('%s refuses %s', async (endpoint, model, message) => {
	const before = sandbox.ledger.predictions.size;
	const reply = await call(`${sandbox.baseUrl}/api/v1/model/${endpoint}`, {
		method: 'POST',
		headers: { authorization: `Bearer ${sandbox.apiKey}` },
		body: JSON.stringify(edit({ model })),
	});
	expect(reply.status).toBe(400);
	expect(reply.json['msg']).toMatch(message);
	expect(sandbox.ledger.predictions.size).toBe(before);
});

it.each<[string, () => object | string, number, RegExp]>([
	['no JSON', () => '{"model": ', 400, /JSON/],
	['an array', () => '[]', 400, /object/],
	['no model', () => ({ prompt: 'x' }), 400, /model/],
	['an unknown model', () => edit({ model: 'bytedance/seedream-v9/edit' }), 404, /model not found/],
	[
		'a video model',
		() => edit({ model: 'marble/drift-2.1/text-to-video' }),
		400,
		/cannot be used with generateImage/,
	],
	['a bare v5.0 Pro', () => edit({ model: 'bytedance/seedream-v5.0-pro' }), 404, /model not found/],
	['no prompt', () => edit({ prompt: undefined }), 400, /prompt/],
	['an empty prompt', () => edit({ prompt: '  ' }), 400, /prompt/],
	['no images', () => edit({ images: undefined }), 400, /images/],
	['an empty list of images', () => edit({ images: [] }), 400, /images/],
	['images that are no list', () => edit({ images: 'x' }), 400, /images/],
	['an image that is no text', () => edit({ images: [1] }), 400, /images/],
	['11 images for v4', () => edit({ model: V4, images: many(11) }), 400, /at most 10/],
	['15 images for v5.0 Lite', () => edit({ images: many(15) }), 400, /at most 14/],
	['a size of v5.0 Lite that is none of the sixteen', () => edit({ size: '2048*2049' }), 400, /size/],
	['a size with an x', () => edit({ size: '2048x2048' }), 400, /size/],
	['too small a size for v4', () => edit({ model: V4, size: '1023*2048' }), 400, /size/],
	['too large a size for v4', () => edit({ model: V4, size: '2048*4097' }), 400, /size/],
	['output_format webp', () => edit({ output_format: 'webp' }), 400, /output_format/],
	['a tier that v4.7 has not', () => edit({ model: V47, size: '3K' }), 400, /size/],
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
	['num_images 15', () => edit({ model: V47, num_images: 15 }), 400, /num_images/],
	['max_images 0', () => edit({ model: sequential, max_images: 0 }), 400, /max_images/],
	['max_images 16', () => edit({ model: sequential, max_images: 16 }), 400, /max_images/],
	[
		'inputs and outputs over 15',
		() => edit({ model: sequential, images: many(10), max_images: 6 }),
		400,
		/together/,
	],
	['enable_base64_output as text', () => edit({ enable_base64_output: 'yes' }), 400, /enable_base64_output/],
	['a webhook on http', () => edit({ webhook_url: 'http://example.com/hook' }), 400, /webhook_url/],
	['a webhook on this machine', () => edit({ webhook_url: 'https://localhost/hook' }), 400, /webhook_url/],
	[
		'a webhook in a private range',
		() => edit({ webhook_url: 'https://192.168.1.5/hook' }),
		400,
		/webhook_url/,
	],
	['a webhook without a dot', () => edit({ webhook_url: 'https://n8n/hook' }), 400, /webhook_url/],
	[
		'a long webhook',
		() => edit({ webhook_url: `https://example.com/${'a'.repeat(1024)}` }),
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

it.each<[string, () => object]>([
	['14 images', () => ({ images: many(14) })],
	['the largest 3K', () => ({ size: '4704*2016' })],
	['v4 at an odd size', () => ({ model: V4, size: '1024*4096' })],
	['v4.7 at a tier', () => ({ model: V47, size: '4K' })],
	['a transparent background', () => ({ model: V55, background: 'transparent' })],
	['a preset', () => ({ model: V6, image_size: 'landscape_16_9' })],
	['both sides in place of a preset', () => ({ model: V6, image_size: { width: 2000, height: 1500 } })],
	['a public webhook', () => ({ webhook_url: 'https://hooks.example.com/x' })],
	['a webhook on a public address', () => ({ webhook_url: 'https://8.8.8.8/x' })],
	['a field it does not know', () => ({ guidance_scale: 7.5 })],
	['max_images where the model has none', () => ({ max_images: 99 })],
])('takes %s', async (_name, more) => {
	expect((await client.submit(edit(more()))).status).toBe(200);
});

it.each([
	['X-AtlasCloud-Object-Expiration-Hours', '0', 400],
	['X-AtlasCloud-Object-Expiration-Hours', '1', 200],
	['X-AtlasCloud-Object-Expiration-Hours', '337', 400],
	['X-AtlasCloud-Object-Expiration-Hours', 'soon', 400],
	['X-AtlasCloud-Request-Retention-Hours', '0', 200],
	['X-AtlasCloud-Request-Retention-Hours', '336', 200],
	['X-AtlasCloud-Request-Retention-Hours', '1.5', 400],
])('%s: %s is answered %i', async (name, value, status) => {
	const reply = await client.submit(edit({}), { [name]: value });
	expect(reply.status).toBe(status);
	if (status === 400) expect(reply.json['msg']).toContain(name);
});

it('answers 413 to a body over 50 MB, once it has taken all of it in', async () => {
	const image = `data:image/png;base64,${'A'.repeat(51 * 1024 * 1024)}`;
	const { status, json } = await client.submit(edit({ images: [image] }));
	expect(status).toBe(413);
	expect(json['code']).toBe(413);
	const request = sandbox.ledger.requests.at(-1)!;
	expect(request.bytesIn).toBeGreaterThan(51 * 1024 * 1024);
	expect(request.body).toBeUndefined();
});
