import { request } from 'undici';
import {
	startSandbox,
	type FailedTaskShape,
	type Fault,
	type FaultAction,
	type Sandbox,
} from '../../sandbox';
import { call, Client, halves, LITE, type Reply } from './client';

let sandbox: Sandbox;
let client: Client;
let body: object;

beforeAll(async () => {
	sandbox = await startSandbox({ predictSeconds: 0.02, preparedPictures: true });
	client = new Client(sandbox);
	body = { model: LITE, prompt: 'nicer', images: [await client.uploaded(await halves())] };
});

afterEach(() => sandbox.clearFaults());
afterAll(async () => await sandbox.close());

/** How many tasks and charges an attempt leaves behind. */
async function leaves(attempt: () => Promise<unknown>): Promise<number> {
	const before = sandbox.ledger.charges.length;
	await attempt().catch(() => undefined);
	return sandbox.ledger.charges.length - before;
}

async function submitted(): Promise<string> {
	return String((await client.submit(body)).json['data']!['id']);
}

const secondsAhead = (date: unknown): number => (Date.parse(String(date)) - Date.now()) / 1000;

const lastOf = (endpoint: string): number | null | undefined =>
	sandbox.ledger.requests.filter((request) => request.endpoint === endpoint).at(-1)?.status;

describe('connections that break', () => {
	it.each([
		['resetBefore', 0],
		['resetAfter', 1],
	] as const)('%s leaves %i task', async (type, tasks) => {
		sandbox.addFault({ endpoint: 'submit', action: { type } });
		expect(await leaves(async () => await expect(client.submit(body)).rejects.toThrow())).toBe(tasks);
		await expect(client.submit(body)).resolves.toMatchObject({ status: 200 });
		sandbox.addFault({ endpoint: 'submit', action: { type } });
		await client.submit(body).catch(() => undefined);
		expect(lastOf('submit')).toBeNull();
	});

	it.each([
		['hang', 0],
		['hangAfter', 1],
	] as const)('%s never answers and leaves %i task', async (type, tasks) => {
		sandbox.addFault({ endpoint: 'submit', action: { type } });
		const charges = sandbox.ledger.charges.length;
		const submits = sandbox.ledger.count('submit');
		const abort = new AbortController();
		const attempt = call(`${sandbox.baseUrl}/api/v1/model/generateImage`, {
			method: 'POST',
			headers: { authorization: `Bearer ${sandbox.apiKey}` },
			body: JSON.stringify(body),
			signal: abort.signal,
		});
		const hasArrived = () =>
			sandbox.ledger.count('submit') > submits && sandbox.ledger.charges.length === charges + tasks;
		while (!hasArrived()) await new Promise((resolve) => setTimeout(resolve, 5));
		abort.abort();
		await expect(attempt).rejects.toThrow();
		expect(sandbox.ledger.charges).toHaveLength(charges + tasks);
		expect(lastOf('submit')).toBeNull();
	});

	it('truncate announces all and sends half', async () => {
		sandbox.addFault({ endpoint: 'submit', action: { type: 'truncate' } });
		expect(await leaves(async () => await expect(client.submit(body)).rejects.toThrow())).toBe(1);
		const url = await client.uploaded(await halves());
		sandbox.addFault({ endpoint: 'file', action: { type: 'truncate' } });
		await expect(call(url)).rejects.toThrow();
		expect(lastOf('file')).toBe(200);
	});
});

describe('answers that are wrong', () => {
	it('trickle: headers at once, the body as slowly as it says, the work done', async () => {
		sandbox.addFault({ endpoint: 'submit', action: { type: 'trickle', bytesPerSecond: 800 } });
		const answer = await request(`${sandbox.baseUrl}/api/v1/model/generateImage`, {
			method: 'POST',
			headers: { authorization: `Bearer ${sandbox.apiKey}` },
			body: JSON.stringify(body),
		});
		const chunks: Buffer[] = await answer.body.toArray();
		const text = Buffer.concat(chunks).toString();
		expect(chunks.length).toBeGreaterThan(1);
		expect(answer.headers['content-length']).toBe(String(text.length));
		expect(JSON.parse(text)).toMatchObject({ code: 200, data: { model: LITE } });
	});

	it.each<[string, Extract<FaultAction, { type: 'dateHeader' }>['value'], (date: unknown) => void]>([
		['missing', 'missing', (date) => expect(date).toBeUndefined()],
		['no date', 'yesterday, I think', (date) => expect(date).toBe('yesterday, I think')],
		['ahead', { skewSeconds: 7200 }, (date) => expect(secondsAhead(date)).toBeCloseTo(7200, -2)],
		['stale', { skewSeconds: -7200 }, (date) => expect(secondsAhead(date)).toBeCloseTo(-7200, -2)],
	])('dateHeader %s, on an answer that is right', async (_name, value, check) => {
		sandbox.addFault({ endpoint: 'submit', action: { type: 'dateHeader', value } });
		let reply: Reply | undefined;
		expect(await leaves(async () => (reply = await client.submit(body)))).toBe(1);
		expect(reply).toMatchObject({ status: 200, json: { data: { model: LITE } } });
		check(reply?.headers['date']);
		expect(secondsAhead((await client.submit(body)).headers['date'])).toBeCloseTo(0, -2);
	});

	it('otherRecord is the newest other task', async () => {
		const [first, second] = [await submitted(), await submitted()];
		await client.finished(second);
		sandbox.addFault({ endpoint: 'prediction', times: 2, action: { type: 'otherRecord' } });
		expect((await client.poll(first)).json['data']).toMatchObject({ id: second });
		expect((await client.poll(second)).json['data']).toMatchObject({ id: first });
		expect((await client.poll(first)).json['data']).toMatchObject({ id: first });
	});

	it('status: the documented envelope, headers, any body, before the work', async () => {
		sandbox.addFault({ endpoint: 'submit', action: { type: 'status', status: 402 } });
		let reply = await client.submit(body);
		expect(reply.status).toBe(402);
		expect(reply.json).toEqual({
			code: 402,
			msg: 'insufficient balance',
			request_id: reply.headers['x-request-id'],
			data: null,
		});
		const html = '<html><body>502 Bad Gateway</body></html>';
		const action = { type: 'status', status: 502, body: html, headers: { 'x-from': 'gateway' } } as const;
		sandbox.addFault({ endpoint: 'submit', action });
		expect(await leaves(async () => (reply = await client.submit(body)))).toBe(0);
		expect(reply).toMatchObject({ status: 502, text: html });
		expect(reply.headers).toMatchObject({ 'x-from': 'gateway', 'content-type': 'text/html; charset=utf-8' });
		expect(reply.headers['x-request-id']).toBeTruthy();
	});
});

describe('tasks that end badly', () => {
	const shapes: Array<[FailedTaskShape, number, object]> = [
		['status200', 200, { status: 'failed', outputs: null, error: expect.any(String) }],
		['http500', 500, { status: 'failed', outputs: null, executionTime: 0 }],
		['nsfw', 200, { status: 'completed', outputs: [], has_nsfw_contents: [true] }],
		['moderation', 200, { status: 'failed', error_code: 1039 }],
		['errorObject', 200, { status: 'failed', error: { message: expect.any(String) } }],
	];

	it.each(shapes)('failTask %s, and it is not charged', async (shape, status, data) => {
		sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape } });
		let id = '';
		expect(await leaves(async () => (id = await submitted()))).toBe(0);
		await client.finished(id);
		const reply = await client.poll(id);
		expect(reply.status).toBe(status);
		expect(reply.json['data']).toMatchObject(data);
		expect((await client.finished(await submitted()))['status']).toBe('completed');
	});
});

describe('when a fault strikes', () => {
	const statuses = async (count: number): Promise<number[]> => {
		const seen: number[] = [];
		for (let at = 0; at < count; at += 1) seen.push((await client.get('/public/v1/balance')).status);
		return seen;
	};
	const fault = (more: Partial<Fault>): Fault => ({
		endpoint: 'balance',
		action: { type: 'status', status: 500 },
		...more,
	});

	it('once, on the first call, unless told otherwise', async () => {
		sandbox.addFault(fault({}));
		expect(await statuses(3)).toEqual([500, 200, 200]);
	});

	it('from the nth call on, so many times, counted from when it was added', async () => {
		await statuses(3);
		sandbox.addFault(fault({ nth: 2, times: 2 }));
		expect(await statuses(5)).toEqual([200, 500, 500, 200, 200]);
		sandbox.addFault(fault({ times: Infinity }));
		expect(await statuses(4)).toEqual([500, 500, 500, 500]);
	});

	it('by chance, the same for the same seed', async () => {
		const run = async (): Promise<number[]> => {
			const own = await startSandbox({ seed: 5, faults: [fault({ probability: 0.5 })] });
			const seen: number[] = [];
			for (let at = 0; at < 20; at += 1) seen.push((await new Client(own).get('/public/v1/balance')).status);
			await own.close();
			return seen;
		};
		const seen = await run();
		expect(await run()).toEqual(seen);
		expect(new Set(seen)).toEqual(new Set([200, 500]));
	});

	it('only where the path, the body or an upload’s name holds the text', async () => {
		const action = { type: 'status', status: 500 } as const;
		sandbox.addFault({ endpoint: 'submit', match: 'special', action });
		sandbox.addFault({ endpoint: 'upload', match: 'second.png', action });
		sandbox.addFault({ endpoint: 'history', match: 'no=2', action });
		expect((await client.submit(body)).status).toBe(200);
		expect((await client.submit({ ...body, prompt: 'special' })).status).toBe(500);
		expect((await client.upload(await halves(), 'first.png')).status).toBe(200);
		expect((await client.upload(await halves(), 'second.png')).status).toBe(500);
		expect((await client.get('/api/v1/model/history?no=1')).status).toBe(200);
		expect((await client.get('/api/v1/model/history?no=2')).status).toBe(500);
	});
});

it('closes at once, whatever hangs', async () => {
	const own = await startSandbox({ faults: [{ endpoint: 'balance', action: { type: 'hang' } }] });
	const hanging = expect(new Client(own).get('/public/v1/balance')).rejects.toThrow();
	while (own.ledger.count('balance') === 0) await new Promise(setImmediate);
	await own.close();
	await hanging;
});
