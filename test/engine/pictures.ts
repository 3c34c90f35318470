import { createHash } from 'node:crypto';
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
	const { channels } = await sharp(bytes)
		.removeAlpha()
		.extract({ left: Math.round(x * width) - 4, top: Math.round(y * height) - 4, width: 8, height: 8 })
		.stats();
	const [red, green, blue] = channels.map(({ mean }) => mean);
	return [red ?? 0, green ?? 0, blue ?? 0];
}
