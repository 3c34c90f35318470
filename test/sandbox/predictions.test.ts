import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { call, halves, LITE, plain, withSandbox, type Client } from './client';
import { VirtualClock } from '../unit/virtualClock';

async function body(client: Client, more: object = {}): Promise<object> {
	return { model: LITE, prompt: 'nicer', images: [await client.uploaded(await halves())], ...more };
}

const idOf = (reply: { json: { [key: string]: { [key: string]: unknown } } }): string =>
	String(reply.json['data']!['id']);

describe('the life of a task', () => {
	it('goes from created over processing to completed, in the time that is set', async () => {
		const clock = new VirtualClock();
		await withSandbox(
			{ preparedPictures: true, predictSeconds: 10, jitter: 0.1, clock },
			async (client, sandbox) => {
				const id = idOf(await client.submit(await body(client)));
				// It is `processing` after a tenth of the time, and `completed` after 9 to 11 seconds.
				for (const [ms, status] of [
					[500, 'created'],
					[4_500, 'processing'],
				] as const) {
					await clock.pass(ms);
					expect((await client.poll(id)).json['data']).toMatchObject({ status, outputs: null });
				}
				await clock.pass(6_000);
				const data = await client.finished(id);
				expect(data['status']).toBe('completed');
				const record = sandbox.ledger.predictions.get(id)!;
				const tookMs = record.completedAtMs! - record.createdAtMs;
				expect(tookMs).toBeGreaterThanOrEqual(9_000);
				expect(tookMs).toBeLessThanOrEqual(11_000);
				expect(data).toMatchObject({
					id,
					model: LITE,
					has_nsfw_contents: [false],
					price: '0.032',
					error: '',
					metrics: { predict_time: record.predictSeconds },
				});
				expect(Date.parse(String(data['completed_at']))).toBe(Math.floor(record.completedAtMs!));
			},
		);
	});

	it('varies the same way for the same seed', async () => {
		const times = async (): Promise<number[]> => {
			const took: number[] = [];
			const clock = { nowMs: () => Date.now(), sleepMs: async (ms: number) => void took.push(ms) };
			await withSandbox({ preparedPictures: true, predictSeconds: 10, seed: 7, clock }, async (client) => {
				const request = await body(client);
				await client.edit(request);
				await client.edit(request);
			});
			return took;
		};
		const first = await times();
		expect(await times()).toEqual(first);
		const totals = [first[0]! + first[1]!, first[2]! + first[3]!];
		for (const total of totals) expect(Math.abs(total - 10_000)).toBeLessThanOrEqual(2500);
		expect(totals[0]).not.toBe(totals[1]);
	});

	it('is told under either path, with a slash at the end and with a query', async () => {
		await withSandbox({ preparedPictures: true }, async (client, sandbox) => {
			const id = idOf(await client.submit(await body(client)));
			for (const path of [`prediction/${id}/`, `prediction/${id}?x=1`, `result/${id}`, `result/${id}/?x=1`]) {
				const { status, json } = await client.get(`/api/v1/model/${path}`);
				expect({ path, status, id: json['data']?.['id'] }).toEqual({ path, status: 200, id });
			}
			expect((await client.get(`/api/v1/model/result/${id}`, {})).status).toBe(401);
			expect(sandbox.ledger.count('prediction')).toBe(5);
		});
	});

	it('forgets a task whose record is not to be kept', async () => {
		const clock = new VirtualClock();
		await withSandbox({ preparedPictures: true, predictSeconds: 10, clock }, async (client) => {
			const request = await body(client);
			const name = 'X-AtlasCloud-Request-Retention-Hours';
			const none = idOf(await client.submit(request, { [name]: '0' }));
			const two = idOf(await client.submit(request, { [name]: '2' }));
			expect((await client.poll(none)).status).toBe(200);
			await clock.pass(20_000);
			expect((await client.poll(two)).status).toBe(200);
			expect((await client.poll(none)).status).toBe(404);
			await clock.pass(3 * 3_600_000);
			expect((await client.poll(two)).status).toBe(404);
			expect((await client.get('/api/v1/model/history')).json['data']!['total']).toBe(0);
		});
	});
});

describe('limits', () => {
	it('refuses submits beyond the rate, and refusals cost nothing', async () => {
		const limits = { submits: { perSecond: 20, burst: 2 } };
		const clock = new VirtualClock();
		await withSandbox({ preparedPictures: true, limits, clock }, async (client, sandbox) => {
			const request = await body(client);
			const burst = await Promise.all(Array.from({ length: 6 }, async () => await client.submit(request)));
			const refused = burst.filter(({ status }) => status === 429);
			expect(refused).toHaveLength(4);
			expect(refused[0]!.json).toMatchObject({
				code: 429,
				msg: expect.stringContaining('rate limit') as string,
			});
			expect(Object.keys(refused[0]!.headers).join()).not.toMatch(/retry-after|ratelimit/i);
			expect(sandbox.ledger.charges).toHaveLength(2);
			await clock.pass(120);
			expect((await client.submit(request)).status).toBe(200);
		});
	});

	it('refuses what would run beside too many', async () => {
		const clock = new VirtualClock();
		const options = { preparedPictures: true, predictSeconds: 10, limits: { runningAtOnce: 2 }, clock };
		await withSandbox(options, async (client, sandbox) => {
			const request = await body(client);
			const ids = [idOf(await client.submit(request)), idOf(await client.submit(request))];
			expect((await client.submit(request)).status).toBe(429);
			await clock.pass(13_000);
			for (const id of ids) await client.finished(id);
			expect((await client.submit(request)).status).toBe(200);
			expect(sandbox.ledger.maxRunning).toBe(2);
		});
	});

	it('queues what has to wait', async () => {
		const options = { preparedPictures: true, predictSeconds: 0.1, jitter: 0, limits: { queueAtOnce: 1 } };
		await withSandbox(options, async (client, sandbox) => {
			const request = await body(client);
			const first = idOf(await client.submit(request));
			const second = idOf(await client.submit(request));
			expect((await client.poll(second)).json['data']!['status']).toBe('queued');
			await client.finished(second);
			const [one, two] = [first, second].map((id) => sandbox.ledger.predictions.get(id)!);
			expect(two!.startedAtMs).toBeGreaterThanOrEqual(one!.completedAtMs!);
		});
	});
});

describe('inputs the model refuses', () => {
	it.each<[string, (client: Client) => Promise<string>, RegExp]>([
		[
			'a file without an extension',
			async (c) => await c.uploaded(await halves(), 'photo'),
			/no picture extension/,
		],
		['a file called something else', async (c) => await c.uploaded(await halves(), 'photo.pdf'), /extension/],
		[
			'a PNG called JPEG',
			async (c) => await c.uploaded(await halves(), 'photo.jpg'),
			/named as image\/jpeg but is/,
		],
		['a text called PNG', async (c) => await c.uploaded(Buffer.from('hello'), 'a.png'), /not a picture/],
		['a picture over 3:1', async (c) => await c.uploaded(await plain('#123456', 400, 100)), /aspect ratio/],
		[
			'an upload that is gone',
			async (c) => `${c.sandbox.filesUrl}/media/images/1_gone.png`,
			/cannot download.*404/,
		],
		['a host elsewhere', async () => 'https://example.com/a.png', /cannot download/],
		['a file of this machine', async () => 'file:///etc/passwd', /cannot download/],
		['a data URI without base64', async () => 'data:image/png,abc', /data URI/],
	])('%s: the task fails, and is not charged', async (_name, image, reason) => {
		await withSandbox({}, async (client, sandbox) => {
			const data = await client.edit({ model: LITE, prompt: 'x', images: [await image(client)] });
			expect(data).toMatchObject({
				status: 'failed',
				outputs: null,
				error: expect.stringMatching(reason) as string,
			});
			expect(sandbox.ledger.charges).toEqual([]);
		});
	});

	it('takes data URIs, pictures on this machine and its own outputs', async () => {
		const picture = await halves();
		const server = createServer((_request, response) => response.end(picture)).listen(0, '127.0.0.1');
		await new Promise((resolve) => server.once('listening', resolve));
		try {
			await withSandbox({}, async (client) => {
				const size = '2048*2048';
				const images = [
					`data:image/png;base64,${picture.toString('base64')}`,
					`http://127.0.0.1:${(server.address() as AddressInfo).port}/no-extension`,
				];
				const first = await client.edit({ model: LITE, prompt: 'x', images, size });
				expect(first['status']).toBe('completed');
				const again = await client.edit({ model: LITE, prompt: 'x', images: [first['outputs']![0]], size });
				expect(again['status']).toBe('completed');
				expect((await call(String(again['outputs']![0]))).status).toBe(200);
			});
		} finally {
			server.close();
			server.closeAllConnections();
		}
	});
});
