import { buffer } from 'node:stream/consumers';
import { request } from 'undici';
import type { Sandbox } from '../../sandbox';
import { serve } from './serve';

/** Stands in front of the sandbox and turns the answer to a submit into an error that still includes the prediction. */
export async function behindGateway(
	sandbox: Sandbox,
	work: (baseUrl: string) => Promise<void>,
): Promise<void> {
	const server = await serve(async (incoming, outgoing) => {
		const body = await buffer(incoming);
		const { authorization, 'content-type': contentType } = incoming.headers;
		const answer = await request(`${sandbox.baseUrl}${incoming.url}`, {
			method: incoming.method as 'GET' | 'POST',
			headers: { authorization, ...(contentType ? { 'content-type': contentType } : {}) },
			...(incoming.method === 'POST' ? { body } : {}),
		});
		const text = await answer.body.text();
		const isSubmit = incoming.url?.includes('generateImage') ?? false;
		const headers = { 'content-type': 'application/json', date: String(answer.headers.date) };
		outgoing.writeHead(isSubmit ? 500 : answer.statusCode, headers);
		outgoing.end(isSubmit ? text.replace('"code":200', '"code":500') : text);
	});
	try {
		await work(server.url);
	} finally {
		server.close();
	}
}
