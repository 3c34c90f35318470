import { halves, LITE, withSandbox } from './client';

describe('the key', () => {
	it.each([
		['/api/v1/model/history', {}],
		['/api/v1/model/history', { authorization: 'Bearer wrong' }],
		['/api/v1/model/prediction/x', { authorization: 'sandbox-key' }],
		['/api/v1/models-and-more', { authorization: 'Bearer sandbox-key' }],
	])('answers 401 in the envelope to %s with %j', async (path, headers) => {
		await withSandbox({}, async (client) => {
			const reply = await client.get(path, headers);
			expect(reply.status).toBe(401);
			expect(reply.json).toEqual({
				code: 401,
				msg: 'unauthorized',
				request_id: reply.headers['x-request-id'],
				data: null,
			});
		});
	});
});

describe('balance', () => {
	it('needs the key and words its refusal its own way', async () => {
		await withSandbox({}, async (client) => {
			const refused = await client.get('/public/v1/balance', {});
			expect(refused.status).toBe(401);
			expect(refused.json).toEqual({
				error: {
					type: 'authentication_error',
					code: 'invalid_api_key',
					message: 'unauthorized',
					param: null,
				},
				request_id: refused.headers['x-request-id'],
			});
			const { json, headers } = await client.get('/public/v1/balance');
			const none = { value: '0.000000', currency: 'usd' };
			expect(json).toEqual({
				object: 'balance',
				available: { value: '125.500000', currency: 'usd' },
				cash: { value: '125.500000', currency: 'usd' },
				bonus: none,
				subscription_bonus: none,
				frozen: none,
				credit_grant: none,
				scope: 'account',
				account: { id: 'acc_sandbox', name: 'Sandbox', type: 'personal' },
				request_id: headers['x-request-id'],
			});
		});
	});

	it('goes down by what was charged', async () => {
		await withSandbox({ preparedPictures: true }, async (client) => {
			const url = await client.uploaded(await halves());
			await client.edit({ model: LITE, prompt: 'x', images: [url] });
			const { json } = await client.get('/public/v1/balance');
			expect(json['available']!['value']).toBe('125.468000');
		});
	});
});

describe('catalog', () => {
	it('has an OpenAI-compatible list that needs the key', async () => {
		await withSandbox({}, async (client) => {
			const refused = await client.get('/v1/models', {});
			expect(refused.status).toBe(401);
			expect(refused.json).toMatchObject({ error: { code: 'invalid_api_key' } });
			const { status, json } = await client.get('/v1/models');
			expect(status).toBe(200);
			expect(json).toMatchObject({ object: 'list', data: expect.any(Array) as unknown });
			expect(json['data']![0]).toEqual({
				id: expect.any(String) as string,
				object: 'model',
				created: expect.any(Number) as number,
				owned_by: expect.any(String) as string,
			});
		});
	});
});

describe('history', () => {
	it('tells tasks newest first, in pages, with the body exactly as sent', async () => {
		await withSandbox({ preparedPictures: true }, async (client) => {
			const url = await client.uploaded(await halves());
			const bodies = [1, 2, 3].map(
				(n) => `{ "model": "${LITE}",  "prompt": "n\\u00b0 ${n}", "images": ["${url}"] }`,
			);
			const ids: string[] = [];
			for (const body of bodies) {
				ids.push(String((await client.submit(body)).json['data']!['id']));
				await new Promise((resolve) => setTimeout(resolve, 3));
			}
			await client.finished(ids[2]!);
			await client.finished(ids[0]!);
			const first = (await client.get('/api/v1/model/history?no=1&size=2')).json['data']!;
			expect(first).toMatchObject({ pageNo: 1, pageSize: 2, total: 3 });
			const items = first['items'] as unknown as Array<Record<string, Record<string, unknown>>>;
			expect(items.map((item) => item['requestBody'])).toEqual([bodies[2], bodies[1]]);
			expect(items[0]).toMatchObject({
				ID: ids[2],
				model: LITE,
				status: 'completed',
				result: { id: ids[2] },
			});
			expect(Math.abs(Number(items[0]!['createdAt']) - Date.now() / 1000)).toBeLessThan(5);
			const second = (await client.get('/api/v1/model/history?no=2&size=2')).json['data']!;
			expect(second['items']).toHaveLength(1);

			const one = (await client.get(`/api/v1/model/history?sessionID=${ids[1]}`)).json['data']!;
			expect(one).toMatchObject({ total: 1, items: [{ result: { id: ids[1] } }] });
			expect((await client.get('/api/v1/model/history?model=other')).json['data']!['total']).toBe(0);
			expect((await client.get('/api/v1/model/history?status=failed')).json['data']!['total']).toBe(0);
			expect((await client.get('/api/v1/model/history?size=0')).status).toBe(400);
			expect((await client.get('/api/v1/model/history?size=50')).status).toBe(200);
			expect((await client.get('/api/v1/model/history?size=51')).status).toBe(400);
		});
	});
});
