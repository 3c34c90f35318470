import { Cancellation } from '../../nodes/AtlasCloud/api/time/clock';
import { AtlasClient } from '../../nodes/AtlasCloud/api/http/client';
import type { Answer } from '../../nodes/AtlasCloud/api/http/answer';
import { AtlasError } from '../../nodes/AtlasCloud/api/errors';
import { TransportError } from '../../nodes/AtlasCloud/api/http/http';
import { BASE_URL, clientOf, FakeHttp, inTurn, settled, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

/** Reads with answers one after another; the last one repeats. */
async function read(...answers: Array<FakeAnswer | Error>) {
	const clock = new VirtualClock();
	const http = new FakeHttp(inTurn(...answers));
	const client = clientOf(http, clock);
	const startMs = clock.nowMs();
	const reading = settled<Answer, AtlasError>(client.read('/x', 'read it'));
	const { value: answer, error } = await clock.until(reading);
	return { answer, error, requests: http.requests, tookMs: clock.nowMs() - startMs };
}

const good: FakeAnswer = { json: { code: 200, data: {} } };
const bad = (status: number, headers = {}): FakeAnswer => ({
	statusCode: status,
	headers,
	json: { code: status, msg: `said ${status}`, data: null, request_id: 'r1' },
});

describe('a read', () => {
	it.each<[string, FakeAnswer | Error]>([
		['a gateway’s page', { statusCode: 502, chunks: [Buffer.from('<html>')] }],
		['no JSON', { chunks: [Buffer.from('{"a":')] }],
		['nothing', { chunks: [] }],
		['200 with a code of 503', { json: { code: 503, msg: 'busy' } }],
		['a reset', new TransportError('reset', 'ECONNRESET')],
	])('is retried after %s', async (_what, answer) => {
		const { answer: got, requests, tookMs } = await read(answer, answer, good);
		expect(got?.statusCode).toBe(200);
		expect(requests).toHaveLength(3);
		expect(tookMs).toBeGreaterThan(500);
		const { error, requests: all } = await read(answer);
		expect(error).toBeInstanceOf(AtlasError);
		expect(all).toHaveLength(6);
	});

	it.each([
		[401, 'Atlas Cloud rejected the API key (401)', 'API Keys page'],
		[402, 'Your Atlas Cloud account is out of credit (402)', 'Coding Plan'],
		[403, 'Couldn’t read it: said 403 (403)', 'Coding Plan'],
		[404, 'Couldn’t read it: said 404 (404)', 'check the ID'],
		[451, 'Couldn’t read it: said 451 (451)', 'region'],
	])('is not retried after %d', async (status, message, advice) => {
		const { error, requests } = await read(bad(status));
		expect(error).toMatchObject({
			kind: 'read',
			statusCode: status,
			requestId: 'r1',
			reason: `said ${status}`,
			message,
			description: expect.stringContaining(advice) as string,
		});
		expect(requests).toHaveLength(1);
		const inside = await read({ json: { code: status, msg: 'no' } });
		expect(inside.error?.statusCode).toBe(status);
		expect(inside.requests).toHaveLength(1);
	});

	it('waits as long as Retry-After says, up to five minutes', async () => {
		expect((await read(bad(429, { 'retry-after': '17' }), good)).tookMs).toBeGreaterThanOrEqual(17_000);
		const now = bad(503, { 'retry-after': '0' });
		expect((await read(now, now, now, now, good)).tookMs).toBeGreaterThan(2_000);
		const { tookMs } = await read(bad(429, { 'retry-after': '99999' }), good);
		expect(tookMs).toBeGreaterThanOrEqual(300_000);
		expect(tookMs).toBeLessThan(310_000);
		expect((await read(bad(429, { 'retry-after': 'Wed, 21 Oct 2026' }), good)).tookMs).toBeLessThan(5_000);
	});

	it.each<[string, FakeAnswer | Promise<FakeAnswer>]>([
		['that hangs', new Promise<FakeAnswer>(() => {})],
		['that asks for a long pause', bad(503, { 'retry-after': '300' })],
	])('%s ends when its time is up', async (_how, answer) => {
		const clock = new VirtualClock();
		const client = clientOf(new FakeHttp(() => answer), clock);
		const startMs = clock.nowMs();
		const reading = client.read('/x', 'read it', { giveUpAtMs: startMs + 10_000 });
		await expect(clock.until(reading)).rejects.toThrow('Couldn’t read it');
		expect(clock.nowMs() - startMs).toBeLessThan(25_000);
	});

	it('prefers the request ID in the header', async () => {
		const { error } = await read(bad(400, { 'x-request-id': 'from-header' }));
		expect(error?.requestId).toBe('from-header');
	});

	it('limits the size of an answer', async () => {
		let sent = 0;
		const endless = (function* () {
			for (;;) {
				sent++;
				yield Buffer.alloc(1_000_000, 0x20);
			}
		})();
		const { error } = await read({ chunks: endless }, bad(400));
		expect(error?.statusCode).toBe(400);
		expect(sent).toBeLessThan(30);
	});

	it('stops at once when cancelled', async () => {
		const clock = new VirtualClock();
		const signal = new Cancellation();
		const http = new FakeHttp(() => bad(503, { 'retry-after': '100' }));
		const client = new AtlasClient(BASE_URL, http, clock, signal);
		const work = client.read('/x', 'x');
		work.catch(() => {});
		await clock.pass(10_000);
		signal.abort();
		const atMs = clock.nowMs();
		await expect(clock.until(work)).rejects.toThrow('canceled');
		expect(clock.nowMs()).toBe(atMs);
		expect(http.requests).toHaveLength(1);
	});
});

describe('the key', () => {
	const secret = 'secret/0"1\\é+xyz';

	/** Polls once; the answer repeats the key. */
	async function poll(answer: FakeAnswer | Error) {
		const http = new FakeHttp(inTurn(answer));
		const clock = new VirtualClock();
		const client = new AtlasClient(BASE_URL, http, clock, undefined, secret);
		return await clock.until(client.poll('/x'));
	}

	it('is removed from the request ID', async () => {
		for (const id of [secret, encodeURIComponent(secret)]) {
			const { answer } = await poll({ json: {}, headers: { 'x-request-id': `req-${id}` } });
			expect(answer?.requestId).toBe('req-…');
		}
	});

	it('is removed from the reason why there is no answer', async () => {
		const error = new TransportError(`bad ${secret}`, 'EPIPE', { advice: `not ${secret}` });
		expect((await poll(error)).fault).toMatchObject({ message: 'bad …', code: 'EPIPE', advice: 'not …' });
		const kept = new TransportError('blocked', null, { neverSent: true });
		expect((await poll(kept)).fault).toMatchObject({ neverSent: true, neverOpened: true, advice: null });
		expect((await poll(new Error(`odd ${secret}`))).fault?.message).toBe('odd …');
	});

	it('is found at any depth and in any length', async () => {
		const depth = 200_000;
		const { answer } = await poll({
			chunks: [Buffer.from(`${'['.repeat(depth)}${JSON.stringify(secret)}${']'.repeat(depth)}`)],
		});
		let inner = answer?.json;
		while (Array.isArray(inner)) inner = inner[0] as unknown;
		expect(inner).toBe('…');
		// With a search that is not linear this would outlast the test's time limit.
		await poll({ json: ['A'.repeat(30_000_000), '\\'.repeat(1_000_000), '%25'.repeat(500_000)] });
	});
});

it('sends a submit once, whatever comes', async () => {
	for (const answer of [bad(503), bad(429), { chunks: [] }]) {
		const http = new FakeHttp(() => answer);
		const clock = new VirtualClock();
		await clock.until(clientOf(http, clock).post('/submit', { a: 1 }, { x: 'y' }));
		expect(http.requests).toHaveLength(1);
		expect(http.requests[0]).toMatchObject({
			method: 'POST',
			json: { a: 1 },
			headers: { x: 'y' },
			authenticated: true,
		});
	}
});

it('reads a prediction that contains its images: some tens of megabytes', async () => {
	const clock = new VirtualClock();
	const image = 'A'.repeat(30_000_000);
	const http = new FakeHttp(() => ({ json: { data: { id: 'p', status: 'completed', outputs: [image] } } }));
	const { answer } = await clock.until(clientOf(http, clock).poll('/p'));
	expect(answer?.statusCode).toBe(200);
});
