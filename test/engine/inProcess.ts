import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { CancelledError } from '../../nodes/AtlasCloud/api/errors';
import { TransportError, type HttpRequest, type HttpResponse } from '../../nodes/AtlasCloud/api/http/http';
import { callInProcess } from '../../sandbox';
import { virtualTime } from './virtualTime';

/** In n8n's words, as far as tests look at them. */
const MESSAGES: Record<string, string> = {
	ECONNRESET:
		'The connection to the server was closed unexpectedly, perhaps it is offline. You can retry the request immediately or wait and retry later.',
	ECONNREFUSED: 'The service refused the connection - perhaps it is offline',
	ECONNABORTED: 'The connection was aborted, perhaps the server is offline',
};

/** Does what the node's HTTP and n8n's helpers do, to a sandbox of this process, on the virtual clock. */
export async function sendInProcess(
	request: HttpRequest,
	credential: ICredentialDataDecryptedObject,
): Promise<HttpResponse> {
	const controller = new AbortController();
	const abort = () => controller.abort(new CancelledError());
	request.signal?.addEventListener('abort', abort, { once: true });
	const cancelLimit = virtualTime.after(request.timeoutMs, () =>
		controller.abort(Object.assign(new Error('timeout'), { code: 'ECONNABORTED' })),
	);
	const key: Record<string, string> = request.authenticated
		? { authorization: `Bearer ${String(credential.apiKey)}` }
		: {};
	if (request.signal?.aborted) abort();
	const release = () => request.signal?.removeEventListener('abort', abort);
	try {
		const response = await callInProcess(
			{
				method: request.method,
				url: request.url,
				headers: { accept: '*/*', ...request.headers, ...key },
				...(request.json === undefined ? {} : { json: JSON.stringify(request.json) }),
				...(request.file ? { file: request.file } : {}),
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
