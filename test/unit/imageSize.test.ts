import sharp, { type Sharp } from 'sharp';
import { imageSize, imageSizeFurtherIn, inspectFile } from '../../nodes/AtlasCloud/api/files/inspect';
import { RemoteImages } from '../../nodes/AtlasCloud/api/files/remoteFiles';
import { dimensionsOf, type ItemFile } from '../../nodes/AtlasCloud/n8n/itemFile';
import { clientOf, FakeHttp } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const GIF = Buffer.concat([
	Buffer.from('GIF89a'),
	Buffer.from([0x40, 0x01, 0xf0, 0x00]),
	Buffer.alloc(64, 1),
]);

it('reads the dimensions in the header', () => {
	expect(imageSize(GIF)).toEqual({ width: 320, height: 240 });
});

it.each<[string, (image: Sharp) => Sharp]>([
	['a progressive JPEG', (image) => image.jpeg({ progressive: true })],
	['a lossless WebP', (image) => image.webp({ lossless: true })],
	['a WebP with alpha', (image) => image.ensureAlpha(0.5).webp()],
])('reads the dimensions of %s', async (_what, encode) => {
	const image = sharp({ create: { width: 70, height: 30, channels: 3, background: '#123' } });
	expect(imageSize(await encode(image).toBuffer())).toEqual({ width: 70, height: 30 });
});

it('reads the dimensions of an OS/2 bitmap', () => {
	const bitmap = Buffer.alloc(64);
	bitmap.write('BM', 'latin1');
	for (const [value, at] of [
		[26, 10],
		[12, 14],
		[90, 18],
		[30, 20],
		[1, 22],
		[24, 24],
	])
		bitmap.writeUInt16LE(value, at);
	expect(imageSize(bitmap)).toEqual({ width: 90, height: 30 });
});

it('reads no dimensions of files that Seedream does not accept', () => {
	expect(imageSize(Buffer.from('<svg width="5" height="5"></svg>'))).toBeNull();
	expect(imageSize(Buffer.from('<svg '.repeat(13_000)))).toBeNull();
	expect(imageSize(Buffer.from('RIFF\0\0\0\0WEBP<svg width="5" height="5"></svg>'))).toBeNull();
});

it('reads nothing behind the file in memory', () => {
	// A small Buffer is a window into a shared one; other files’ bytes come after it.
	expect(imageSize(GIF.subarray(0, 6))).toBeNull();
	expect(imageSize(GIF.subarray(0, 8))).toBeNull();
});

describe('dimensions far into a file', () => {
	it('of a TIFF are found without keeping what is before them', async () => {
		const tiff = await sharp({ create: { width: 700, height: 300, channels: 3, background: '#123' } })
			.tiff({ compression: 'none' })
			.toBuffer();
		expect(imageSize(tiff.subarray(0, 65_536))).toBeNull();
		const found = await imageSizeFurtherIn(streamOf(inPieces(tiff, 1_000)));
		expect(found).toEqual({ width: 700, height: 300 });
	});

	/** @param length of what comes before the dimensions, in profiles of 60 kB */
	const farIn = async (length: number, orientation?: number) => {
		const image = sharp({ create: { width: 700, height: 300, channels: 3, background: '#123' } });
		const plain = await image.withMetadata({ orientation }).jpeg().toBuffer();
		const profile = Buffer.alloc(60_002);
		profile.write('ffe2ea60', 'hex');
		return Buffer.concat([plain.subarray(0, 2), ...Array<Buffer>(length).fill(profile), plain.subarray(2)]);
	};

	it('of a JPEG are found behind long color profiles', async () => {
		const jpeg = await farIn(3);
		expect(imageSize(jpeg.subarray(0, 65_536))).toBeNull();
		expect(await imageSizeFurtherIn(streamOf([jpeg]))).toEqual({ width: 700, height: 300 });
	});

	it.each([
		[undefined, { width: 700, height: 300 }],
		[6, { width: 300, height: 700 }],
	])('of a JPEG are found wherever they are when it is read whole (%s)', async (orientation, wanted) => {
		const { dimensions } = await inspectFile(streamOf(inPieces(await farIn(80, orientation), 100_000)));
		expect(dimensions).toEqual(wanted);
	});

	it('are read only while there is memory for the file', async () => {
		const steps: string[] = [];
		const content = {
			dimensions: null,
			hold: async () => {
				steps.push('hold');
				return await Promise.resolve(() => steps.push('release'));
			},
			async *open() {
				steps.push('open');
				yield await Promise.reject<Buffer>(new Error('n8n lost it'));
			},
		};
		const file = { content } as unknown as ItemFile;
		await expect(dimensionsOf(file, undefined)).rejects.toThrow('n8n lost it');
		expect(steps).toEqual(['hold', 'open', 'release']);
	});

	it('are not searched for without end', async () => {
		expect(await imageSizeFurtherIn(streamOf([Buffer.from('GIF89a')]))).toBeNull();
		let pieces = 0;
		const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(65_536)]);
		const endless = (async function* () {
			yield jpeg;
			for (;;) {
				pieces++;
				yield await Promise.resolve(Buffer.alloc(100_000));
			}
		})();
		const subarray = jest.spyOn(Buffer.prototype, 'subarray');
		expect(await imageSizeFurtherIn(endless)).toBeNull();
		expect(pieces).toBeLessThan(100);
		// Not byte by byte.
		expect(subarray.mock.calls.length).toBeLessThan(1_000);
		subarray.mockRestore();
	});

	it.each<[string, (image: Sharp) => Sharp, wanted: [width: number, height: number] | null, bytes?: number]>([
		['a TIFF', (image) => image.tiff({ compression: 'none' }), [700, 300]],
		['a WebP that EXIF turns', (image) => image.withMetadata({ orientation: 6 }).webp(), [300, 700]],
		['a WebP without its EXIF', (image) => image.withMetadata({ orientation: 6 }).webp(), null, 99_000],
	])('of %s at a URL are those of the file', async (_what, encode, wanted, length = Infinity) => {
		const noise = { type: 'gaussian', mean: 128, sigma: 80 } as const;
		const create = { width: 700, height: 300, channels: 3, background: '#123', noise } as const;
		const bytes = (await encode(sharp({ create })).toBuffer()).subarray(0, length);
		expect(bytes.length).toBeGreaterThan(90_000);
		const http = new FakeHttp(() => ({ chunks: inPieces(bytes, 30_000) }));
		const clock = new VirtualClock();
		const images = new RemoteImages(clientOf(http, clock), undefined);
		const found = await clock.until(images.inspect('https://example.com/photo'));
		expect(found?.dimensions ?? null).toEqual(wanted && { width: wanted[0], height: wanted[1] });
	});
});

const inPieces = (bytes: Buffer, size: number) =>
	Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

async function* streamOf(chunks: Uint8Array[]) {
	for (const chunk of chunks) yield await Promise.resolve(chunk);
}
