import { startSandbox, type Sandbox } from '../../sandbox';
import { call, Client, halves, LITE, type Json } from './client';
import { generate, MESH, outputFiles, post, quote, SPEECH, TRANSCRIPT, UPSCALE, VIDEO } from './mediaModels';

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

async function inputSchema(id: string): Promise<Json> {
	const { json } = await call(`${sandbox.filesUrl}/model/schema/${id.replaceAll('/', '-')}.json`);
	return json['components']!['schemas']!;
}

describe('schemas', () => {
	it('declare choices, limits, media fields and their order', async () => {
		const { Input } = (await inputSchema(VIDEO.image)) as unknown as Record<string, Json>;
		expect(Input!['required']).toEqual(['image']);
		expect(Input!['x-order-properties']).toEqual(Object.keys(Input!['properties']!));
		expect(Input!['properties']).toMatchObject({
			image: { type: 'string', 'x-accept': expect.any(String) as string, 'x-max-size-mb': 30 },
			duration: { type: 'integer', minimum: 4, maximum: 12, default: 5 },
			aspect_ratio: { enum: ['21:9', '16:9', '4:3', '1:1', '3:4', '9:16'] },
		});
	});

	it('have unions, references, numbers to choose from, and what a panel leaves out', async () => {
		expect((await inputSchema(VIDEO.reference))['Input']!['properties']).toMatchObject({
			duration: { anyOf: [{ enum: [-1] }, { minimum: 4, maximum: 15 }] },
			reference_images: { type: 'array', maxItems: 9, 'x-accept': expect.stringMatching(/^image/) as string },
			watermark: { hidden: true },
		});
		const speech = await inputSchema(SPEECH);
		expect(speech['Input']!['properties']).toMatchObject({
			sample_rate: { type: 'integer', enum: [16_000, 24_000, 48_000] },
			pronunciation: { $ref: '#/components/schemas/Pronunciation' },
		});
		expect(speech['Pronunciation']).toMatchObject({ type: 'object' });
		expect((await inputSchema(VIDEO.lipsync))['Input']!['properties']).toMatchObject({
			temperature: { disabled: true },
		});
		expect((await inputSchema(VIDEO.mixed))['Input']!['properties']).toMatchObject({
			audio: { type: 'boolean' },
			refers: { items: { type: 'object', required: ['url', 'type'] } },
			resolution: { enum: ['720P', '1080P'] },
		});
		expect((await inputSchema(UPSCALE))['Input']!['properties']).not.toHaveProperty('prompt');
	});
});

describe('catalog', () => {
	it('says the unit of each price, and a discount where there is one', async () => {
		const { json } = await client.get('/api/v1/models', {});
		const models = json['data'] as unknown as Array<{ model: string; type: string; price: unknown }>;
		const entry = (id: string): unknown => models.find(({ model }) => model === id);
		const price = (base_price: string, unit: string): object => ({ price: { actual: { base_price, unit } } });
		expect(entry(VIDEO.image)).toMatchObject({ type: 'Video', ...price('0.222', 'generation') });
		expect(entry(VIDEO.imageFast)).toMatchObject(price('0.018', 'second'));
		expect(entry(SPEECH)).toMatchObject({ type: 'Audio', ...price('0.05', '1k_chars') });
		expect(entry(TRANSCRIPT)).toMatchObject(price('0.006', 'minute'));
		expect(entry(UPSCALE)).toMatchObject(price('0.015', 'image'));
		expect(entry(MESH)).toMatchObject({ type: 'Image', tags: ['3D'] });
		expect(entry(VIDEO.reference)).toMatchObject({
			price: { actual: { base_price: '0.08' }, origin: { base_price: '0.1' }, discount: '80' },
		});
	});
});

describe('the schema is checked', () => {
	const shot = { model: VIDEO.text, prompt: 'a lake' };
	it.each<[string, string, object, RegExp]>([
		['a missing image', 'Video', { model: VIDEO.image }, /^image is required/],
		['a missing prompt', 'Video', { model: VIDEO.text, prompt: ' ' }, /^prompt is required/],
		['a number over the maximum', 'Video', { ...shot, duration: 13 }, /^duration must be at most 12, got 13/],
		['a number as text', 'Video', { ...shot, duration: '5' }, /^duration must be an integer/],
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
			'one URL for a list',
			'Video',
			{ model: VIDEO.reference, prompt: 'x', reference_images: 'a' },
			/^reference_images must be an array/,
		],
		['a numeric choice as text', 'Audio', { model: SPEECH, text: 'x', sample_rate: '24000' }, /^sample_rate/],
		[
			'text over the maximum',
			'Audio',
			{ model: SPEECH, text: 'x'.repeat(5001) },
			/^text must be at most 5000/,
		],
		[
			'a wrong field of a referenced object',
			'Audio',
			{ model: SPEECH, text: 'x', pronunciation: { language: 1 } },
			/^pronunciation language must be a string/,
		],
		[
			'an object without what it requires',
			'Video',
			{ model: VIDEO.mixed, prompt: 'x', refers: [{ url: 'x' }] },
			/^refers items type is required/,
		],
		['the wrong endpoint', 'Image', shot, /cannot be used with generateImage/],
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

describe('quote', () => {
	it('creates nothing, and is the price of the prediction', async () => {
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

	it('names the list price, the share that is paid and the tokens', async () => {
		const body = { model: VIDEO.reference, prompt: 'x', duration: 10 };
		expect(await quote(client, body)).toEqual({
			price: '0.8',
			origin_price: '1',
			discount: 80,
			estimated: true,
			estimated_tokens: 216_000,
			currency: 'USD',
		});
	});

	it('works without a key, and knows the account’s markup only with it', async () => {
		sandbox.setOptions({ accountMarkup: 1.2 });
		const body = { model: LITE, prompt: 'x', images: [image] };
		expect((await quote(client, body, false))['price']).toBe('0.032');
		expect((await quote(client, body))['price']).toBe('0.0384');
		expect((await client.edit(body))['price']).toBe('0.0384');
		expect(sandbox.ledger.charges.at(-1)!.priceUsd).toBe(0.0384);
		sandbox.setOptions({ accountMarkup: 1 });
		const stranger = new Client({ ...sandbox, apiKey: 'wrong' });
		expect((await post(stranger, 'model/calculate', body)).status).toBe(401);
	});

	it('estimates where the input cannot be read, and refuses what a submit refuses', async () => {
		const gone = `${sandbox.filesUrl}/media/images/1_gone.wav`;
		expect(await quote(client, { model: TRANSCRIPT, audio_url: gone })).toMatchObject({ estimated: true });
		expect((await post(client, 'model/calculate', { model: 'none/none' })).status).toBe(404);
		expect((await post(client, 'model/calculate', { model: LITE, prompt: 'x' })).status).toBe(400);
	});
});
