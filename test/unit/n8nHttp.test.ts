import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import axios from 'axios';
import type { IHttpRequestOptions } from 'n8n-workflow';
import type { HttpRequest, TransportError } from '../../nodes/AtlasCloud/api/http/http';
import { n8nHttp, type RequestContext } from '../../nodes/AtlasCloud/n8n/http';
import { serve } from '../engine/serve';

const request: HttpRequest = {
	method: 'POST',
	url: 'https://api.example.com/x',
	json: { a: 1 },
	timeoutMs: 1_000,
	authenticated: true,
};

const credential = { id: '', name: '', type: 'atlasCloudSeedreamApi', data: {} };

/** Sends through a helper of n8n's that fails, before or after it has read the address. */
async function fault(error: unknown, isAddressRead: boolean): Promise<TransportError> {
	const context = {
		helpers: {
			async httpRequestWithAuthentication(_type: string, options: IHttpRequestOptions) {
				if (isAddressRead) expect(options.url).toBe(request.url);
				throw await Promise.resolve(error);
			},
		},
	};
	return await n8nHttp(context as unknown as RequestContext, credential)
		.send(request)
		.then(
			() => {
				throw new Error('It was answered');
			},
			(thrown: TransportError) => thrown,
		);
}

const caused = (message: string, cause: object): Error => new Error(message, { cause });
const coded = (code: string): Error => Object.assign(new Error(code), { code });

describe('a request that failed', () => {
	it('was never sent where nobody had read its address, and says why in n8n’s words', async () => {
		const database = Object.assign(coded('ECONNREFUSED'), { message: 'no database' });
		expect(await fault(caused('The service refused the connection', database), false)).toMatchObject({
			message: 'no database',
			neverSent: true,
			neverOpened: true,
			code: null,
		});
		expect(await fault({ message: 'no Error', cause: { value: 1 } }, false)).toMatchObject({
			message: 'no Error',
			neverSent: true,
		});
	});

	it('was never sent where n8n’s SSRF protection stopped it', async () => {
		const blocked = Object.assign(new Error('blocked'), {
			name: 'SsrfBlockedIpError',
			description: 'Ask your administrator',
		});
		const copied = Object.assign(caused('copied', blocked), { name: 'SsrfBlockedIpError' });
		for (const error of [blocked, caused('general', blocked), caused('general', copied)]) {
			expect(await fault(error, true)).toMatchObject({
				message: 'blocked',
				advice: 'Ask your administrator',
				neverSent: true,
				neverOpened: true,
			});
		}
	});

	it.each([
		['a cut connection', coded('ECONNRESET'), 'ECONNRESET', false],
		['a refused connection', coded('ECONNREFUSED'), 'ECONNREFUSED', true],
		['a wrapped code', caused('x', coded('ENOTFOUND')), 'ENOTFOUND', true],
		['a code of axios', coded('ERR_BAD_RESPONSE'), null, false],
		['words alone', new Error('socket hang up'), null, false],
		['a text', 'odd', null, false],
		['nothing', undefined, null, false],
	])(
		'is in doubt once the address was read, unless the connection was never opened: %s',
		async (_what, error, code, neverOpened) => {
			expect(await fault(error, true)).toMatchObject({ code, neverOpened, neverSent: false });
		},
	);

	it('ends, whatever its causes', async () => {
		const error = new Error('circular');
		error.cause = error;
		expect(await fault(error, true)).toMatchObject({ message: 'circular' });
	});
});

it('tells no length of a body that axios has decoded', async () => {
	const bytes = gzipSync('a file');
	const server = await serve((incoming, outgoing) => {
		const isEncoded = incoming.url === '/gzip';
		const headers = { 'content-length': bytes.length, ...(isEncoded ? { 'content-encoding': 'gzip' } : {}) };
		outgoing.writeHead(200, headers).end(bytes);
	});
	const httpRequest = async ({ url }: IHttpRequestOptions) => {
		const { status, headers, data } = await axios.get<unknown>(url, { responseType: 'stream' });
		return { statusCode: status, headers, body: data };
	};
	const http = n8nHttp({ helpers: { httpRequest } } as unknown as RequestContext, credential);
	try {
		for (const [path, length, whole] of [
			['/gzip', undefined, Buffer.from('a file')],
			['/', String(bytes.length), bytes],
		] as const) {
			const get = { method: 'GET', timeoutMs: 1_000, authenticated: false } as const;
			const { headers, body } = await http.send({ ...get, url: server.url + path });
			expect([headers['content-length'], await buffer(body)]).toEqual([length, whole]);
		}
	} finally {
		server.close();
	}
});
