import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setUploadPart } from './multipart';
import { originAt } from './origin';

/** A request without a socket. */
export interface InProcessRequest {
	method: string;
	url: string;
	/** Names in lower case. */
	headers: Record<string, string>;
	json?: string;
	/** Instead of `json`: sent as the part `file`. */
	file?: { fileName: string; mimeType: string; open(): AsyncIterable<Uint8Array> };
}

/** Bytes as a handler writes them. `destroy` closes the connection. */
export interface InProcessBody extends AsyncIterable<Uint8Array> {
	destroy(error?: Error): void;
	once(event: 'close', listener: () => void): unknown;
}

export interface InProcessAnswer {
	statusCode: number;
	headers: Record<string, string>;
	body: InProcessBody;
}

function resetError(): NodeJS.ErrnoException {
	return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

/** What a handler writes to; the client reads it as it comes. Much lighter than a stream of Node's. */
class Response extends EventEmitter implements InProcessBody {
	/** As streams have it: n8n's storage takes what it makes. */
	static readonly from = Readable.from.bind(Readable);
	statusCode = 200;
	headersSent = false;
	sendDate = true;
	destroyed = false;
	private ended = false;
	private error: Error | undefined;
	private readonly headers: Record<string, string> = {};
	private readonly chunks: Array<{ bytes: Uint8Array; taken?: () => void }> = [];
	private wake: (() => void) | undefined;

	constructor(private readonly onHead: (answer: InProcessAnswer) => void) {
		super();
	}

	setHeader(name: string, value: unknown): void {
		this.headers[name.toLowerCase()] = String(value);
	}

	writeHead(status: number, headers: Record<string, unknown> = {}): this {
		for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
		this.statusCode = status;
		this.headersSent = true;
		this.onHead({ statusCode: status, headers: this.headers, body: this });
		return this;
	}

	flushHeaders(): void {
		// The client has them already.
	}

	/** @param taken called when the client has read them, or has gone */
	write(bytes: Uint8Array, taken?: () => void): void {
		if (this.destroyed) taken?.();
		else this.chunks.push({ bytes, ...(taken ? { taken } : {}) });
		this.wake?.();
	}

	end(bytes?: Uint8Array): void {
		if (bytes) this.write(bytes);
		this.ended = true;
		this.wake?.();
	}

	/** The client still gets what was written before, but no end. */
	destroy(error?: Error): void {
		if (this.destroyed) return;
		this.destroyed = true;
		this.error = error;
		for (const { taken } of this.chunks) taken?.();
		this.wake?.();
		this.emit('close');
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
		try {
			for (;;) {
				const next = this.error ? undefined : this.chunks.shift();
				if (next) {
					next.taken?.();
					yield next.bytes;
				} else if (this.ended) return;
				else if (this.destroyed) throw this.error ?? resetError();
				else await new Promise<void>((resolve) => (this.wake = resolve));
			}
		} finally {
			this.destroy();
		}
	}
}

/** Whether a sandbox of this process listens there. */
export function isInProcess(url: string): boolean {
	return originAt(url) !== undefined;
}

/**
 * Calls a sandbox of this process past sockets and HTTP parsers: its handlers get what looks like a request, and what
 * they answer comes back as it is written. A connection that they reset rejects with ECONNRESET, or breaks the body.
 *
 * @param signal ends the call, with its reason
 */
export async function callInProcess(
	{ method, url, headers, json, file }: InProcessRequest,
	signal?: AbortSignal,
): Promise<InProcessAnswer> {
	const origin = originAt(url);
	if (!origin) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
	const host = url.slice(url.indexOf('//') + 2, url.indexOf('/', 'https://'.length));
	return await new Promise<InProcessAnswer>((resolve, reject) => {
		const response = new Response(resolve);
		const upload = file && Readable.from(file.open(), { objectMode: false });
		const end = (error: Error): void => {
			request.destroyed = true;
			upload?.destroy();
			reject(error);
			response.destroy(error);
		};
		const socket = { remoteAddress: '127.0.0.1', resetAndDestroy: () => end(resetError()) };
		const request = {
			method,
			url: url.slice(url.indexOf(host) + host.length),
			headers: { host, ...headers },
			socket,
			destroyed: false,
			// Whoever does not want the body need not take it in.
			complete: true,
			*[Symbol.asyncIterator]() {
				if (json !== undefined) yield Buffer.from(json);
			},
		};
		if (file && upload) {
			// A file that cannot be read ends its request.
			upload.once('error', end);
			const { fileName, mimeType: contentType } = file;
			setUploadPart(request, { fieldName: 'file', fileName, contentType, stream: upload });
		}
		const abort = (): void => end(signal?.reason as Error);
		if (signal?.aborted) return abort();
		signal?.addEventListener('abort', abort);
		origin.connections.add(socket);
		response.once('close', () => {
			signal?.removeEventListener('abort', abort);
			origin.connections.delete(socket);
			// Where the handler closes it before its head, as where it does so after.
			if (!response.headersSent) reject(resetError());
		});
		void origin.handle(request as unknown as IncomingMessage, response as unknown as ServerResponse);
	});
}
