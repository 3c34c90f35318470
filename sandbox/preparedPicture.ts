import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { fileOnDisk, type FileOnDisk } from './fileStore';

const SIDE = 1024;
const CHUNK = Buffer.alloc(1024 * 1024);

/** One picture to answer every task with, made once: benchmarks measure the client and not sharp. */
export async function preparedPicture(
	format: 'png' | 'jpeg',
	path: string,
	bytesWanted: number | undefined,
): Promise<FileOnDisk> {
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="100%" height="100%"
		fill="#3b6ea5"/><circle cx="512" cy="470" r="300" fill="#f4c95d"/><text x="512" y="960" font-size="72"
		font-family="sans-serif" text-anchor="middle" fill="#fff">sandbox</text></svg>`;
	const picture = sharp(Buffer.from(svg)).flatten({ background: '#3b6ea5' });
	const bytes = await (format === 'png' ? picture.png() : picture.jpeg()).toBuffer();
	return await writePicture(bytes, format, path, bytesWanted ?? 0);
}

/** Makes the picture's file as large as wanted, where it is smaller; it stays a valid picture. */
export async function padPicture(
	{ path }: FileOnDisk,
	format: 'png' | 'jpeg',
	bytesWanted: number,
): Promise<FileOnDisk> {
	return await writePicture(await readFile(path), format, path, bytesWanted);
}

async function writePicture(
	bytes: Buffer,
	format: 'png' | 'jpeg',
	path: string,
	bytesWanted: number,
): Promise<FileOnDisk> {
	const padding = Math.max(0, bytesWanted - bytes.length);
	const file = createWriteStream(path);
	const write = async (piece: Buffer): Promise<void> => {
		if (!file.write(piece)) await once(file, 'drain');
	};
	if (format === 'png') await writePaddedPng(bytes, padding, write);
	else await writePaddedJpeg(bytes, padding, write);
	file.end();
	await once(file, 'close');
	return await fileOnDisk(path);
}

type Write = (piece: Buffer) => Promise<void>;

/** An ancillary chunk, private and safe to copy, right before IEND; its twelve bytes of frame are the least it adds. */
async function writePaddedPng(png: Buffer, padding: number, write: Write): Promise<void> {
	const end = png.length - 12;
	await write(png.subarray(0, end));
	if (padding >= 12) {
		const length = padding - 12;
		const head = Buffer.alloc(8);
		head.writeUInt32BE(length, 0);
		head.write('saNd', 4, 'latin1');
		await write(head);
		let crc = crc32(head.subarray(4));
		for (let left = length; left > 0; left -= CHUNK.length) {
			const piece = CHUNK.subarray(0, Math.min(left, CHUNK.length));
			crc = crc32(piece, crc);
			await write(piece);
		}
		const tail = Buffer.alloc(4);
		tail.writeUInt32BE(crc, 0);
		await write(tail);
	}
	await write(png.subarray(end));
}

/** Comment segments right after the start marker. */
async function writePaddedJpeg(jpeg: Buffer, padding: number, write: Write): Promise<void> {
	await write(jpeg.subarray(0, 2));
	let left = padding;
	while (left >= 4) {
		// Never leaves one to three bytes behind: they would fit no segment.
		const total = left <= 65_537 ? left : Math.min(65_537, left - 4);
		const segment = Buffer.alloc(total);
		segment.writeUInt16BE(0xfffe, 0);
		segment.writeUInt16BE(total - 2, 2);
		await write(segment);
		left -= total;
	}
	await write(jpeg.subarray(2));
}
