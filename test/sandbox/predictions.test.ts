import { halves, LITE, plain, withSandbox, type Client } from './client';
import { VirtualClock } from '../unit/virtualClock';

async function body(client: Client, more: object = {}): Promise<object> {
	return { model: LITE, prompt: 'nicer', images: [await client.uploaded(await halves())], ...more };
}

const idOf = (reply: { json: { [key: string]: { [key: string]: unknown } } }): string =>
	String(reply.json['data']!['id']);

it('the life of a task goes from created over processing to completed, in the time that is set', async () => {
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

it.each<[string, (client: Client) => Promise<string>, RegExp]>([
	[
		'a file without an extension',
		async (c) => await c.uploaded(await halves(), 'photo'),
		/no picture extension/,
	],
	[
		'a PNG called JPEG',
		async (c) => await c.uploaded(await halves(), 'photo.jpg'),
		/named as image\/jpeg but is/,
	],
	['a picture over 3:1', async (c) => await c.uploaded(await plain('#123456', 400, 100)), /aspect ratio/],
	[
		'an upload that is gone',
		async (c) => `${c.sandbox.filesUrl}/media/images/1_gone.png`,
		/cannot download.*404/,
	],
	['a file of this machine', async () => 'file:///etc/passwd', /cannot download/],
])('inputs the model refuses: %s: the task fails, and is not charged', async (_name, image, reason) => {
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
