import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** One color on the left, another on the right. */
export async function picture(
	options: {
		width?: number;
		height?: number;
		left?: string;
		right?: string;
		encode?: (picture: Sharp) => Sharp;
	} = {},
): Promise<Buffer> {
	const { width = 60, height = 40, left = '#e02020', right = '#2040e0' } = options;
	const half = {
		create: { width: Math.ceil(width / 2), height, channels: 3 as const, background: right },
	};
	const made = sharp({ create: { width, height, channels: 3, background: left } }).composite([
		{ input: half, left: Math.floor(width / 2), top: 0 },
	]);
	return await (options.encode ?? ((raw: Sharp) => raw.png()))(made).toBuffer();
}

/** A BMP: sharp writes none. 24 bits, one color. */
export function bmpPicture(width: number, height: number): Buffer {
	const rowBytes = Math.ceil((width * 3) / 4) * 4;
	const bytes = Buffer.alloc(54 + rowBytes * height, 0x80);
	bytes.fill(0, 0, 54);
	bytes.write('BM', 0, 'latin1');
	bytes.writeUInt32LE(bytes.length, 2);
	bytes.writeUInt32LE(54, 10);
	bytes.writeUInt32LE(40, 14);
	bytes.writeInt32LE(width, 18);
	bytes.writeInt32LE(height, 22);
	bytes.writeUInt16LE(1, 26);
	bytes.writeUInt16LE(24, 28);
	return bytes;
}

/** Hex SHA-256. */
export function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}

/** Mean red, green and blue of an area in the middle of a point given in shares of the picture. */
export async function colorAt(bytes: Buffer, x: number, y: number): Promise<[number, number, number]> {
	const { width, height } = await sharp(bytes).metadata();
	const area = await sharp(bytes)
		.removeAlpha()
		.extract({ left: Math.round(x * width) - 4, top: Math.round(y * height) - 4, width: 8, height: 8 })
		.png()
		.toBuffer();
	// Statistics are those of a whole file.
	const { channels } = await sharp(area).stats();
	const [red, green, blue] = channels.map(({ mean }) => mean);
	return [red ?? 0, green ?? 0, blue ?? 0];
}

/** EXIF data, or a TIFF's beginning, that hold an orientation. @param at where their directory begins */
export function exif(orientation: number, order: 'II' | 'MM' = 'II', at = 8): Buffer {
	const bytes = Buffer.alloc(at + 18);
	const write16 = (value: number, where: number) =>
		order === 'II' ? bytes.writeUInt16LE(value, where) : bytes.writeUInt16BE(value, where);
	bytes.write(order, 'latin1');
	write16(42, 2);
	write16(at, order === 'II' ? 4 : 6);
	write16(1, at);
	for (const [value, where] of [
		[0x112, 2],
		[3, 4],
		[1, order === 'II' ? 6 : 8],
		[orientation, 10],
	])
		write16(value, at + where);
	return bytes;
}

/** A JPEG, PNG, or WebP with EXIF data, which are behind the pixels but in a JPEG. */
export function oriented(image: Buffer, tiff: Buffer): Buffer {
	const length = Buffer.alloc(4);
	const name = image.toString('latin1', 0, 4);
	if (name === 'RIFF') {
		const even = Buffer.concat([tiff, Buffer.alloc(tiff.length % 2)]);
		length.writeUInt32LE(tiff.length);
		const bytes = Buffer.concat([image, Buffer.from('EXIF'), length, even]);
		bytes.writeUInt32LE(bytes.length - 8, 4);
		return bytes;
	}
	if (name.endsWith('PNG')) {
		length.writeUInt32BE(tiff.length);
		const chunk = Buffer.concat([Buffer.from('eXIf'), tiff]);
		const checksum = Buffer.alloc(4);
		checksum.writeUInt32BE(crc32(chunk));
		return Buffer.concat([image.subarray(0, -12), length, chunk, checksum, image.subarray(-12)]);
	}
	length.writeUInt16BE(0xffe1);
	length.writeUInt16BE(tiff.length + 8, 2);
	return Buffer.concat([image.subarray(0, 2), length, Buffer.from('Exif\0\0'), tiff, image.subarray(2)]);
}

/** A TIFF of one directory. */
export function tiff(
	tags: Array<readonly [tag: number, type: number, count: number, value: number | string]>,
): Buffer {
	const bytes = Buffer.alloc(8 + 2 + tags.length * 12 + 4 + 200);
	bytes.write('II*\0', 'latin1');
	bytes.writeUInt32LE(8, 4);
	bytes.writeUInt16LE(tags.length, 8);
	let textAt = 8 + 2 + tags.length * 12 + 4;
	for (const [i, [tag, type, count, value]] of tags.entries()) {
		const at = 10 + i * 12;
		bytes.writeUInt16LE(tag, at);
		bytes.writeUInt16LE(type, at + 2);
		bytes.writeUInt32LE(count, at + 4);
		if (typeof value === 'number') bytes.writeUInt32LE(value, at + 8);
		else {
			bytes.writeUInt32LE(textAt, at + 8);
			textAt += bytes.write(`${value}\0`, textAt, 'latin1');
		}
	}
	return bytes;
}
