import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sharp } from 'sharp';
import { sentSize } from '../../nodes/AtlasCloud/api/models/sizes';
import {
	BINARY_MODES,
	bmpPicture,
	LITE,
	picture,
	refusal,
	running,
	sandbox,
	submittedBodies,
	useOneSandbox,
	V4,
} from './seedream';
import type { BinaryMode } from './harness';
import { serve } from './serve';

useOneSandbox();
let server: Awaited<ReturnType<typeof serve>>;
let base = '';
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
const asked: IncomingMessage[] = [];

beforeAll(async () => {
	server = await serve((request, response) => {
		asked.push(request);
		answer(request, response);
	});
	base = server.url;
});
beforeEach(() => (asked.length = 0));
afterAll(() => server.close());

const submit = running('prediction', 'submit');

/** Runs one edit by Submit, and tells the size that was asked for. */
async function sizeOf(
	data: Buffer,
	parameters: Record<string, unknown> = {},
	binaryMode: BinaryMode = 'filesystem',
): Promise<unknown> {
	const { error, json } = await submit({ binaryMode, items: [{ files: { data } }], parameters });
	expect(error).toBeUndefined();
	expect(json[0]?.size).toBe(sentSize(submittedBodies(sandbox).at(-1)!));
	return json[0]?.size;
}

it.each(BINARY_MODES)(
	'reads the shape of a TIFF whose directory comes after 4 MB of pixels (%s)',
	async (mode) => {
		const encode = (raw: Sharp) => raw.tiff({ compression: 'none' });
		expect(await sizeOf(await picture({ width: 1300, height: 1100, encode }), {}, mode)).toBe('1300*1100');
	},
);

describe('Match Input Image chooses', () => {
	it('nothing that the model decides itself, and the hint says so', async () => {
		const { error, json, hint } = await submit({
			parameters: { model: 'bytedance/seedream-v6-fast/edit' },
		});
		expect(error).toBeUndefined();
		expect(json[0]).toMatchObject({ size: null });
		expect(submittedBodies(sandbox).at(-1)).not.toHaveProperty('size');
		expect(hint).toContain('bytedance/seedream-v6-fast/edit chooses the shape of the image itself.');
	});

	it.each([
		[6000, 1000, /v5\.0 Lite has no size in the shape Landscape 6:1: the closest one is Cinema 21:9\./],
		[3000, 2000, /^1 edit submitted for about \$0\.032\.$/],
	])('the closest shape for %d × %d, and says so where it is another', async (width, height, message) => {
		const { hint } = await submit({
			items: [{ files: { data: bmpHeaderOf(width, height) } }],
			parameters: { model: LITE },
		});
		expect(hint).toMatch(message);
	});

	it('says nothing of a shape that the user chose', async () => {
		const { hint, error } = await submit({
			items: [{ files: { data: bmpHeaderOf(3000, 2000) } }],
			parameters: { model: 'bytedance/seedream-v5.5/edit', size: '16:9' },
		});
		expect(error).toBeUndefined();
		expect(hint).not.toContain('shape');
	});

	it.each([
		['costs more', 'v4.7', '2K'],
		['costs the same', 'v6-pro', '4k auto'],
	])('a larger tier than 2K only where it does not cost more: it %s', async (_what, version, size) => {
		const model = `bytedance/seedream-${version}/edit`;
		expect(await sizeOf(bmpHeaderOf(6000, 4000), { model })).toBe(size);
	});

	it('no larger tier than 2K while there are no quotes', async () => {
		sandbox.addFault({ endpoint: 'quote', times: 9, action: { type: 'status', status: 400 } });
		const model = 'bytedance/seedream-v6-pro/edit';
		expect(await sizeOf(bmpHeaderOf(6000, 4000), { model })).toBe('2k auto');
		sandbox.clearFaults();
	});

	it('nothing that may be another size at the next attempt', async () => {
		sandbox.addFault({ endpoint: 'schema', times: 2, action: { type: 'status', status: 500 } });
		const unread = await refusal({ parameters: { model: 'bytedance/seedream-v4.5/edit' } });
		expect(unread.message).toContain('Couldn’t read the fields of bytedance/seedream-v4.5/edit');
		sandbox.addFault({ endpoint: 'quote', times: 9, action: { type: 'status', status: 503 } });
		const unpriced = await refusal({
			items: [{ files: { data: bmpHeaderOf(6000, 4000) } }],
			parameters: { model: 'bytedance/seedream-v6-pro/edit' },
		});
		expect(unpriced.message).toBe('Couldn’t get the quotes that decide the size');
		sandbox.clearFaults();
	});

	it.each([
		['a BMP without its header', Buffer.from('BM\0\0\0\0\0\0\0\0\0\0\0\0\x28', 'latin1')],
		['a TIFF that is cut off', Buffer.from('II*\0\xff\xff\xff\x00', 'latin1')],
	])('nothing for %s: a paid square is no answer', async (_what, data) => {
		const { message, description } = await refusal({ items: [{ files: { data } }] });
		expect(message).toBe('The width and height of the first image can’t be read');
		expect(description).toContain('damaged');
	});
});

/** A small file that says it is so large: the header is all that is looked at. */
function bmpHeaderOf(width: number, height: number): Buffer {
	const bytes = bmpPicture(2, 2);
	bytes.writeInt32LE(width, 18);
	bytes.writeInt32LE(height, 22);
	return bytes;
}

it.each([
	[V4, { size: 'custom', width: 1500.5, height: 2048 }, "'Width' and 'Height' must be whole numbers", '2048'],
	[V4, { size: '={{ "" }}' }, '"" is not a valid \'Size\'', 'matchInput'],
])('Size of %s may not be %j', async (model, parameters, message, howTo) => {
	const before = sandbox.ledger.requests.length;
	const refused = await refusal({ parameters: { model, ...parameters } });
	expect(refused.message).toBe(message);
	expect(refused.description).toContain(howTo);
	expect(sandbox.ledger.requests.length).toBe(before);
});

it('Extend the Image refuses a size that keeps the shape under any name', async () => {
	const parameters = { model: 'bytedance/seedream-v6-pro/edit', size: 'auto', promptTemplate: 'extendImage' };
	const { message } = await refusal({ parameters: { ...parameters, templateExtension: 'more sky' } });
	expect(message).toContain("needs a 'Size' that is wider or taller than the image");
});

describe('an image at a URL', () => {
	const edit = async (images: string, parameters: Record<string, unknown> = {}) =>
		await submit({ items: [{}], parameters: { images, ...parameters } });

	it('is read without the key, and no further than 64 kB', async () => {
		const png = await picture({ width: 1300, height: 1100 });
		let sentBytes = 0;
		let isClosed = false;
		answer = (_request, response) => {
			response.on('close', () => (isClosed = true));
			response.setHeader('content-type', 'application/octet-stream');
			const piece = Buffer.alloc(16_384);
			const more = () => {
				// Without an end: only who reads the whole would still be reading.
				while (!response.destroyed && response.write(piece)) sentBytes += piece.length;
			};
			response.on('drain', more);
			response.write(png);
			more();
		};
		const { error, json } = await edit(`${base}/endless.png`);
		expect(error).toBeUndefined();
		expect(json[0]?.size).toBe('1300*1100');
		expect(asked[0]?.headers.range).toBe('bytes=0-65535');
		expect(asked[0]?.headers).not.toHaveProperty('authorization');
		// What the kernel buffers on the way counts as sent.
		expect(sentBytes).toBeLessThan(32_000_000);
		for (let i = 0; i < 200 && !isClosed; i++) await new Promise((resolve) => setTimeout(resolve, 5));
		expect(isClosed).toBe(true);
	});

	it('is not read if the size does not depend on it', async () => {
		const { error } = await edit(`${base}/a.png`, { size: '1024*1024' });
		expect(error).toBeUndefined();
		expect(asked).toEqual([]);
	});

	it('is refused in these words if the link opens a page', async () => {
		answer = (_request, response) => {
			response
				.writeHead(200, { 'content-type': 'image/png' })
				.end('<!doctype html><title>Secret 4711</title>');
		};
		const { message, description } = await refusal({
			items: [{}],
			parameters: { images: `${base}/share/x` },
		});
		expect(message).toBe('This URL opens a web page, not an image');
		expect(description).toContain(`${base}/share/x`);
		expect(description).not.toContain('4711');
	});

	it.each([404, 500])(
		'is refused if it answers %d, and the message includes neither status nor body',
		async (status) => {
			answer = (_request, response) => void response.writeHead(status).end('secret 4711');
			const { message, description } = await refusal({
				items: [{}],
				parameters: { images: `${base}/x.jpg` },
			});
			expect(message).toBe(`Couldn’t load the image at ${base}/x.jpg`);
			expect(description).not.toMatch(new RegExp(`4711|${status}`));
		},
	);

	it.each<[string, (response: ServerResponse) => void]>([
		['answers 503', (response) => void response.writeHead(503).end()],
		['breaks off', (response) => void response.write('GIF89a', () => response.destroy())],
	])('is read again if its host %s at first', async (_what, stumble) => {
		const png = await picture({ width: 1300, height: 1100 });
		answer = (_request, response) => {
			if (asked.length < 3) stumble(response);
			else response.end(png);
		};
		const { error, json } = await edit(`${base}/a.png`);
		expect(error).toBeUndefined();
		expect(json[0]?.size).toBe('1300*1100');
		expect(asked).toHaveLength(3);
	});

	it('is read once per run, no matter how many items have it', async () => {
		const png = await picture({ width: 1300, height: 1100 });
		answer = (_request, response) => void response.end(png);
		const images = `${base}/a.png`;
		const { json } = await submit({
			items: [{}, {}, {}],
			parameters: { images },
		});
		expect(json.map(({ size }) => size)).toEqual(['1300*1100', '1300*1100', '1300*1100']);
		expect(asked).toHaveLength(1);
	});
});

it.each(BINARY_MODES)('follows the first of several images (%s)', async (binaryMode) => {
	const { json } = await submit({
		binaryMode,
		items: [{ files: { wide: bmpHeaderOf(2000, 1100), tall: bmpHeaderOf(1100, 2000) } }],
		parameters: { images: 'tall, wide' },
	});
	expect(json[0]?.size).toBe('1100*2000');
});
