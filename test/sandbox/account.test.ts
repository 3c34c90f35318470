import { halves, LITE, withSandbox } from './client';

it('history tells tasks newest first, in pages, with the body exactly as sent', async () => {
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
