import type {
	IAllExecuteFunctions,
	IDataObject,
	IHttpRequestOptions,
	IN8nHttpFullResponse,
} from 'n8n-workflow';
import { CancelledError } from '../../api/errors';
import {
	TransportError,
	type ByteStream,
	type FileBody,
	type Http,
	type HttpRequest,
	type HttpResponse,
} from '../../api/http';
import { asObject, asString } from '../../api/json';
import { CREDENTIAL_TYPE } from '../credential';

/** The part of n8n's contexts that sends requests: execute(), dropdowns and tools all have it. */
export type RequestContext = Pick<IAllExecuteFunctions, 'helpers'>;

/**
 * A native `File` that streams: axios asks for its size and reads it through `stream()`, anew on each try.
 * Constant memory in n8n 2.41 and 1.123 (measured: about 40 MB for 200 MB), where a Blob of the bytes costs thrice its size.
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

function toOptions(request: HttpRequest): IHttpRequestOptions {
	const options: IHttpRequestOptions = {
		method: request.method,
		url: request.url,
		headers: { accept: '*/*', ...request.headers },
		timeout: request.timeoutMs,
		// Answers are read by us, and no further than they should be long.
		encoding: 'stream',
		returnFullResponse: true,
		// n8n sends a request again by itself on 401, unless no status is an error.
		ignoreHttpStatusErrors: true,
		// n8n would follow with the Authorization header, to any host; and it would buffer the upload.
		disableFollowRedirect: true,
	};
	if (request.file) {
		const form = new FormData();
		form.append('file', streamedFile(request.file));
		// n8n's type knows the `form-data` package only; axios takes the native one too.
		options.body = form as unknown as IDataObject;
	} else if (request.json !== undefined) {
		options.headers = { ...options.headers, 'content-type': 'application/json' };
		options.body = JSON.stringify(request.json);
	}
	return options;
}

/** Node's code of a failed connection, from wherever n8n keeps it: 1.x drops the cause and keeps `httpCode`. */
function codeOf(error: unknown): string | null {
	const seen = new Set<unknown>();
	for (let current = asObject(error); current && !seen.has(current); current = asObject(current.cause)) {
		seen.add(current);
		for (const code of [current.code, current.httpCode]) {
			const text = asString(code);
			if (text !== null && /^E[A-Z_]+$/.test(text)) return text;
		}
	}
	return null;
}

/** Sends through n8n's own helpers: they bring the credential, the proxy, SSRF protection and cancelling. */
export function n8nHttp(context: RequestContext): Http {
	const send = async (request: HttpRequest, abortSignal: AbortSignal): Promise<IN8nHttpFullResponse> => {
		// On authenticated requests n8n puts the execution's own signal in its place.
		const options = { ...toOptions(request), abortSignal };
		const answer: unknown = request.authenticated
			? await context.helpers.httpRequestWithAuthentication.call(
					context as IAllExecuteFunctions,
					CREDENTIAL_TYPE,
					options,
				)
			: await context.helpers.httpRequest(options);
		return answer as IN8nHttpFullResponse;
	};
	return {
		async send(request): Promise<HttpResponse> {
			const aborting = new AbortController();
			const onAbort = () => aborting.abort();
			request.signal?.addEventListener('abort', onAbort, { once: true });
			const sent = send(request, aborting.signal).finally(() =>
				request.signal?.removeEventListener('abort', onAbort),
			);
			const response = await sent.catch((error: unknown) => {
				if (request.signal?.aborted) throw new CancelledError();
				const message = error instanceof Error ? error.message : String(error);
				throw new TransportError(message, codeOf(error));
			});
			const headers = Object.fromEntries(
				Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
			);
			return { statusCode: response.statusCode, headers, body: response.body as unknown as ByteStream };
		},
	};
}
