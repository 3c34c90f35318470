import type {
	IAllExecuteFunctions,
	ICredentialsDecrypted,
	IDataObject,
	IHttpRequestOptions,
	IN8nHttpFullResponse,
} from 'n8n-workflow';
import { CancelledError } from '../api/errors';
import {
	TransportError,
	type ByteStream,
	type FileBody,
	type Http,
	type HttpRequest,
	type HttpResponse,
} from '../api/http/http';
import { asObject, asString, type JsonObject } from '../api/json';

/** The part of n8n's contexts that sends requests; execute(), dropdowns, and tools all have it. */
export type RequestContext = Pick<IAllExecuteFunctions, 'helpers' | 'getNode' | 'logger'>;

/**
 * A native `File` that streams: axios reads `size`, then calls `stream()` on every attempt. Memory stays constant in
 * n8n 2.41 and 1.123 (about 40 MB for a 200 MB file), where a Blob of the bytes takes three times its size.
 */
function streamedFile(body: FileBody): File {
	const file = new File([], body.fileName, { type: body.mimeType });
	Object.defineProperties(file, {
		size: { value: body.sizeBytes },
		stream: {
			async *value() {
				yield* body.open();
			},
		},
	});
	return file;
}

function toOptions(request: HttpRequest, abortSignal: AbortSignal): IHttpRequestOptions {
	const options: IHttpRequestOptions = {
		method: request.method,
		url: request.url,
		headers: { accept: '*/*', ...request.headers },
		timeout: request.timeoutMs,
		// The client reads the body itself, up to a limit.
		encoding: 'stream',
		returnFullResponse: true,
		// Otherwise n8n sends a request again by itself on 401.
		ignoreHttpStatusErrors: true,
		// n8n would send the Authorization header to any host it is redirected to, and buffer the upload.
		disableFollowRedirect: true,
		abortSignal,
	};
	if (request.file) {
		const form = new FormData();
		form.append('file', streamedFile(request.file));
		// n8n's types know only the `form-data` package; axios accepts a native form, too.
		options.body = form as unknown as IDataObject;
	} else if (request.json !== undefined) {
		options.headers = { ...options.headers, 'content-type': 'application/json' };
		options.body = JSON.stringify(request.json);
	}
	return options;
}

/**
 * Tracks whether anyone has read the URL of a request. Until then nothing can have been sent, whatever n8n does
 * first (reading the credential, resolving its expressions).
 */
function trackUrlRead(options: IHttpRequestOptions): () => boolean {
	let isRead = false;
	let { url } = options;
	Object.defineProperty(options, 'url', {
		enumerable: true,
		configurable: true,
		get() {
			isRead = true;
			return url;
		},
		set(changed: string) {
			url = changed;
		},
	});
	return () => isRead;
}

/** An error and its causes, outermost first: n8n 2.x wraps what it catches (1.x drops the cause). */
function causeChain(error: unknown): JsonObject[] {
	const chain: JsonObject[] = [];
	let current = asObject(error);
	while (current && !chain.includes(current)) {
		chain.push(current);
		current = asObject(current.cause);
	}
	return chain;
}

/** Node's code of a failed connection; n8n 1.x keeps it as `httpCode`. */
function connectionCode(chain: JsonObject[]): string | null {
	const codes = chain.flatMap(({ code, httpCode }) => [asString(code), asString(httpCode)]);
	// Axios's own codes (ERR_BAD_REQUEST and so on) say less than the message.
	return codes.find((code) => code !== null && /^E(?!RR_)[A-Z_]+$/.test(code)) ?? null;
}

/** The error of a request that got no response. */
function toTransportError(error: unknown, isUrlRead: boolean): TransportError {
	const chain = causeChain(error);
	// n8n 2.x checks the address before and while it connects. No redirect is followed, so a block means nothing was sent.
	const blocked = chain.filter(({ name }) => asString(name)?.startsWith('SsrfBlocked')).at(-1);
	const neverSent = !isUrlRead || blocked !== undefined;
	// Before sending, the innermost error is the specific one: n8n wraps it in general words.
	const withMessage = chain.filter(({ message }) => asString(message) !== null);
	const source = blocked ?? (neverSent ? withMessage.at(-1) : withMessage[0]);
	const message = asString(source?.message) ?? asString(error) ?? 'The request failed';
	if (!neverSent) return new TransportError(message, connectionCode(chain));
	return new TransportError(message, null, { neverSent, advice: asString(source?.description) });
}

/**
 * Sends through n8n's own helpers, which bring the proxy, SSRF protection, and cancellation.
 * @param credential as read once for the run. Without it n8n reads its database for every request, and a short
 * database outage would end a batch.
 */
export function n8nHttp(context: RequestContext, credential: ICredentialsDecrypted): Http {
	const { helpers, logger } = context;
	// Without the execution's cancel signal, which n8n would put in place of the request's own: see AtlasClient.post.
	const caller = { helpers, logger, getNode: () => context.getNode() } as IAllExecuteFunctions;
	const send = async (options: IHttpRequestOptions, authenticated: boolean) =>
		(authenticated
			? await helpers.httpRequestWithAuthentication.call(caller, credential.type, options, {
					credentialsDecrypted: credential,
				})
			: await helpers.httpRequest(options)) as IN8nHttpFullResponse;
	return {
		async send(request): Promise<HttpResponse> {
			const controller = new AbortController();
			const onAbort = () => controller.abort();
			request.signal?.addEventListener('abort', onAbort, { once: true });
			const options = toOptions(request, controller.signal);
			const isUrlRead = trackUrlRead(options);
			const sent = send(options, request.authenticated).finally(() =>
				request.signal?.removeEventListener('abort', onAbort),
			);
			const response = await sent.catch((error: unknown) => {
				if (request.signal?.aborted) throw new CancelledError();
				throw toTransportError(error, isUrlRead());
			});
			const headers = Object.fromEntries(
				Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
			);
			const body = response.body as unknown as ByteStream;
			// Axios decodes a compressed body (the stream of zlib counts what goes in), and leaves the compressed one's length.
			if ('bytesWritten' in body) delete headers['content-length'];
			return { statusCode: response.statusCode, headers, body };
		},
	};
}
