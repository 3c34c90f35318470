import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { originAt } from './origin';

/** A request without a socket. */
export interface InProcessRequest {
	method: string;
	url: string;
	/** Names in lower case. */
	headers: Record<string, string>;
	body?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface InProcessAnswer {
	statusCode: number;
	headers: Record<string, string>;
	body: Readable;
}

function resetError(): NodeJS.ErrnoException {
	return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

/** What a handler writes to; the client reads it as it comes. */
class Response extends PassThrough {
	statusCode = 200;
	headersSent = false;
	sendDate = true;
	private readonly headers = new Map<string, string>();

	constructor(private readonly onHead: (answer: InProcessAnswer) => void) {
		super();
		this.on('error', () => undefined);
		// A slow client makes a handler wait for its end many times.
		this.setMaxListeners(0);
	}

	setHeader(name: string, value: unknown): void {
		this.headers.set(name.toLowerCase(), String(value));
	}

	writeHead(status: number, headers: Record<string, unknown> = {}): this {
		for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
		this.statusCode = status;
		this.headersSent = true;
		this.onHead({ statusCode: status, headers: Object.fromEntries(this.headers), body: this });
		return this;
	}

	flushHeaders(): void {
		// The client has them already.
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
	{ method, url, headers, body }: InProcessRequest,
	signal?: AbortSignal,
): Promise<InProcessAnswer> {
	const origin = originAt(url);
	if (!origin) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
	const { host, pathname, search } = new URL(url);
	return await new Promise<InProcessAnswer>((resolve, reject) => {
		const response = new Response(resolve);
		const end = (error: Error): void => {
			reject(error);
			response.destroy(error);
			request.destroy();
		};
		const socket = { remoteAddress: '127.0.0.1', resetAndDestroy: () => end(resetError()) };
		const request = Object.assign(Readable.from(body ?? [], { objectMode: false }), {
			method,
			url: pathname + search,
			headers: { host, ...headers },
			httpVersion: '1.1',
			complete: body === undefined,
			socket,
		});
		request.once('end', () => (request.complete = true));
		request.once('error', end);
		// Where the handler closes it before its head, as where it does so after.
		response.once('close', () => {
			if (!response.headersSent) reject(resetError());
		});
		const abort = (): void => end(signal?.reason as Error);
		if (signal?.aborted) {
			abort();
			return;
		}
		signal?.addEventListener('abort', abort);
		response.once('close', () => signal?.removeEventListener('abort', abort));
		origin.connections.add(socket);
		response.once('close', () => origin.connections.delete(socket));
		origin.handle(request as unknown as IncomingMessage, response as unknown as ServerResponse);
	});
}
