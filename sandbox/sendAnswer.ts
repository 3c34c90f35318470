import { createReadStream, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answers';
import type { SandboxClock } from './types';

/** A byte range of a file, both ends included. */
interface Range {
	start: number;
	end: number;
}

/** Sends an answer whole. Files are streamed, in part where the request has a `Range`. */
export async function sendAnswer(
	answer: Answer,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const head = request.method === 'HEAD';
	if (answer.body.kind !== 'file') {
		const { bytes, contentType } = bytesOf(answer);
		response.writeHead(answer.status, {
			'content-type': contentType,
			'content-length': bytes.length,
			...answer.headers,
		});
		response.end(head ? undefined : bytes);
		return;
	}
	const { path, size, contentType } = answer.body;
	const range = answer.status === 200 ? rangeOf(request.headers.range, size) : null;
	const { start, end } = range ?? { start: 0, end: size - 1 };
	response.writeHead(range ? 206 : answer.status, {
		'content-type': contentType,
		'content-length': end - start + 1,
		'accept-ranges': 'bytes',
		...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
		...answer.headers,
	});
	if (head) response.end();
	else if (size <= SMALL_FILE_BYTES) response.end(readFileSync(path).subarray(start, end + 1));
	else await sendAll(createReadStream(path, { start, end }), response);
}

/** Larger ones are streamed. */
const SMALL_FILE_BYTES = 1_000_000;

async function sendAll(
	chunks: Iterable<Buffer> | AsyncIterable<unknown>,
	response: ServerResponse,
): Promise<void> {
	for await (const chunk of chunks) {
		if (response.destroyed) return;
		await writeFlushed(response, chunk as Buffer);
	}
	response.end();
}

/** Announces the whole length, sends half of it and closes the connection. */
export async function sendHalf(answer: Answer, response: ServerResponse): Promise<void> {
	const size = answer.body.kind === 'file' ? answer.body.size : bytesOf(answer).bytes.length;
	const contentType = answer.body.kind === 'file' ? answer.body.contentType : bytesOf(answer).contentType;
	const half = Math.floor(size / 2);
	response.writeHead(answer.status, {
		'content-type': contentType,
		'content-length': size,
		...answer.headers,
	});
	response.flushHeaders();
	if (answer.body.kind === 'file') {
		const source = createReadStream(answer.body.path, { start: 0, end: Math.max(0, half - 1) });
		for await (const chunk of source as AsyncIterable<Buffer>) await writeFlushed(response, chunk);
	} else await writeFlushed(response, bytesOf(answer).bytes.subarray(0, half));
	response.destroy();
}

/** Headers at once, then so many bytes per second of the sandbox's clock, until the connection closes. */
export async function sendTrickle(
	answer: Answer,
	bytesPerSecond: number,
	clock: SandboxClock,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const { body } = answer;
	const { size, contentType } =
		body.kind === 'file'
			? body
			: { size: bytesOf(answer).bytes.length, contentType: bytesOf(answer).contentType };
	response.writeHead(answer.status, {
		'content-type': contentType,
		'content-length': size,
		...answer.headers,
	});
	if (request.method === 'HEAD') {
		response.end();
		return;
	}
	response.flushHeaders();
	// Some ten pieces a second, so that a client sees it come and not stand still.
	const pieceBytes = Math.max(1, Math.ceil(bytesPerSecond / 10));
	const bytes = body.kind === 'file' ? await readFile(body.path) : bytesOf(answer).bytes;
	const startMs = clock.nowMs();
	let sent = 0;
	for (const piece of slices(bytes, pieceBytes)) {
		sent += piece.length;
		const dueMs = startMs + (sent / bytesPerSecond) * 1000;
		const waitMs = dueMs - clock.nowMs();
		if (waitMs > 0) await clock.sleepMs(waitMs);
		if (response.destroyed) return;
		await writeFlushed(response, piece);
	}
	response.end();
}

function* slices(bytes: Buffer, length: number): Generator<Buffer> {
	for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** This many bytes, not announced: JSON that does not end, or a picture that does not. */
export async function sendHuge(bytes: number, ofFile: boolean, response: ServerResponse): Promise<void> {
	response.writeHead(200, { 'content-type': ofFile ? 'image/png' : 'application/json; charset=utf-8' });
	const start = ofFile
		? Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
		: Buffer.from('{"code":200,"message":"');
	const piece = Buffer.alloc(64 * 1024, ofFile ? 0 : 'a');
	function* pieces(): Generator<Buffer> {
		yield start;
		for (let left = bytes - start.length; left > 0; left -= piece.length) {
			yield left < piece.length ? piece.subarray(0, left) : piece;
		}
	}
	await sendAll(pieces(), response);
}

export function bytesOf({ body }: Answer): { bytes: Buffer; contentType: string } {
	if (body.kind === 'raw') return body;
	if (body.kind === 'file') throw new Error('a file is streamed');
	return { bytes: Buffer.from(JSON.stringify(body.value)), contentType: 'application/json; charset=utf-8' };
}

async function writeFlushed(response: ServerResponse, chunk: Buffer): Promise<void> {
	await new Promise<void>((resolve) => response.write(chunk, () => resolve()));
}

/** `bytes=a-b`, `bytes=a-` and `bytes=-n`; anything else gives the whole file. */
function rangeOf(header: string | undefined, size: number): Range | null {
	const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
	if (!match || size === 0) return null;
	const [, from = '', to = ''] = match;
	if (from === '' && to === '') return null;
	const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
	const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
	return start <= end ? { start, end } : null;
}
