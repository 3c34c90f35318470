import sharp from 'sharp';
import { readInstructions } from '../../sandbox/instructions';
import { startSandbox, type Sandbox } from '../../sandbox';
import { bmpPicture } from '../engine/pictures';
import { call, Client, colorAt, halves, LITE, plain, V4 } from './client';

let sandbox: Sandbox;
let client: Client;

beforeAll(async () => {
	sandbox = await startSandbox({ predictSeconds: 0.02 });
	client = new Client(sandbox);
});

afterAll(async () => await sandbox.close());

const dataUri = (bytes: Buffer, type = 'png'): string =>
	`data:image/${type};base64,${bytes.toString('base64')}`;

/** Of v4 at its smallest size: these tests are about colors. */
async function edited(prompt: string, inputs: Buffer[], more: object = {}): Promise<Buffer> {
	const images = inputs.map((bytes) => dataUri(bytes));
	const data = await client.edit({ model: V4, prompt, images, size: '1024*1024', ...more });
	return (await call(String(data['outputs']![0]))).bytes;
}

const grey = (value: number): string => `rgb(${value},${value},${value})`;

describe('size and format', () => {
	it.each([
		['4096*1024', 'png'],
		['1025*1333', 'png'],
	])('is exactly %s', async (size, format) => {
		const bytes = await edited('rotate 10 degrees on a blue background', [await halves()], { size });
		const [width, height] = size.split('*').map(Number);
		expect(await sharp(bytes).metadata()).toMatchObject({ format, width, height, channels: 3 });
	});

	it('is a JPEG where v5.0 is asked for one', async () => {
		const more = { model: LITE, size: '2848*1600', output_format: 'jpeg' };
		const bytes = await edited('nicer', [await halves()], more);
		expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 2848, height: 1600 });
	});

	it('keeps the shape of the input where the size is auto, and cuts out what is to be transparent', async () => {
		const data = await client.edit({
			model: 'bytedance/seedream-v5.0-pro/edit',
			prompt: 'a',
			images: [dataUri(await halves())],
			background: 'transparent',
		});
		const { bytes } = await call(String(data['outputs']![0]));
		const { width, height, hasAlpha } = await sharp(bytes).metadata();
		const input = await sharp(await halves()).metadata();
		expect(width / height).toBeCloseTo(input.width / input.height, 2);
		expect(hasAlpha).toBe(true);
	});
});

describe('instructions', () => {
	it.each<[string, (c: { r: number; g: number; b: number }) => boolean]>([
		['brighter', ({ r }) => r > 140],
		['darker', ({ r }) => r < 90],
		['warmer', ({ r, b }) => r > b + 20],
		['cooler', ({ r, b }) => b > r + 20],
		['in sepia', ({ r, g, b }) => r > g && g > b],
		['a vintage look, but not darker', ({ r, b }) => r > b],
		[
			'no blur, nothing',
			({ r, g, b }) => Math.abs(r - 120) < 2 && Math.abs(g - 120) < 2 && Math.abs(b - 120) < 2,
		],
	])('%s', async (prompt, holds) => {
		const color = await colorAt(await edited(prompt, [await plain(grey(120))]), 0.5, 0.5);
		expect([color, holds(color)]).toEqual([color, true]);
	});

	it.each([
		['mirror it', 0.1, 0.5, 'blue'],
		['upside down', 0.1, 0.5, 'blue'],
		['upside down and mirrored', 0.1, 0.5, 'red'],
		['flip it horizontally', 0.1, 0.5, 'blue'],
		['rotate it to the right', 0.5, 0.1, 'red'],
		['rotate left', 0.5, 0.1, 'blue'],
		['rotate 90 degrees counterclockwise', 0.5, 0.1, 'blue'],
	])('%s', async (prompt, x, y, expected) => {
		const { r, b } = await colorAt(await edited(prompt, [await halves(200, 200)]), x, y);
		expect(r > b ? 'red' : 'blue').toBe(expected);
	});

	it('lays several pictures side by side', async () => {
		const inputs = [await plain('#ff0000'), await plain('#00ff00'), await plain('#0000ff')];
		const bytes = await edited('together', inputs);
		expect((await colorAt(bytes, 0.16, 0.5)).r).toBe(255);
		expect((await colorAt(bytes, 0.5, 0.5)).g).toBe(255);
		expect((await colorAt(bytes, 0.84, 0.5)).b).toBe(255);
	});
});

describe('input formats', () => {
	it.each(['jpeg', 'png', 'webp', 'tiff', 'gif'] as const)('reads %s', async (format) => {
		const bytes = await sharp(await plain('#ff0000'))
			.toFormat(format)
			.toBuffer();
		const url = await client.uploaded(bytes, `photo.${format}`);
		const data = await client.edit({ model: V4, prompt: 'x', images: [url], size: '1024*1024' });
		const output = (await call(String(data['outputs']![0]))).bytes;
		expect((await colorAt(output, 0.5, 0.5)).r).toBeGreaterThan(240);
	});

	it('reads BMP', async () => {
		const [width, height, row] = [10, 8, 32];
		const bytes = bmpPicture(width, height).fill(0, 54);
		for (let y = 0; y < height; y += 1)
			for (let x = 0; x < width; x += 1) bytes[54 + y * row + x * 3 + 2] = 255;
		const url = await client.uploaded(bytes, 'photo.bmp');
		const data = await client.edit({ model: V4, prompt: 'x', images: [url], size: '1024*1024' });
		const output = (await call(String(data['outputs']![0]))).bytes;
		expect(await colorAt(output, 0.5, 0.5)).toEqual({ r: 255, g: 0, b: 0 });
	});

	it('turns a photo upright that its camera laid down', async () => {
		const lying = await sharp(await halves(200, 100))
			.withMetadata({ orientation: 6 })
			.jpeg()
			.toBuffer();
		const url = await client.uploaded(lying, 'photo.jpg');
		const data = await client.edit({ model: V4, prompt: 'x', images: [url], size: '1024*2048' });
		const output = (await call(String(data['outputs']![0]))).bytes;
		expect((await colorAt(output, 0.5, 0.1)).r).toBeGreaterThan(180);
		expect((await colorAt(output, 0.5, 0.9)).b).toBeGreaterThan(180);
	});
});

describe('reading a prompt', () => {
	it('takes no instruction from the text to draw', () => {
		expect(readInstructions('write “black and white” on it')).toMatchObject({
			grayscale: false,
			text: 'black and white',
		});
	});

	it('leaves apostrophes alone', () => {
		expect(readInstructions("don't blur the dog's ear, it's fine")).toMatchObject({
			blur: false,
			text: null,
		});
	});

	it('tells two colors apart', () => {
		expect(readInstructions('a blue border on a white background')).toMatchObject({
			background: { r: 255, g: 255, b: 255 },
			border: { r: 0x25, g: 0x63, b: 0xeb },
		});
		expect(readInstructions('make it black and white').background).toBeNull();
	});

	it('understands nothing of what it does not know', () => {
		const wish = readInstructions('Change the background to a sunny beach. Preserve the face.');
		expect(wish).toMatchObject({ background: null, rotateDegrees: 0, grayscale: false });
	});
});
