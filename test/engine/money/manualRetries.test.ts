import type { IDataObject } from 'n8n-workflow';
import type { FaultAction } from '../../../sandbox';
import { nextRound, retryManually } from '../retries';
import { bmpPicture } from '../pictures';
import { type SeedreamOptions } from '../seedream';
import { virtualTime } from '../virtualTime';
import {
	DOWNLOAD_ATTEMPTS,
	MODERATED,
	RETRY_3,
	atlas,
	chargedIds,
	edit,
	expectBilledOnce,
	fails,
	idsIn,
	ledger,
	other,
	photo,
	sameUrl,
	sandbox,
	submits,
	useSandbox,
} from './account';

useSandbox();

/** A quote of nothing, for a model that costs something. */
const FREE_QUOTE = { code: 200, data: { price: 0, currency: 'USD' } };

describe('a new edit', () => {
	it('is bought for each item, even if image and prompt are the same', async () => {
		const result = await edit({ items: [1, 2, 3].map(() => ({ files: { data: photo } })) });
		expect(new Set(idsIn(result)).size).toBe(3);
		expect(new Set(chargedIds())).toEqual(new Set(idsIn(result)));
		expect(ledger.count('upload')).toBe(1);
	});

	it('is bought for each round of a loop', async () => {
		const first = await edit();
		const second = await nextRound(first);
		expect([...idsIn(first), ...idsIn(second)]).toEqual(chargedIds());
		expect(chargedIds()).toHaveLength(2);
	});
});

describe('a manual retry of a failed execution', () => {
	async function failedDownload(options: Partial<SeedreamOptions> = {}) {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const result = await edit(options);
		expect(result.error?.message).toContain(chargedIds()[0]);
		return result;
	}

	it('resumes what was bought for the same request', async () => {
		expectBilledOnce(await retryManually(await failedDownload()));
	});

	it('resumes what was bought for a prompt that changes by itself', async () => {
		const failed = await failedDownload({ parameters: { prompt: '={{ "at " + Math.random() }}' } });
		expectBilledOnce(await retryManually(failed));
	});

	it('submits a prompt that changes by itself anew where moderation stopped it', async () => {
		fails('submit', MODERATED);
		const failed = await edit({ parameters: { prompt: '={{ "at " + Math.random() }}' } });
		const retried = await retryManually(failed);
		expect([retried.error, submits()]).toEqual([undefined, 2]);
	});

	it('reads the history once for rows that were refused at different times', async () => {
		const readings = async (count: number) => {
			await atlas();
			for (let nth = 1; nth <= count; nth++) {
				fails('submit', { type: 'delay', seconds: nth }, 1, nth);
				fails('submit', { type: 'status', status: 402 }, 1, nth);
			}
			const failed = await edit({ items: Array.from({ length: count }, () => ({ files: { data: photo } })) });
			const before = ledger.count('history');
			expect(idsIn(await retryManually(failed))).toHaveLength(count);
			return ledger.count('history') - before;
		};
		expect(await readings(3)).toBe(await readings(1));
	});

	it('resumes it long after its time is up', async () => {
		const failed = await failedDownload();
		await virtualTime.sleepMs(3_600_000);
		expectBilledOnce(await retryManually(failed));
	});

	it('resumes it although the prompt was another one in between', async () => {
		const failed = await failedDownload();
		fails('submit', { type: 'status', status: 402 });
		const changed = await retryManually(failed, {}, { prompt: 'something else' });
		expect(changed.error?.message).toContain('(402');
		const last = await retryManually(changed, { executionId: '3' }, { prompt: 'make it black and white' });
		expect(idsIn(last)).toEqual(chargedIds());
		expect([submits(), chargedIds().length]).toEqual([2, 1]);
	});

	it('buys again if the prompt was changed', async () => {
		const result = await retryManually(await failedDownload(), {}, { prompt: 'something else' });
		expect(idsIn(result)).toEqual([chargedIds()[1]]);
		expect(ledger.charges.map(({ prompt }) => prompt)).toEqual(['make it black and white', 'something else']);
	});

	it.each<[string, FaultAction | null, FaultAction | null]>([
		['are refused now', null, { type: 'status', status: 400 }],
		['could not be believed', { type: 'status', status: 200, body: FREE_QUOTE }, null],
		['could not be read', { type: 'status', status: 200, body: { code: 200 } }, null],
		['can’t be read now', null, { type: 'status', status: 200, body: { code: 200 } }],
	])('buys no other size because the quotes that decide it %s', async (_how, before, now) => {
		const large = bmpPicture(2, 2);
		large.writeInt32LE(6000, 18);
		large.writeInt32LE(4000, 22);
		const call = {
			items: [{ files: { data: large } }],
			parameters: { model: 'bytedance/seedream-v6-pro/edit' },
		};
		if (before) fails('quote', before, Infinity);
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const first = await edit(call);
		expect(first.error).toBeDefined();
		sandbox.clearFaults();
		if (now) fails('quote', now, Infinity);
		await retryManually(first, call);
		expect(submits()).toBe(1);
	});

	it('gives each item its own edit when one is unknown and an equal one was never sent', async () => {
		await atlas({ history: { delaySeconds: 70 }, predictSeconds: 30 });
		fails('submit', { type: 'resetAfter' });
		const items = ['x', 'y', 'x'].map((wish) => ({ json: { wish }, files: { data: photo } }));
		const parameters = { prompt: '={{ $json.wish }}', options: { concurrency: 1 } };
		const failed = await edit({ items, parameters });
		expect(failed.error?.message).toMatch(/^Couldn’t confirm whether/);
		await virtualTime.sleepMs(30_000);
		const result = await retryManually(failed, { parameters });
		expect(result.error).toBeUndefined();
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(chargedIds()).toHaveLength(3);
	});
});

describe('a retry after a crash of n8n', () => {
	const crashed = { executionId: '41' };
	const retried = { executionId: '42', mode: 'retry' as const };
	beforeEach(() => sandbox.setOptions({ keepUploadNames: true }));

	it('finds each item’s edit by the names of the uploads', async () => {
		const items = [photo, photo, other].map((data) => ({ files: { data } }));
		const before = await edit({ ...crashed, items });
		const result = await edit({ ...retried, items });
		expect(new Set(idsIn(result))).toEqual(new Set(idsIn(before)));
		expect(idsIn(result)[2]).toBe(idsIn(before)[2]);
		expect([submits(), chargedIds().length]).toEqual([3, 3]);
	});

	it('buys a failed edit again, unless content moderation stopped it', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' });
		fails('submit', MODERATED, 1, 3);
		await edit(crashed);
		expect((await edit(retried)).error).toBeUndefined();
		await edit({ ...crashed, items: [{ files: { data: other } }] });
		const stopped = await edit({ ...retried, items: [{ files: { data: other } }] });
		expect(stopped.error?.message).toMatch(/^Content moderation blocked/);
		expect(submits()).toBe(3);
	});

	it('resumes the successful edit if the first one had failed and was bought again', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' });
		const before = await edit({ ...crashed, nodeExtras: RETRY_3 });
		const result = await edit(retried);
		expect(idsIn(result)).toEqual(idsIn(before));
		expect([submits(), chargedIds().length]).toEqual([2, 1]);
	});

	it.each<[string, IDataObject, FaultAction | null]>([
		['is in the answer itself', { extraBodyFields: { enable_base64_output: true } }, null],
		['is missing', {}, { type: 'patchResult', patch: { outputs: [] } }],
	])('does not pay again for a finished edit whose image %s', async (_what, options, fault) => {
		if (fault) fails('submit', fault);
		const before = await edit({ ...crashed, parameters: { options } });
		const result = await edit({ ...retried, parameters: { options } });
		expect(result.error?.message).toBe(before.error?.message);
		expect([submits(), chargedIds().length]).toEqual([1, 1]);
	});

	it('also resumes what was bought before an earlier retry crashed', async () => {
		const items = [1, 2].map(() => ({ files: { data: photo } }));
		await edit(crashed);
		await edit({ ...retried, items });
		const result = await edit({ executionId: '43', mode: 'retry', items });
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(chargedIds()).toHaveLength(2);
	});

	it('takes what another execution bought if the edit that it resumes fails', async () => {
		sandbox.setOptions({ predictSeconds: 20 });
		fails('submit', { type: 'failTask', shape: 'status200' });
		const failed = await edit({ nodeExtras: RETRY_3, parameters: { options: { timeoutSeconds: 5 } } });
		expect(failed.error?.message).toBeDefined();
		const bought = await edit(crashed);
		const result = await retryManually(failed, { executionId: '43' }, { options: {} });
		expect(idsIn(result)).toEqual(idsIn(bought));
		expect(submits()).toBe(2);
	});

	it('outputs the images that were sent', async () => {
		const parameters = { resource: 'prediction', operation: 'submit' };
		const [before] = (await edit({ ...crashed, parameters })).json;
		const [after] = (await edit({ ...retried, parameters })).json;
		expect(after).toMatchObject({ images: before.images, prompt: before.prompt, size: before.size });
		expect(before.images).toHaveLength(1);
	});

	it('recognizes what was bought by its content if Atlas replaces the file names', async () => {
		await atlas({ keepUploadNames: false });
		const items = [photo, photo, other].map((data) => ({ files: { data } }));
		const before = await edit({ ...crashed, items });
		const result = await edit({ ...retried, items });
		expect(new Set(idsIn(result))).toEqual(new Set(idsIn(before)));
		expect(idsIn(result)[2]).toBe(idsIn(before)[2]);
		expect(chargedIds()).toHaveLength(3);
	});

	it('recognizes what was bought for image URLs by the same URLs in the same order', async () => {
		const same = sameUrl(1);
		const before = await edit({ ...crashed, ...same });
		expect(idsIn(await edit({ ...retried, ...same }))).toEqual(idsIn(before));
		expect(chargedIds()).toHaveLength(1);
	});

	it('buys nothing if the inputs of earlier edits cannot be read', async () => {
		await atlas({ keepUploadNames: false });
		await edit(crashed);
		fails('file', { type: 'status', status: 503 }, Infinity);
		expect((await edit(retried)).error?.message).toMatch(/^Couldn’t check whether an earlier execution/);
		expect(chargedIds()).toHaveLength(1);
	});

	// Here the promise ends, and docs/billing.md says so.
	it('cannot recognize what was bought for files that Atlas has deleted', async () => {
		await atlas({ keepUploadNames: false });
		await edit(crashed);
		for (const { url } of ledger.uploads) sandbox.deleteUpload(url);
		await edit(retried);
		expect(chargedIds()).toHaveLength(2);
	});

	it('cannot recognize what was bought for a prompt that changes by itself', async () => {
		const parameters = { prompt: '={{ "at " + Math.random() }}' };
		await edit({ ...crashed, parameters });
		await edit({ ...retried, parameters });
		expect(chargedIds()).toHaveLength(2);
	});
});
