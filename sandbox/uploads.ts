import { createHash, randomInt } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { Refusal } from './answers';
import { contentTypeOf, mediaKindOfName, type FileStore } from './fileStore';
import type { LedgerBook } from './ledger';
import { randomId } from './random';
import type { LedgerUpload } from './types';

/** The one part of an upload. */
export interface UploadPart {
	fieldName: string;
	fileName: string;
	contentType: string;
	stream: Readable;
}

/**
 * `POST /api/v1/model/uploadMedia`: one part named `file`, with file name and content type. Streamed to disk. A name
 * without an extension, or with a wrong one, is accepted here and refused by the model later.
 */
export async function storeUpload(
	part: UploadPart | undefined,
	context: { files: FileStore; ledger: LedgerBook; filesUrl: string; keepName: boolean },
	onBytes: (bytes: number) => void,
): Promise<LedgerUpload> {
	if (!part) throw new Refusal(400, 'file is required: send multipart/form-data with one part named file');
	if (part.fieldName !== 'file')
		throw new Refusal(400, `file is required, got a part named ${part.fieldName}`);
	if (part.fileName === '') throw new Refusal(400, 'file must have a file name');

	const path = context.files.newPath();
	const hash = createHash('sha256');
	let bytes = 0;
	for await (const chunk of part.stream as AsyncIterable<Buffer>) {
		// At once: a test waits for the clock while nothing else goes on.
		appendFileSync(path, chunk);
		bytes += chunk.length;
		onBytes(bytes);
		hash.update(chunk);
	}
	if (bytes === 0) throw new Refusal(400, 'file is empty');

	const urlPath = uploadPath(part.fileName, context.keepName);
	const sha256 = hash.digest('hex');
	context.files.add(urlPath, {
		contentType: contentTypeOf(urlPath) ?? 'application/octet-stream',
		made: Promise.resolve({ path, size: bytes, sha256 }),
		expiresAtMs: Infinity,
	});
	const upload = {
		url: context.filesUrl + urlPath,
		fileName: part.fileName,
		contentType: part.contentType,
		bytes,
		sha256,
	};
	context.ledger.uploads.push(upload);
	return upload;
}

/** `…/media/images/<number>_<random>.jpg`, or `…/uploads/<random>/<name>`. */
export function uploadPath(fileName: string, keepName: boolean): string {
	if (keepName) return `/uploads/${randomId(16)}/${encodeURIComponent(fileName)}`;
	const number = randomInt(1e12, 1e13);
	return `/media/images/${number}_${randomId(16)}${encodeURIComponent(extname(fileName).toLowerCase())}`;
}

/** Both documented shapes at once: `file_name` and `content_type`, `type` and `filename`. */
export function uploadAnswer(upload: LedgerUpload): unknown {
	return {
		code: 200,
		message: 'success',
		data: {
			type: mediaKindOfName(upload.fileName),
			download_url: upload.url,
			filename: upload.fileName,
			file_name: upload.fileName,
			content_type: upload.contentType,
			size: upload.bytes,
		},
	};
}
