import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { fileOnDisk, writeAtOnce, type FileOnDisk } from './fileStore';

const CHUNK = Buffer.alloc(1024 * 1024);

/** Makes a PNG, JPEG or MP4 file as large as wanted, where it is smaller; it stays valid. Others stay as they are. */
export async function padFile(made: FileOnDisk, extension: string, bytesWanted: number): Promise<FileOnDisk> {
	if (!['png', 'jpeg', 'mp4'].includes(extension)) return made;
	return await writePadded(await readFile(made.path), extension, made.path, bytesWanted);
}

/** Writes a file of this type with padding in it. */
export async function writePadded(
	bytes: Buffer,
	extension: string,
	path: string,
	bytesWanted: number,
): Promise<FileOnDisk> {
	const padding = Math.max(0, bytesWanted - bytes.length);
	if (padding === 0) return writeAtOnce(bytes, path);
	const file = createWriteStream(path);
	const write = async (piece: Buffer): Promise<void> => {
		if (!file.write(piece)) await once(file, 'drain');
	};
	if (extension === 'png') await writePaddedPng(bytes, padding, write);
	else if (extension === 'jpeg') await writePaddedJpeg(bytes, padding, write);
	else await writePaddedMp4(bytes, padding, write);
	file.end();
	await once(file, 'close');
	return await fileOnDisk(path);
}

type Write = (piece: Buffer) => Promise<void>;

/** A private chunk that is safe to copy, right before IEND. It adds at least its frame of twelve bytes. */
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
		for (const piece of zeros(length)) {
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

/** A `free` box at the end. */
async function writePaddedMp4(mp4: Buffer, padding: number, write: Write): Promise<void> {
	await write(mp4);
	if (padding < 8) return;
	const head = Buffer.alloc(8);
	head.writeUInt32BE(padding, 0);
	head.write('free', 4, 'latin1');
	await write(head);
	for (const piece of zeros(padding - head.length)) await write(piece);
}

function* zeros(length: number): Generator<Buffer> {
	for (let left = length; left > 0; left -= CHUNK.length)
		yield CHUNK.subarray(0, Math.min(left, CHUNK.length));
}
