import { AS_TOOL } from '../agent';
import { nextRound, retryManually } from '../retries';
import { type SeedreamOptions } from '../seedream';
import {
	CONTINUE,
	DOWNLOAD_ATTEMPTS,
	MODERATED,
	RETRY_3,
	atlas,
	chargedIds,
	edit,
	errorOf,
	expectBilledOnce,
	fails,
	idsIn,
	sameUrl,
	sandbox,
	submits,
	useSandbox,
} from './account';

// What failed tasks cost is not known for sure: here they are billed, so that every submit counts.
useSandbox({ chargeFailedTasks: true });

/** An edit that makes three images of each item, unless `parameters` ask for others. */
const three = async ({ parameters, ...options }: Partial<SeedreamOptions> = {}) =>
	await edit({ ...options, parameters: { numberOfImages: 3, ...parameters } });

/** All that is billed, each of it returned once. */
function expectAllOnce(ids: unknown[], count: number): void {
	expect([...ids].sort()).toEqual(chargedIds().sort());
	expect([new Set(ids).size, submits()]).toEqual([count, count]);
}

describe('three images of one item', () => {
	it('are not bought while nobody can tell in how many predictions', async () => {
		fails('models', { type: 'status', status: 503 }, 2);
		const { items, parameters } = sameUrl(1);
		const model = 'bytedance/seedream-v4.5/edit-sequential';
		const result = await three({ items, parameters: { ...parameters, model, size: '2048*2048' } });
		expect(result.error?.message).toMatch(/^Couldn’t read the fields of /);
		expect(submits()).toBe(0);
	});

	it('are found when the answer to one submit is lost', async () => {
		fails('submit', { type: 'resetAfter' }, 1, 2);
		expectAllOnce(idsIn(await three()), 3);
	});

	it('are bought once each by Retry On Fail, which buys what was refused', async () => {
		fails('submit', { type: 'status', status: 400 }, 1, 2);
		const result = await three({ nodeExtras: RETRY_3 });
		expect(result.error).toBeUndefined();
		expect([...idsIn(result)].sort()).toEqual(chargedIds().sort());
		expect([chargedIds().length, submits()]).toEqual([3, 4]);
	});

	it('are found again after a crash of n8n, which loses all records', async () => {
		sandbox.setOptions({ keepUploadNames: true });
		await edit({ executionId: '41', parameters: { numberOfImages: 2 } });
		expectAllOnce(idsIn(await three({ executionId: '42', mode: 'retry' })), 3);
	});

	it('are taken one by one with Reuse Paid Results', async () => {
		const options = { reuseHours: 24 };
		const first = await three({ executionId: '1', parameters: { options } });
		const four = await edit({ executionId: '2', parameters: { options, numberOfImages: 4 } });
		expect(idsIn(four)).toEqual(expect.arrayContaining(idsIn(first)));
		expectAllOnce(idsIn(four), 4);
	});

	it('are three results of Submit', async () => {
		const { json, out } = await three({ parameters: { resource: 'prediction', operation: 'submit' } });
		expectAllOnce(
			json.map(({ predictionId }) => predictionId),
			3,
		);
		expect(out.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 0 }, { item: 0 }]);
	});

	it('are no earlier call’s of an agent’s tool, even one after another', async () => {
		const parameters = { options: { concurrency: 1 } };
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const failed = await three({ ...AS_TOOL, parameters });
		expect(failed.error).toBeDefined();
		expect(submits()).toBe(3);
		expectAllOnce(idsIn(await nextRound(failed, { ...AS_TOOL })), 3);
	});
});

describe('three images of one item, one of them blocked', () => {
	beforeEach(() => fails('submit', MODERATED, 1, 2));

	it('stop the run, and the next one bills the blocked one alone', async () => {
		const { error } = await three({ executionId: '1' });
		const blocked = /prediction ([\w-]+)/.exec(error?.message ?? '')?.[1];
		const others = chargedIds().filter((id) => id !== blocked);
		expect(error?.description).toMatch(/2 other predictions of this run are billed \(about \$0\.054\)/);
		for (const id of others) expect(error?.description).toContain(id);

		const again = await three({ executionId: '2' });
		expect(submits()).toBe(4);
		expect(idsIn(again)).toEqual(expect.arrayContaining(others));
		expect(new Set(idsIn(again)).size).toBe(3);
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'lose no paid one with %s: the failed one is a row of its own',
		async (onError) => {
			const { items, hint } = await three({ nodeExtras: { onError } });
			const rows = items.flat();
			const failed = rows.filter(({ json }) => json.error !== undefined);
			expect([rows.length, failed.length, submits()]).toEqual([3, 1, 3]);
			const known = rows.map(({ json }) => json.predictionId ?? errorOf(json)?.predictionId);
			expect([...known].sort()).toEqual(chargedIds().sort());
			expect(rows.slice(0, 2).map(({ json }) => [json.imageIndex, json.imageCount])).toEqual([
				[0, 2],
				[1, 2],
			]);
			expect(hint).toMatch(/^2 edited images in .* for \$0\.054\. 1 failed: row 1\./);
		},
	);
});

it('tells of all that failed of one item', async () => {
	fails('submit', { type: 'status', status: 400, body: { message: 'first' } }, 1, 1);
	fails('submit', { type: 'status', status: 422, body: { message: 'second' } }, 1, 3);
	const { json } = await three({ nodeExtras: CONTINUE, parameters: { options: { concurrency: 1 } } });
	expect(json).toHaveLength(2);
	expect(errorOf(json[1])?.message).toMatch(/\(400\)/);
	expect(errorOf(json[1])?.description).toMatch(/Also failed: .*\(422\)/);
});

describe('Max Cost per Run', () => {
	const limited = (maxCostUsd: number) => ({ options: { maxCostUsd } });

	it('counts each image', async () => {
		const { error } = await three({ parameters: limited(0.08) });
		expect(error?.message).toMatch(/^This run would cost up to \$0\.081, but 'Max Cost per Run' is \$0\.08/);
		expect(submits()).toBe(0);
		expectAllOnce(idsIn(await three({ parameters: limited(0.081) })), 3);
	});

	it('counts only what is missing in a retry', async () => {
		fails('submit', { type: 'status', status: 400 }, 1, 2);
		const result = await three({ nodeExtras: RETRY_3, parameters: limited(0.081) });
		expect(result.error).toBeUndefined();
		expect([chargedIds().length, submits()]).toEqual([3, 4]);
	});
});

it('buys nothing twice while it can’t be read how many the model makes at once', async () => {
	await atlas({ chargeFailedTasks: true });
	const model = 'bytedance/seedream-v4.5/edit-sequential';
	fails('file', { type: 'resetBefore' }, 3 * DOWNLOAD_ATTEMPTS);
	fails('models', { type: 'status', status: 503 }, Infinity, 2);
	const { items, parameters } = sameUrl(1);
	const { error } = await three({
		items,
		nodeExtras: RETRY_3,
		mode: 'trigger',
		parameters: { ...parameters, model, size: '2048*2048' },
	});
	expect(error?.message).toContain(chargedIds()[0]);
	expect(submits()).toBe(1);
});

it('bills nothing that a retry would not find, because the model could not be read', async () => {
	const model = 'bytedance/seedream-v4.5/edit-sequential';
	fails('models', { type: 'status', status: 503 }, 2);
	fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
	const { items, parameters } = sameUrl(1);
	const call = { items, parameters: { ...parameters, model, size: '2048*2048' } };
	const first = await edit(call);
	await retryManually(first, { ...call });
	const last = await retryManually(first, { ...call, executionId: '3' });
	expectBilledOnce(last);
});
