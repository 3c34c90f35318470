import sharp from 'sharp';
import { FileEnd } from '../../nodes/AtlasCloud/api/files/fileEnd';
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
import { bmpPicture } from '../engine/pictures';

/** An image that does not compress well. */
function noise(side: number) {
	const pixels = Buffer.from(
		Array.from({ length: side * side * 3 }, (_, i) => (i * 7919 + (i >> 3) * 31) % 251),
	);
	return sharp(pixels, { raw: { width: side, height: side, channels: 3 } });
}

const made: Record<string, [FileKind, (side: number) => Promise<Buffer>]> = {
	PNG: [PNG, async (side) => await noise(side).png().toBuffer()],
	JPEG: [JPEG, async (side) => await noise(side).jpeg().toBuffer()],
	WebP: [WEBP, async (side) => await noise(side).webp().toBuffer()],
	GIF: [GIF, async (side) => await noise(side).gif().toBuffer()],
	TIFF: [TIFF, async (side) => await noise(side).tiff().toBuffer()],
	BMP: [BMP, async (side) => await Promise.resolve(bmpPicture(side, side))],
};

function isWhole(kind: FileKind, bytes: Buffer, chunkSize = Infinity): boolean {
	const end = new FileEnd(kind);
	for (let at = 0; at < bytes.length; at += chunkSize) end.add(bytes.subarray(at, at + chunkSize));
	expect(end.size).toBe(bytes.length);
	return end.isReached();
}

it.each(Object.entries(made))('a %s is whole, in chunks of any size', async (_name, [kind, make]) => {
	const bytes = await make(100);
	for (const size of [1, 7, 512, 5_000, Infinity]) expect(isWhole(kind, bytes, size)).toBe(true);
	expect(isWhole(kind, Buffer.alloc(0))).toBe(false);
});

it.each(Object.entries(made).filter(([name]) => name !== 'TIFF'))(
	'a %s that is cut off is not',
	async (_name, [kind, make]) => {
		const bytes = await make(200);
		for (const share of [0.01, 0.3, 0.5, 0.9])
			expect(isWhole(kind, bytes.subarray(0, Math.floor(bytes.length * share)))).toBe(false);
	},
);

it('tolerates what some tools add after the end', async () => {
	for (const name of ['PNG', 'JPEG', 'GIF']) {
		const [kind, make] = made[name]!;
		expect(isWhole(kind, Buffer.concat([await make(50), Buffer.from('\r\n\0\0')]))).toBe(true);
	}
});

it('skips the padding of a GIF quickly', async () => {
	const [, make] = made.GIF!;
	const startMs = performance.now();
	expect(isWhole(GIF, Buffer.concat([await make(20), Buffer.alloc(3_000)]))).toBe(true);
	expect(isWhole(GIF, Buffer.concat([Buffer.from('\0;'.repeat(2_000)), Buffer.from('x')]))).toBe(false);
	expect(performance.now() - startMs).toBeLessThan(500);
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
