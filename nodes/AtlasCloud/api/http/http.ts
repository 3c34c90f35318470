import type { CancelSignal } from '../flow/cancellation';

/** Bytes as they arrive. Closed early with `destroy`. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
	destroy(error?: Error): void;
}

/** One request. Redirects are never followed by the implementation, and no status is an exception. */
export interface HttpRequest {
	method: 'GET' | 'POST';
	url: string;
	headers?: Record<string, string>;
	/** A value to be sent as JSON. */
	json?: unknown;
	/** A file to be sent as multipart part `file`, streamed. */
	file?: FileBody;
	/** Milliseconds without an answer after which the request is given up. */
	timeoutMs: number;
	/** Whether the API key goes along. Only ever true for `baseUrl`. */
	authenticated: boolean;
	/** Ends the request early. Authenticated requests end with the execution's own signal instead (n8n). */
	signal?: CancelSignal;
}

/** A file to upload: opened anew for each try, never held whole. */
export interface FileBody {
	fileName: string;
	mimeType: string;
	sizeBytes: number;
	open(): AsyncIterable<Uint8Array>;
}

export interface HttpResponse {
	statusCode: number;
	/** Names in lower case. */
	headers: Record<string, string>;
	body: ByteStream;
}

/** What carries requests: n8n's helpers in the node. */
export interface Http {
	/** @throws TransportError when there is no answer; CancelledError when the execution was cancelled. */
	send(request: HttpRequest): Promise<HttpResponse>;
}

/** Whether another try may fare better than this HTTP status: 408, 425, 429 and every 5xx. */
export function isRetryableStatus(statusCode: number): boolean {
	return [408, 425, 429].includes(statusCode) || statusCode >= 500;
}

/** Codes of a connection that was never opened, so that nothing can have been received by the other side. */
const NEVER_OPENED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** What else is known of a request that got no answer. */
interface TransportErrorDetails {
	/** Whether it is certain that n8n itself kept the request back. */
	neverSent?: boolean;
	/** What to do about it. */
	advice?: string | null;
}

/** A request that got no answer. */
export class TransportError extends Error {
	/** Node's error code (`ECONNRESET`, `ECONNABORTED`, …), null where there is none. */
	readonly code: string | null;

	/** Whether the other side cannot have seen the request. */
	readonly neverOpened: boolean;

	/** Whether n8n itself kept the request back: its SSRF protection, say. The message is n8n's own then. */
	readonly neverSent: boolean;

	/** What to do about it in n8n's words, null where it says nothing. */
	readonly advice: string | null;

	constructor(
		message: string,
		code: string | null,
		{ neverSent = false, advice = null }: TransportErrorDetails = {},
	) {
		super(message);
		this.name = 'TransportError';
		this.code = code;
		this.neverSent = neverSent;
		this.neverOpened = neverSent || (code !== null && NEVER_OPENED.has(code));
		this.advice = advice;
	}
}
