import sharp from 'sharp';
import {
	BMP,
	GIF,
	JPEG,
	fileKind,
	PNG,
	TIFF,
	WEBP,
	type FileKind,
} from '../../nodes/AtlasCloud/api/files/kinds';
import { ImageScan } from '../../nodes/AtlasCloud/api/files/imageScan';
import { bmpPicture, exif, oriented } from '../engine/pictures';

/** An image that does not compress well. */
function noise(side: number) {
	const pixels = Buffer.from(
		Array.from({ length: side * side * 3 }, (_, i) => (i * 7919 + (i >> 3) * 31) % 251),
	);
	return sharp(pixels, { raw: { width: side, height: side, channels: 3 } });
}

const made = {
	PNG: [PNG, async (side) => await noise(side).png().toBuffer()],
	JPEG: [JPEG, async (side) => await noise(side).jpeg().toBuffer()],
	WebP: [WEBP, async (side) => await noise(side).webp().toBuffer()],
	GIF: [GIF, async (side) => await noise(side).gif().toBuffer()],
	BMP: [BMP, async (side) => await Promise.resolve(bmpPicture(side, side))],
} satisfies Record<string, [FileKind, (side: number) => Promise<Buffer>]>;

function scan(kind: FileKind, bytes: Buffer, chunkSize = Infinity): ImageScan {
	const scanned = new ImageScan(kind);
	for (let at = 0; at < bytes.length; at += chunkSize) scanned.add(bytes.subarray(at, at + chunkSize));
	return scanned;
}

const isWhole = (...given: Parameters<typeof scan>) => scan(...given).isWhole;

it.each(Object.entries(made))('a %s is whole, in chunks of any size', async (_name, [kind, make]) => {
	const bytes = await make(100);
	for (const size of [1, 7, 512, 5_000, Infinity]) expect(isWhole(kind, bytes, size)).toBe(true);
	expect(isWhole(kind, Buffer.alloc(0))).toBe(false);
});

it.each(Object.entries(made))('a %s that is cut off is not', async (_name, [kind, make]) => {
	const bytes = await make(200);
	for (const share of [0.001, 0.01, 0.3, 0.5, 0.9, 1 - 1 / bytes.length])
		expect(isWhole(kind, bytes.subarray(0, Math.floor(bytes.length * share)))).toBe(false);
});

it('takes every other kind for whole', () => {
	expect(isWhole(TIFF, Buffer.from('II*'))).toBe(true);
});

it('tolerates what some tools add after the end', async () => {
	for (const [kind, make] of Object.values(made)) {
		expect(isWhole(kind, Buffer.concat([await make(50), Buffer.from('\r\n\0\0')]))).toBe(true);
	}
});

// A scan that goes back to an earlier part would take hours here.
it('reads each of many small parts once', () => {
	const head = Buffer.from('GIF89a\x01\0\x01\0\0\0\0', 'latin1');
	expect(isWhole(GIF, Buffer.concat([head, Buffer.alloc(300), Buffer.from(';')]), 50)).toBe(true);
	expect(isWhole(GIF, Buffer.concat([head, Buffer.alloc(2_000_000), Buffer.from(';')]))).toBe(false);
	expect(isWhole(GIF, Buffer.concat([head, Buffer.from('!\xff'), Buffer.alloc(1_000_000, 1)]))).toBe(false);
	const escaped = Buffer.alloc(1_000_000, Buffer.from('ff00', 'hex'));
	expect(isWhole(JPEG, Buffer.concat([Buffer.from('ffd8', 'hex'), escaped]))).toBe(false);
	expect(isWhole(GIF, Buffer.concat([head, Buffer.from('!\xff\x01a\0'.repeat(50_000), 'latin1')]))).toBe(
		false,
	);
});

describe.each([
	['JPEG', JPEG],
	['PNG', PNG],
	['WebP', WEBP],
] as const)('the orientation of a %s', (name, kind) => {
	it.each([
		[1, false],
		[3, false],
		[5, true],
		[6, true],
		[8, true],
		[9, false],
		[65_535, false],
	])('%d turns it: %j', async (orientation, wanted) => {
		const [, make] = made[name];
		for (const order of ['II', 'MM'] as const)
			for (const at of [8, 200]) {
				const bytes = oriented(await make(20), exif(orientation, order, at));
				expect(await sharp(bytes).metadata()).toMatchObject({ width: 20 });
				for (const size of [1, Infinity])
					expect(scan(kind, bytes, size)).toMatchObject({ isWhole: true, isTurned: wanted });
			}
	});
});

describe('a JPEG', () => {
	/** An EXIF segment as cameras write it: its second directory holds a thumbnail, a JPEG of its own. */
	function exifWith(thumbnail: Buffer): Buffer {
		const entry = (tag: number, value: number) => {
			const bytes = Buffer.alloc(12);
			bytes.writeUInt16LE(tag, 0);
			bytes.writeUInt16LE(4, 2);
			bytes.writeUInt32LE(1, 4);
			bytes.writeUInt32LE(value, 8);
			return bytes;
		};
		const header = Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
		const first = Buffer.from([0, 0, 14, 0, 0, 0]);
		const second = [entry(0x103, 6), entry(0x201, 56), entry(0x202, thumbnail.length)];
		const tiff = Buffer.concat([header, first, Buffer.from([3, 0]), ...second, Buffer.alloc(4), thumbnail]);
		const length = Buffer.alloc(2);
		length.writeUInt16BE(2 + 6 + tiff.length);
		return Buffer.concat([Buffer.from([0xff, 0xe1]), length, Buffer.from('Exif\0\0', 'latin1'), tiff]);
	}

	const kinds: Record<string, () => Promise<Buffer>> = {
		baseline: async () => await noise(150).jpeg().toBuffer(),
		progressive: async () => await noise(150).jpeg({ progressive: true }).toBuffer(),
		'with EXIF and a color profile': async () =>
			await noise(150)
				.withExif({ IFD0: { Copyright: 'me' } })
				.withIccProfile('srgb')
				.jpeg()
				.toBuffer(),
		'with a thumbnail': async () => {
			const thumbnail = await noise(40).jpeg().toBuffer();
			expect(fileKind(thumbnail)).toBe(JPEG);
			const image = await noise(60).jpeg().toBuffer();
			const bytes = Buffer.concat([image.subarray(0, 2), exifWith(thumbnail), image.subarray(2)]);
			expect(await sharp(bytes).metadata()).toMatchObject({ width: 60, exif: expect.any(Buffer) as Buffer });
			return bytes;
		},
	};

	it.each(Object.entries(kinds))('%s is whole at its end and not before', async (_what, make) => {
		const bytes = await make();
		for (const size of [1, 333, Infinity]) expect(isWhole(JPEG, bytes, size)).toBe(true);
		const step = Math.max(1, Math.floor(bytes.length / 500));
		for (let cut = 2; cut < bytes.length; cut += step)
			expect([cut, isWhole(JPEG, bytes.subarray(0, cut))]).toEqual([cut, false]);
		for (let cut = bytes.length - 20; cut < bytes.length; cut++)
			expect([cut, isWhole(JPEG, bytes.subarray(0, cut), 100)]).toEqual([cut, false]);
	});

	it('is whole with another image appended, as phones do', async () => {
		const image = await noise(60).jpeg().toBuffer();
		expect(isWhole(JPEG, Buffer.concat([image, image.subarray(0, 3_000)]))).toBe(true);
		expect(isWhole(JPEG, Buffer.concat([image, Buffer.alloc(100_000, 1)]), 5_000)).toBe(true);
	});

	it('is whole with fill bytes before its markers', async () => {
		const image = await noise(60).jpeg().toBuffer();
		const fill = Buffer.from([0xff, 0xff]);
		expect(isWhole(JPEG, Buffer.concat([image.subarray(0, -2), fill, image.subarray(-2)]), 1)).toBe(true);
	});
});
