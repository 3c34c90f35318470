import type { CancelSignal } from '../time/clock';

/** Bytes as they arrive. `destroy` closes it early. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
	destroy(error?: Error): void;
}

/** One request. Redirects are never followed by the implementation, and no status is an exception. */
export interface HttpRequest {
	method: 'GET' | 'POST';
	url: string;
	headers?: Record<string, string>;
	/** A value to send as JSON. */
	json?: unknown;
	/** A file to stream as the multipart part `file`. */
	file?: FileBody;
	/** Milliseconds without an answer after which the request fails. */
	timeoutMs: number;
	/** Whether to send the API key. Only ever true for `baseUrl`. */
	authenticated: boolean;
	/** Ends the request early. */
	signal?: CancelSignal;
}

/** A file to upload: opened anew for each attempt, never held in memory. */
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

/** Sends requests: in the node, n8n's helpers. */
export interface Http {
	/** @throws TransportError if there is no answer; CancelledError */
	send(request: HttpRequest): Promise<HttpResponse>;
}

/** Codes of a connection that was never opened: the other side cannot have received anything. */
const NEVER_OPENED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** A request that got no answer. */
export class TransportError extends Error {
	/** Whether n8n itself blocked the request. The message is then n8n's own. */
	readonly neverSent: boolean;

	/** Whether the other side cannot have seen the request. */
	readonly neverOpened: boolean;

	/** n8n's advice; null if it gives none. */
	readonly advice: string | null;

	/** The host, if it is Atlas's; null for any other. */
	readonly host: string | null;

	/** @param code Node's (`ECONNRESET`, `ECONNABORTED`, …); null if there is none */
	constructor(
		message: string,
		readonly code: string | null,
		details: Partial<Pick<TransportError, 'neverSent' | 'advice' | 'host'>> = {},
	) {
		super(message);
		this.name = 'TransportError';
		this.neverSent = details.neverSent ?? false;
		this.neverOpened = this.neverSent || (code !== null && NEVER_OPENED.has(code));
		this.advice = details.advice ?? null;
		this.host = details.host ?? null;
	}
}

/* Every time limit of a single request, in milliseconds. */

/** A JSON answer to a read, and the longest silence within any JSON answer. */
export const READ_TIMEOUT_MS = 30_000;

/** The answer to a submit: giving it up leaves a bill in doubt. */
export const SUBMIT_TIMEOUT_MS = 120_000;

/** The answer to an upload of a small file: 300 s like Atlas's own client (docs/atlas-cloud-api.md, Upload). */
export const UPLOAD_TIMEOUT_MS = 300_000;

/** The start of a download, and the longest silence within it. */
export const DOWNLOAD_TIMEOUT_MS = 60_000;

/** n8n's own timeout may fire first, because its error says more. */
export const TIMEOUT_MARGIN_MS = 1_000;

/** The longest pause a `Retry-After` can ask of a read or an upload. */
export const MAX_RETRY_AFTER_MS = 300_000;

/** A stream slower than this is ended: one that trickles would outlive every time limit. */
export const MIN_BYTES_PER_SECOND = 10_000;
