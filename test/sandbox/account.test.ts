import { Client, call, halves, LITE, withSandbox, type Json } from './client';

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

	it('refuses an upload and a submit without the right key', async () => {
		await withSandbox({ apiKey: 'secret' }, async (_client, sandbox) => {
			const stranger = new Client({ ...sandbox, apiKey: 'guess' });
			expect((await stranger.upload(await halves(), 'a.png')).status).toBe(401);
			expect((await stranger.submit({ model: LITE, prompt: 'x' })).status).toBe(401);
			expect(sandbox.ledger.uploads).toHaveLength(0);
			expect(sandbox.ledger.predictions.size).toBe(0);
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
	it('needs no key and lists every kind of model', async () => {
		await withSandbox({}, async (client) => {
			const { status, json } = await client.get('/api/v1/models', {});
			expect(status).toBe(200);
			const models = json['data'] as unknown as Array<Record<string, unknown>>;
			const ids = models.map(({ model }) => model);
			expect(models.length).toBeGreaterThan(50);
			const four = ['', '/edit', '/sequential', '/edit-sequential'];
			const seedream = [
				...['v4', 'v4.5', 'v5.0-lite'].flatMap((version) => four.map((ending) => version + ending)),
				...['v4.7', 'v5.0-pro', 'v5.5', 'v6'].flatMap((version) => [
					`${version}/text-to-image`,
					`${version}/edit`,
				]),
				...['v5.5-developer/edit', 'v6-pro/edit', 'v6-fast/edit'],
			];
			expect(ids.filter((id) => /^bytedance\/seedream-/.test(String(id))).sort()).toEqual(
				seedream.map((id) => `bytedance/seedream-${id}`).sort(),
			);
			const uuids = models.map(({ uuid }) => String(uuid));
			for (const uuid of uuids) expect(uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
			expect(new Set(uuids).size).toBe(models.length);
			expect(new Set(models.map(({ type }) => type))).toEqual(new Set(['Text', 'Image', 'Video', 'Audio']));
			expect(models.filter(({ display_console }) => display_console === false)).toHaveLength(1);
			expect(models.find(({ model }) => model === LITE)).toMatchObject({
				type: 'Image',
				price: { actual: { base_price: '0.032', unit: 'generation' } },
				display_console: true,
			});
		});
	});

	it('gives each model a schema on the files host', async () => {
		await withSandbox({}, async (client, sandbox) => {
			const { json } = await client.get('/api/v1/models', {});
			const models = json['data'] as unknown as Array<{ model: string; schema: string }>;
			const inputOf = async (id: string): Promise<Record<string, unknown>> => {
				const { schema } = models.find(({ model }) => model === id)!;
				expect(schema.startsWith(`${sandbox.filesUrl}/model/schema/`)).toBe(true);
				const { status, json: document } = await call(schema);
				expect(status).toBe(200);
				return document['components']!['schemas']!['Input'] as unknown as Record<string, unknown>;
			};
			const lite = await inputOf(LITE);
			expect(lite['required']).toEqual(['prompt', 'images']);
			expect(lite['x-order-properties']).toEqual(Object.keys(lite['properties'] as object));
			expect(lite['properties']).toMatchObject({
				images: { minItems: 1, maxItems: 14 },
				output_format: { enum: ['jpeg', 'png'] },
			});
			expect((lite['properties'] as { size: { enum: string[] } }).size.enum).toHaveLength(16);
			expect((await inputOf('bytedance/seedream-v4/edit'))['properties']).toMatchObject({
				size: { minimum: 1024, maximum: 4096, default: '2048*2048' },
				images: { maxItems: 10 },
			});
			expect((await inputOf('bytedance/seedream-v4/edit-sequential'))['properties']).toHaveProperty(
				'max_images',
			);
			expect((await inputOf('bytedance/seedream-v4.7/edit'))['properties']).toMatchObject({
				size: { enum: ['1K', '2K', '4K'] },
				images: { maxItems: 10 },
				num_images: { maximum: 14 },
			});
			expect((await call(`${sandbox.filesUrl}/model/schema/none.json`)).status).toBe(404);
		});
	});

	it('tells in a schema where a model is called and what it answers; text models have none', async () => {
		await withSandbox({}, async (client, sandbox) => {
			const documentOf = async (id: string): Promise<Json> =>
				(await call(`${sandbox.filesUrl}/model/schema/${id.replaceAll('/', '-')}.json`)).json;
			const lite = await documentOf(LITE);
			expect(Object.keys(lite['paths']!)).toEqual([
				'/api/v1/model/generateImage',
				'/api/v1/model/prediction/{id}',
			]);
			expect(lite['components']!['schemas']!['PredictionResponse']).toMatchObject({
				properties: { data: { properties: { outputs: { type: 'array' } } } },
			});
			const video = await documentOf('marble/drift-2.1/text-to-video');
			expect(video['paths']).toHaveProperty(['/api/v1/model/generateVideo']);
			const { json } = await client.get('/api/v1/models', {});
			const models = json['data'] as unknown as Array<{ type: string; schema?: string }>;
			for (const { type, schema } of models) expect(schema === undefined).toBe(type === 'Text');
		});
	});

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

	it('keeps a body that is large', async () => {
		await withSandbox({ preparedPictures: true }, async (client, sandbox) => {
			const image = `data:image/png;base64,${'A'.repeat(200_000)}`;
			const body = JSON.stringify({ model: LITE, prompt: 'large', images: [image] });
			await client.submit(body);
			const { json } = await client.get('/api/v1/model/history');
			expect(json['data']!['items']![0]!['requestBody']).toBe(body);
			expect(JSON.stringify(sandbox.ledger.requests[0]!.body).length).toBeLessThan(1000);
		});
	});

	it('shows other people’s tasks too, and new ones late', async () => {
		const history = { foreignTasks: 3, delaySeconds: 0.15 };
		await withSandbox({ preparedPictures: true, history }, async (client, sandbox) => {
			const url = await client.uploaded(await halves());
			const { json } = await client.submit({ model: LITE, prompt: 'mine', images: [url] });
			const id = String(json['data']!['id']);
			const listed = async (): Promise<string[]> => {
				const reply = await client.get('/api/v1/model/history?size=50');
				const items = reply.json['data']!['items'] as unknown as Array<{ result: { id: string } }>;
				return items.map(({ result }) => result.id);
			};
			expect(await listed()).not.toContain(id);
			await new Promise((resolve) => setTimeout(resolve, 200));
			const later = await listed();
			expect(later).toContain(id);
			expect(later.length).toBeGreaterThan(1);
			const foreign = sandbox.addForeignTask({ model: LITE, prompt: 'mine', images: [url] });
			sandbox.setOptions({ history: {} });
			expect(await listed()).toContain(foreign);
			const theirs = (await client.poll(foreign)).json['data'];
			expect(theirs).toMatchObject({ status: 'completed', price: '0.032' });
			expect(sandbox.ledger.predictions.get(foreign)!.foreign).toBe(true);
			expect(sandbox.ledger.charges).toHaveLength(1);
		});
	});

	it.each([
		['seconds', (value: unknown) => Number(value) * 1000],
		['milliseconds', Number],
		['iso', (value: unknown) => Date.parse(String(value))],
	] as const)('tells createdAt in %s', async (createdAtUnit, msOf) => {
		await withSandbox({ preparedPictures: true, history: { createdAtUnit } }, async (client, sandbox) => {
			sandbox.addForeignTask({ model: LITE, prompt: 'x' });
			const [item] = (await client.get('/api/v1/model/history')).json['data']!['items'] as unknown as [Json];
			expect(Math.abs(msOf(item['createdAt']) - Date.now())).toBeLessThan(5000);
			sandbox.setOptions({ history: { createdAtUnit: 'missing' } });
			const later = (await client.get('/api/v1/model/history')).json['data']!;
			expect(later['items']![0]).not.toHaveProperty('createdAt');
		});
	});

	it('puts extra items first, counts them, and sends them as they are', async () => {
		const extraItems = [null, 'no task', { ID: 7, requestBody: '{' }];
		await withSandbox({ preparedPictures: true, history: { extraItems } }, async (client, sandbox) => {
			const id = sandbox.addForeignTask({ model: LITE, prompt: 'x' });
			const first = (await client.get('/api/v1/model/history')).json['data']!;
			expect(first).toMatchObject({ total: 4, items: [...extraItems, { result: { id } }] });
			const other = (await client.get('/api/v1/model/history?model=other')).json['data']!;
			expect(other).toMatchObject({ total: 3, items: extraItems });
			const second = (await client.get('/api/v1/model/history?no=2&size=3')).json['data']!;
			expect(second).toMatchObject({ total: 4, items: [{ result: { id } }] });
		});
	});
});
