/* Watches this process’s HTTP requests: what the node does can be told without asking the node. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';

export type RequestKind = 'upload' | 'submit' | 'quote' | 'poll' | 'download' | 'other';

export interface DoneRequest {
	kind: RequestKind;
	tookMs: number;
	status: number;
	bytes: number;
}

const API_KINDS: Array<[pattern: RegExp, kind: RequestKind]> = [
	[/\/uploadMedia$/, 'upload'],
	[/\/generate(Image|Video|Audio)$/, 'submit'],
	[/\/calculate$/, 'quote'],
	[/\/prediction\//, 'poll'],
];

function kindOf(request: ClientRequest, apiHost: string): RequestKind {
	const path = request.path.split('?')[0];
	if (String(request.getHeader('host')) === apiHost) {
		return API_KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? 'other';
	}
	return path.endsWith('.json') ? 'other' : 'download';
}

/**
 * Calls `onDone` whenever an answer has arrived whole.
 * @returns a function that ends it
 */
export function watchRequests(baseUrl: string, onDone: (request: DoneRequest) => void): () => void {
	const apiHost = new URL(baseUrl).host;
	const startedAt = new WeakMap<ClientRequest, number>();
	const onStart = (message: unknown): void => {
		startedAt.set((message as { request: ClientRequest }).request, Date.now());
	};
	const onFinish = (message: unknown): void => {
		const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
		const started = startedAt.get(request);
		if (started === undefined) return;
		onDone({
			kind: kindOf(request, apiHost),
			tookMs: Date.now() - started,
			status: response.statusCode ?? 0,
			bytes: Number(response.headers['content-length'] ?? 0),
		});
	};
	subscribe('http.client.request.start', onStart);
	subscribe('http.client.response.finish', onFinish);
	return () => {
		unsubscribe('http.client.request.start', onStart);
		unsubscribe('http.client.response.finish', onFinish);
	};
}
