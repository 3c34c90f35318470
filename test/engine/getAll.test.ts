import { virtualTime } from './virtualTime';
import { LITE, runSeedream, sandbox, useOneSandbox, V4, type SeedreamOptions } from './seedream';

useOneSandbox();
const ids: string[] = [];

beforeAll(async () => {
	for (let i = 0; i < 120; i++) {
		const model = i % 3 === 0 ? LITE : V4;
		ids.unshift(
			sandbox.addForeignTask({
				model,
				prompt: `task ${i}`,
				images: ['https://example.com/a.png'],
				size: '2048*2048',
			}),
		);
	}
	await untilAllAreOver();
});

/** Time passes only while somebody waits. */
const untilAllAreOver = async () => await virtualTime.sleepMs(60_000);

async function getAll(parameters: Record<string, unknown> = {}, options: Partial<SeedreamOptions> = {}) {
	const before = sandbox.ledger.requests.length;
	const result = await runSeedream({
		items: [{}],
		...options,
		parameters: { resource: 'prediction', operation: 'getAll', ...parameters },
	});
	const asked = sandbox.ledger.requests.slice(before).map(({ path }) => path);
	return { ...result, asked, found: result.json.map(({ predictionId }) => predictionId) };
}

it('lists the newest fifty by default, newest first, from one page', async () => {
	const { error, found, asked, out } = await getAll();
	expect(error).toBeUndefined();
	expect(found).toEqual(ids.slice(0, 50));
	expect(asked).toHaveLength(1);
	expect(out.every((item) => !item.binary)).toBe(true);
});

it('runs once, whatever the number of input items', async () => {
	const { found, asked, out } = await getAll({ limit: 2 }, { items: [{}, {}, {}] });
	expect(found).toEqual(ids.slice(0, 2));
	expect(asked).toHaveLength(1);
	expect(out.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 0 }]);
});

it('reads page after page for all, or up to a limit', async () => {
	const all = await getAll({ returnAll: true });
	expect(all.found).toEqual(ids);
	expect(all.asked).toHaveLength(3);
	const some = await getAll({ limit: 77 });
	expect(some.found).toEqual(ids.slice(0, 77));
	expect(some.asked).toHaveLength(2);
});

it('filters by model', async () => {
	const { json } = await getAll({ returnAll: true, filters: { model: LITE } });
	expect(json).toHaveLength(40);
	expect(json.every(({ model }) => model === LITE)).toBe(true);
});

it('filters by status, whatever word Atlas has for it', async () => {
	await untilAllAreOver();
	sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape: 'status200' } });
	await runSeedream({ nodeExtras: { onError: 'continueRegularOutput' } });
	const failed = await getAll({ filters: { status: 'failed' } });
	expect(failed.json).toHaveLength(1);
	expect(failed.json[0]).toMatchObject({ status: 'failed', imageUrl: null });
	expect((await getAll({ returnAll: true, filters: { status: 'processing' } })).json).toEqual([]);
	expect(
		(await getAll({ returnAll: true, filters: { status: 'completed', model: LITE } })).json,
	).toHaveLength(40);
});

it('puts no file of a request into json', async () => {
	const images = [`data:image/png;base64,${'A'.repeat(500)}`];
	sandbox.addForeignTask({ model: V4, prompt: 'with a data URI', images });
	const { json } = await getAll({ limit: 1 });
	expect(json[0]).toMatchObject({ prompt: 'with a data URI', raw: { input: { images: ['[file]'] } } });
	expect(JSON.stringify(json)).not.toContain('base64');
});

it.each([0, -1, '={{ "many" }}'])('refuses %s as a limit', async (limit) => {
	const { error, asked } = await getAll({ limit });
	expect(error?.message).toMatch(/^'Limit' must be a whole number, 1 or higher, but it is /);
	expect(asked).toEqual([]);
});

it('tells why the history cannot be read, as one item under Continue', async () => {
	sandbox.addFault({ endpoint: 'history', times: Infinity, action: { type: 'status', status: 403 } });
	const { json } = await getAll({}, { items: [{}, {}], nodeExtras: { onError: 'continueRegularOutput' } });
	expect(json).toHaveLength(1);
	expect(json[0]?.error).toMatchObject({
		statusCode: 403,
		message: 'Couldn’t read the prediction history: forbidden (403)',
	});
});
