import sharp from 'sharp';
import type { FileOnDisk } from './fileStore';
import { writePadded } from './padFile';

const SIDE = 1024;

/** One picture to answer every task with, made once: benchmarks measure the client and not sharp. */
export async function preparedPicture(
	format: 'png' | 'jpeg',
	path: string,
	bytesWanted: number | undefined,
): Promise<FileOnDisk> {
	const bytes = await encoded(format);
	return await writePadded(bytes, format, path, bytesWanted ?? 0);
}

const made = new Map<string, Promise<Buffer>>();

/** Sandboxes come and go in a test run: drawing it takes longer than to start one. */
async function encoded(format: 'png' | 'jpeg'): Promise<Buffer> {
	const bytes = made.get(format) ?? draw(format);
	made.set(format, bytes);
	return await bytes;
}

async function draw(format: 'png' | 'jpeg'): Promise<Buffer> {
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="100%" height="100%"
		fill="#3b6ea5"/><circle cx="512" cy="470" r="300" fill="#f4c95d"/><text x="512" y="960" font-size="72"
		font-family="sans-serif" text-anchor="middle" fill="#fff">sandbox</text></svg>`;
	const picture = sharp(Buffer.from(svg)).flatten({ background: '#3b6ea5' });
	return await (format === 'png' ? picture.png() : picture.jpeg()).toBuffer();
}
