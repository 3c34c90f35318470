import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { randomId } from './random';

/** A file on disk, whole. */
export interface FileOnDisk {
	path: string;
	size: number;
	sha256: string;
}

export interface StoredFile {
	contentType: string;
	/** Pictures are made in the background: a download waits for its own. */
	made: Promise<FileOnDisk>;
	expiresAtMs: number;
}

const CONTENT_TYPES: Record<string, string> = {
	'.jpg': 'image/jpeg',
	'.jpeg': 'image/jpeg',
	'.png': 'image/png',
	'.webp': 'image/webp',
	'.bmp': 'image/bmp',
	'.tif': 'image/tiff',
	'.tiff': 'image/tiff',
	'.gif': 'image/gif',
	'.mp4': 'video/mp4',
	'.mov': 'video/quicktime',
	'.webm': 'video/webm',
	'.mkv': 'video/x-matroska',
	'.avi': 'video/x-msvideo',
	'.mp3': 'audio/mpeg',
	'.wav': 'audio/wav',
	'.m4a': 'audio/mp4',
	'.aac': 'audio/aac',
	'.flac': 'audio/flac',
	'.ogg': 'audio/ogg',
	'.glb': 'model/gltf-binary',
	'.zip': 'application/zip',
};

/** By the extension of the URL's path; undefined for one that no model reads or makes. */
export function contentTypeOf(urlPath: string): string | undefined {
	return CONTENT_TYPES[extname(urlPath).toLowerCase()];
}

/** What Atlas Cloud takes a file for: its name's extension decides, not the content type of its part. */
export function mediaKindOfName(urlPath: string): 'image' | 'video' | 'audio' | 'file' {
	const kind = contentTypeOf(urlPath)?.split('/')[0];
	return kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'file';
}

/** All sandboxes of a process share a folder: to remove one takes longer than to run a test. */
let folder: string | undefined;

/** A path for a file that stays until the process ends. */
export function newPath(extension = ''): string {
	if (folder === undefined) {
		const made = (folder = mkdtempSync(join(tmpdir(), 'seedream-sandbox-')));
		process.once('exit', () => rmSync(made, { recursive: true, force: true }));
	}
	return join(folder, randomId() + extension);
}

/** The storage host's files: uploads and outputs, all on disk until the sandbox closes. */
export class FileStore {
	private readonly paths: string[] = [];
	private readonly files = new Map<string, StoredFile>();

	newPath(extension = ''): string {
		const path = newPath(extension);
		this.paths.push(path);
		return path;
	}

	/** Files stand under the path of their URL, as a client would send it. */
	add(urlPath: string, file: StoredFile): void {
		// A file that cannot be made fails its download, not the process.
		file.made.catch(() => undefined);
		this.files.set(urlPath, file);
	}

	find(urlPath: string, nowMs: number): StoredFile | undefined {
		const file = this.files.get(urlPath);
		return file && file.expiresAtMs > nowMs ? file : undefined;
	}

	expire(urlPath: string): void {
		const file = this.files.get(urlPath);
		if (file) file.expiresAtMs = -Infinity;
	}

	remove(): void {
		this.files.clear();
		for (const path of this.paths) rmSync(path, { force: true });
	}
}

export async function fileOnDisk(path: string): Promise<FileOnDisk> {
	const hash = createHash('sha256');
	let size = 0;
	for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
		hash.update(chunk);
		size += chunk.length;
	}
	return { path, size, sha256: hash.digest('hex') };
}

/** For files that are small: streams and other threads take longer. */
export function writeAtOnce(bytes: Buffer, path: string): FileOnDisk {
	writeFileSync(path, bytes);
	return { path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
