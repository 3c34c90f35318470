import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { request } from 'undici';
import { decodeBmp, isBmp } from './bmp';
import { pictureTypeOf, type FileStore } from './fileStore';

/** A picture a task can edit. Opened anew for each use: it may be needed for several outputs. */
export interface PurchaseInput {
	open(): Promise<Sharp>;
}

/** Why the model refuses an input. The task fails with this text. */
export class InputRefusal extends Error {}

const MAX_BYTES = 50 * 1024 * 1024;
const DOWNLOAD_MS = 20_000;
const TYPES: Record<string, string> = {
	jpeg: 'image/jpeg',
	png: 'image/png',
	webp: 'image/webp',
	tiff: 'image/tiff',
	gif: 'image/gif',
};

interface Source {
	bytes(): Promise<Buffer>;
	/** What the sender says it is, where that counts. */
	declaredType?: string;
}

/**
 * Fetches and checks the images of a task as the model would: reachable, a picture in a format it reads, no longer than
 * 3:1 [V]; of an uploaded file also its extension, which decides how it is classified [C].
 */
export async function openInputs(
	images: readonly string[],
	files: FileStore,
	filesUrl: string,
	nowMs: number,
): Promise<PurchaseInput[]> {
	const pictures: PurchaseInput[] = [];
	for (const [index, image] of images.entries()) {
		const name = `images[${index}]`;
		pictures.push(await checkPicture(name, await sourceOf(name, image, files, filesUrl, nowMs)));
	}
	return pictures;
}

/** For prepared pictures: whether each input could be had, without reading it. */
export async function checkReachable(
	images: readonly string[],
	files: FileStore,
	filesUrl: string,
	nowMs: number,
): Promise<void> {
	for (const [index, image] of images.entries()) {
		if (image.startsWith(filesUrl)) await sourceOf(`images[${index}]`, image, files, filesUrl, nowMs);
	}
}

async function sourceOf(
	name: string,
	image: string,
	files: FileStore,
	filesUrl: string,
	nowMs: number,
): Promise<Source> {
	if (image.startsWith('data:')) {
		const match = /^data:([\w.+/-]*)((?:;[^;,]*)*),/.exec(image.slice(0, 300));
		if (!match || !/;base64$/.test(match[2] ?? '')) {
			throw new InputRefusal(`${name}: not a base64 data URI`);
		}
		const start = match[0].length;
		return { bytes: async () => Buffer.from(image.slice(start), 'base64') };
	}
	if (image.startsWith(`${filesUrl}/`)) {
		const path = new URL(image).pathname;
		const file = files.find(path, nowMs);
		if (!file) throw new InputRefusal(`${name}: cannot download ${image}: HTTP 404`);
		const declaredType = pictureTypeOf(path);
		if (!declaredType) {
			throw new InputRefusal(
				`${name}: unsupported file type: the URL's file name has no picture extension (jpeg, png, webp, bmp, tiff, gif)`,
			);
		}
		const { made } = file;
		return { bytes: async () => await readFile((await made).path), declaredType };
	}
	const bytes = await download(name, image);
	return { bytes: async () => bytes };
}

async function download(name: string, image: string): Promise<Buffer> {
	let url: URL;
	try {
		url = new URL(image);
	} catch {
		throw new InputRefusal(`${name}: cannot download: not a URL`);
	}
	const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
	if (!/^https?:$/.test(url.protocol) || !local) {
		throw new InputRefusal(`${name}: cannot download ${url.origin}: the sandbox reaches this machine only`);
	}
	try {
		const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(DOWNLOAD_MS) });
		if (statusCode !== 200) {
			await body.dump();
			throw new InputRefusal(`${name}: cannot download ${image}: HTTP ${statusCode}`);
		}
		const chunks: Buffer[] = [];
		let size = 0;
		for await (const chunk of body as AsyncIterable<Buffer>) {
			size += chunk.length;
			if (size > MAX_BYTES) throw new InputRefusal(`${name}: cannot download ${image}: too large`);
			chunks.push(chunk);
		}
		return Buffer.concat(chunks);
	} catch (error) {
		if (error instanceof InputRefusal) throw error;
		throw new InputRefusal(`${name}: cannot download ${image}`);
	}
}

async function checkPicture(name: string, source: Source): Promise<PurchaseInput> {
	const bytes = await source.bytes();
	const { type, width, height } = await describe(name, bytes);
	if (source.declaredType && source.declaredType !== type) {
		throw new InputRefusal(
			`${name}: unsupported file type: the file is named as ${source.declaredType} but is ${type}`,
		);
	}
	const ratio = width / height;
	if (ratio > 3 || ratio < 1 / 3) {
		throw new InputRefusal(`${name}: aspect ratio must be between 1:3 and 3:1, got ${width}x${height}`);
	}
	// Not kept in memory between check and edit: hundreds of tasks may wait at once.
	return { open: async () => openPicture(await source.bytes()) };
}

async function describe(
	name: string,
	bytes: Buffer,
): Promise<{ type: string; width: number; height: number }> {
	try {
		if (isBmp(bytes)) {
			return { type: 'image/bmp', width: bytes.readInt32LE(18), height: Math.abs(bytes.readInt32LE(22)) };
		}
		const { format, width, height } = await sharp(bytes).metadata();
		const type = format && TYPES[format];
		if (!type || !width || !height) throw new Error(`format ${String(format)}`);
		return { type, width, height };
	} catch {
		throw new InputRefusal(`${name}: unsupported file type: not a picture that can be read`);
	}
}

function openPicture(bytes: Buffer): Sharp {
	if (isBmp(bytes)) {
		const { data, width, height, channels } = decodeBmp(bytes);
		return sharp(data, { raw: { width, height, channels } });
	}
	return sharp(bytes, { failOn: 'none' }).autoOrient();
}
