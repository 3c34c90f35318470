import type { ICredentialDataDecryptedObject, IExecuteFunctions } from 'n8n-workflow';
import { CancelledError } from '../../nodes/AtlasCloud/api/errors';
import {
	TransportError,
	type FileBody,
	type HttpRequest,
	type HttpResponse,
} from '../../nodes/AtlasCloud/api/http/http';
import { callInProcess, type InProcessRequest } from '../../sandbox';
import { virtualTime } from './virtualTime';

/** In n8n's words, as far as tests look at them. */
const MESSAGES: Record<string, string> = {
	ECONNRESET:
		'The connection to the server was closed unexpectedly, perhaps it is offline. You can retry the request immediately or wait and retry later.',
	ECONNREFUSED: 'The service refused the connection - perhaps it is offline',
	ECONNABORTED: 'The connection was aborted, perhaps the server is offline',
};

const BOUNDARY = 'boundary-of-a-part';

async function* multipart({ fileName, mimeType, open }: FileBody): AsyncGenerator<Uint8Array> {
	yield Buffer.from(
		`--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\n` +
			`Content-Type: ${mimeType}\r\n\r\n`,
	);
	yield* open();
	yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
}

function bodyOf({ file, json }: HttpRequest): Pick<InProcessRequest, 'headers' | 'body'> {
	if (file)
		return {
			headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
			body: multipart(file),
		};
	if (json === undefined) return { headers: {} };
	const bytes = Buffer.from(JSON.stringify(json));
	return {
		headers: { 'content-type': 'application/json', 'content-length': String(bytes.length) },
		body: [bytes],
	};
}

/** Does what the node's HTTP and n8n's helpers do, to a sandbox of this process, on the virtual clock. */
export async function sendInProcess(
	request: HttpRequest,
	credential: ICredentialDataDecryptedObject,
	context: Partial<IExecuteFunctions>,
): Promise<HttpResponse> {
	const controller = new AbortController();
	const { headers, body } = bodyOf(request);
	const abort = () => controller.abort(new CancelledError());
	// n8n ends authenticated requests by the execution's own signal, and so the body as well.
	const signals = [request.signal, request.authenticated ? context.getExecutionCancelSignal?.() : undefined];
	for (const signal of signals) signal?.addEventListener('abort', abort, { once: true });
	const cancelLimit = virtualTime.after(request.timeoutMs, () =>
		controller.abort(Object.assign(new Error('timeout'), { code: 'ECONNABORTED' })),
	);
	const key: Record<string, string> = request.authenticated
		? { authorization: `Bearer ${String(credential.apiKey)}` }
		: {};
	if (signals.some((signal) => signal?.aborted)) abort();
	const release = () => {
		for (const signal of signals) signal?.removeEventListener('abort', abort);
	};
	try {
		const response = await callInProcess(
			{
				method: request.method,
				url: request.url,
				headers: { accept: '*/*', ...request.headers, ...headers, ...key },
				...(body ? { body } : {}),
			},
			controller.signal,
		);
		response.body.once('close', release);
		return response;
	} catch (error) {
		release();
		if (error instanceof CancelledError) throw error;
		const { code = null, message } = error as NodeJS.ErrnoException;
		throw new TransportError(MESSAGES[code ?? ''] ?? message, code);
	} finally {
		cancelLimit();
	}
}
