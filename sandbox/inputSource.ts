import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import { contentTypeOf, mediaKindOfName, type FileStore } from './fileStore';
import { isLoopback } from './hosts';

/** Why the model refuses an input. The task fails with this text. */
export class InputRefusal extends Error {}

export type MediaKind = 'image' | 'video' | 'audio';

export interface Storage {
	files: FileStore;
	filesUrl: string;
	nowMs: number;
}

export interface Source {
	bytes(): Promise<Buffer>;
	/** What the name of an uploaded file says it is. */
	declaredType?: string;
}

const MAX_BYTES = 50 * 1024 * 1024;
const DOWNLOAD_MS = 20_000;
const EXTENSIONS: Record<MediaKind, string> = {
	image: 'picture extension (jpeg, png, webp, bmp, tiff, gif)',
	video: 'video extension (mp4, mov, webm, mkv, avi)',
	audio: 'audio extension (mp3, wav, m4a, aac, flac, ogg)',
};

/**
 * Finds one input: an upload or output of this sandbox, a base64 data URI, or a URL on this machine.
 *
 * @param name of the input in the request, for a refusal
 */
export async function sourceOf(
	name: string,
	image: string,
	kind: MediaKind,
	{ files, filesUrl, nowMs }: Storage,
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
		if (mediaKindOfName(path) !== kind) {
			throw new InputRefusal(
				`${name}: unsupported file type: the URL's file name has no ${EXTENSIONS[kind]}`,
			);
		}
		const declaredType = contentTypeOf(path);
		const { made } = file;
		return { bytes: async () => await readFile((await made).path), ...(declaredType && { declaredType }) };
	}
	const bytes = await download(name, image);
	return { bytes: async () => bytes };
}

async function download(name: string, image: string): Promise<Buffer> {
	const url = URL.canParse(image) ? new URL(image) : null;
	if (!url) throw new InputRefusal(`${name}: cannot download: not a URL`);
	if (!/^https?:$/.test(url.protocol) || !isLoopback(url.hostname)) {
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
