import type {
	IAllExecuteFunctions,
	ICredentialDataDecryptedObject,
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
} from '../../api/http/http';
import { asObject, asString, type JsonObject } from '../../api/json';
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

function toOptions(request: HttpRequest, abortSignal: AbortSignal): IHttpRequestOptions {
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
		// On authenticated requests n8n puts the execution's own signal in its place.
		abortSignal,
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

/**
 * Tells whether anybody has read the address of a request yet. While nobody has, nothing can have been sent:
 * this holds for every n8n, whatever it does before (reading the credential, resolving its expressions).
 */
function watchAddress(options: IHttpRequestOptions): () => boolean {
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

/** An error and what caused it, the outermost first: n8n wraps what it catches (1.x drops the cause). */
function chainOf(error: unknown): JsonObject[] {
	const chain: JsonObject[] = [];
	for (
		let current = asObject(error);
		current && !chain.includes(current);
		current = asObject(current.cause)
	) {
		chain.push(current);
	}
	return chain;
}

/** Node's code of a failed connection, from wherever n8n keeps it: 1.x has it as `httpCode`. */
function codeIn(chain: JsonObject[]): string | null {
	const codes = chain.flatMap(({ code, httpCode }) => [asString(code), asString(httpCode)]);
	// Axios' own codes (ERR_BAD_REQUEST and the like) say less than the message.
	return codes.find((code) => code !== null && /^E(?!RR_)[A-Z_]+$/.test(code)) ?? null;
}

/** What n8n or the connection said, without an answer. */
function toTransportError(error: unknown, isAddressRead: boolean): TransportError {
	const chain = chainOf(error);
	// n8n 2.x looks at the address before it connects, and again as it connects; no redirect is followed here.
	const blocked = chain.filter(({ name }) => asString(name)?.startsWith('SsrfBlocked')).at(-1);
	const neverSent = !isAddressRead || blocked !== undefined;
	// The innermost error has the words for it: n8n's wrapping puts general ones in their place.
	const speakers = chain.filter((one) => asString(one.message) !== null);
	const speaker = blocked ?? (neverSent ? speakers.at(-1) : speakers[0]);
	const message = asString(speaker?.message) ?? asString(error) ?? 'The request failed';
	if (!neverSent) return new TransportError(message, codeIn(chain));
	return new TransportError(message, null, { neverSent, advice: asString(speaker?.description) });
}

/**
 * Sends through n8n's own helpers: they bring the proxy, SSRF protection and cancelling.
 * @param credential as it was read once for the run. Without it n8n reads its database again for every request, and
 * a database that is away for a moment would end a batch.
 */
export function n8nHttp(context: RequestContext, credential?: ICredentialDataDecryptedObject): Http {
	const send = async (
		options: IHttpRequestOptions,
		authenticated: boolean,
	): Promise<IN8nHttpFullResponse> => {
		if (!authenticated) return (await context.helpers.httpRequest(options)) as IN8nHttpFullResponse;
		const credentialsDecrypted = credential && {
			id: '',
			name: '',
			type: CREDENTIAL_TYPE,
			data: credential,
		};
		return (await context.helpers.httpRequestWithAuthentication.call(
			context as IAllExecuteFunctions,
			CREDENTIAL_TYPE,
			options,
			credentialsDecrypted && { credentialsDecrypted },
		)) as IN8nHttpFullResponse;
	};
	return {
		async send(request): Promise<HttpResponse> {
			const aborting = new AbortController();
			const onAbort = () => aborting.abort();
			request.signal?.addEventListener('abort', onAbort, { once: true });
			const options = toOptions(request, aborting.signal);
			const isAddressRead = watchAddress(options);
			const sent = send(options, request.authenticated).finally(() =>
				request.signal?.removeEventListener('abort', onAbort),
			);
			const response = await sent.catch((error: unknown) => {
				if (request.signal?.aborted) throw new CancelledError();
				throw toTransportError(error, isAddressRead());
			});
			const headers = Object.fromEntries(
				Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
			);
			return { statusCode: response.statusCode, headers, body: response.body as unknown as ByteStream };
		},
	};
}
