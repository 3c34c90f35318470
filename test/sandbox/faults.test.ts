import { startSandbox, type Fault, type Sandbox } from '../../sandbox';
import { Client, halves, LITE } from './client';

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

async function submitted(): Promise<string> {
	return String((await client.submit(body)).json['data']!['id']);
}

describe('answers that are wrong', () => {
	it('otherRecord is the newest other task', async () => {
		const [first, second] = [await submitted(), await submitted()];
		await client.finished(second);
		sandbox.addFault({ endpoint: 'prediction', times: 2, action: { type: 'otherRecord' } });
		expect((await client.poll(first)).json['data']).toMatchObject({ id: second });
		expect((await client.poll(second)).json['data']).toMatchObject({ id: first });
		expect((await client.poll(first)).json['data']).toMatchObject({ id: first });
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
