import type { Endpoint, FaultAction } from '../../../sandbox';
import { AS_TOOL } from '../agent';
import { nextRound, retryManually } from '../retries';
import { pictureOf, predictionOf, sha256, type SeedreamOptions, type SeedreamResult } from '../seedream';
import { virtualTime } from '../virtualTime';
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
	ledger,
	other,
	photo,
	sameUrl,
	sandbox,
	submits,
	useSandbox,
} from './account';
import { GATEWAY_JSON, GATEWAY_PAGE } from './cases';

useSandbox();

const HOUR_MS = 3_600_000;
let executionId = 100;

/** Runs the same edit in a new execution, with Reuse Paid Results on. */
async function reuse(options: Partial<SeedreamOptions> = {}, hours = 24): Promise<SeedreamResult> {
	const { parameters = {} } = options;
	const own = parameters.options as object | undefined;
	return await edit({
		executionId: `${executionId++}`,
		...options,
		parameters: { ...parameters, options: { reuseHours: hours, ...own } },
	});
}

/** How often the history was read from its first page on. */
const readings = () => ledger.requests.filter(({ path }) => path.includes('/history?no=1&')).length;

const photos = (count: number) => Array.from({ length: count }, () => ({ files: { data: photo } }));

describe('Reuse Paid Results', () => {
	it('returns the image of an earlier execution without billing it again', async () => {
		const before = await edit();
		const result = await reuse();
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(idsIn(before));
		expect(sha256(await pictureOf(result.out[0]))).toBe(
			predictionOf(sandbox, result.json[0]).outputSha256[0],
		);
		expect(chargedIds()).toHaveLength(1);
		expect([submits(), ledger.count('upload')]).toEqual([1, 1]);
	});

	it('bills only what is missing when a sheet that died halfway is run again', async () => {
		const sheet = [photo, other, photo].map((data, i) => ({ json: { wish: `${i % 2}` }, files: { data } }));
		const parameters = { prompt: '={{ $json.wish }}' };
		const before = await edit({ items: sheet.slice(0, 2), parameters });
		const result = await reuse({ items: sheet, parameters });
		expect(idsIn(result)).toHaveLength(3);
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(idsIn(result)).toEqual(expect.arrayContaining(idsIn(before)));
		expect(chargedIds()).toHaveLength(3);
		// Once, and once more before the missing one is bought.
		expect(readings()).toBe(2);
	});

	it('gives equal items different predictions', async () => {
		const before = await edit({ items: photos(3) });
		const result = await reuse({ items: photos(4) });
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(idsIn(result)).toEqual(expect.arrayContaining(idsIn(before)));
		expect(chargedIds()).toHaveLength(4);
	});

	it('takes nothing that is older, of another request, or of another file', async () => {
		await edit();
		await reuse({ parameters: { prompt: 'something else' } });
		await reuse({ items: [{ files: { data: other } }] });
		expect(chargedIds()).toHaveLength(3);
		await virtualTime.sleepMs(2 * HOUR_MS);
		await reuse({}, 1);
		expect(chargedIds()).toHaveLength(4);
		await reuse({}, 3);
		expect(chargedIds()).toHaveLength(4);
	});

	it.each([-3_600, 3_600])(
		'takes a result for younger rather than older when our clock is %i s off Atlas’s',
		async (clockSkewSeconds) => {
			await atlas({ clockSkewSeconds });
			await edit();
			await virtualTime.sleepMs(1_200_000);
			await reuse({}, 0.5);
			expect(submits()).toBe(1);
			await virtualTime.sleepMs(2 * HOUR_MS);
			await reuse({}, 0.5);
			expect(submits()).toBe(2);
		},
	);

	it('is off by default and does not read the history', async () => {
		await edit();
		await edit();
		expect(chargedIds()).toHaveLength(2);
		expect(ledger.count('history')).toBe(0);
	});

	it('bills nothing if the history cannot be read', async () => {
		await edit();
		fails('history', { type: 'status', status: 503 }, Infinity);
		const result = await reuse();
		expect(result.error?.message).toMatch(/^Couldn’t search for results to reuse: /);
		expect(result.error?.description).toContain('Nothing was submitted or billed');
		expect(submits()).toBe(1);
	});

	it('bills nothing if the inputs of earlier edits cannot be read', async () => {
		await edit();
		fails('file', { type: 'status', status: 503 }, Infinity);
		const result = await reuse();
		expect(result.error?.message).toMatch(
			/^Couldn’t search for results to reuse: an input file couldn’t be read/,
		);
		expect(submits()).toBe(1);
	});

	it('bills a new edit for a result whose files have expired', async () => {
		const before = await edit();
		sandbox.expireOutput(String(before.json[0].imageUrl));
		const result = await reuse();
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual([chargedIds()[1]]);
		expect(chargedIds()).toHaveLength(2);
	});

	it.each<[string, Endpoint, FaultAction, number]>([
		['a file host’s first 404', 'file', { type: 'status', status: 404, body: '' }, 1],
		['a proxy’s page for its file', 'file', { type: 'status', status: 404, body: GATEWAY_PAGE }, 3],
		['a file host that breaks the connection', 'file', { type: 'resetBefore' }, 2],
		[
			'a gateway’s 404 for its prediction',
			'prediction',
			{ type: 'status', status: 404, body: GATEWAY_JSON },
			40,
		],
		['Atlas’s own first 410 for its prediction', 'prediction', { type: 'status', status: 410 }, 1],
	])('bills nothing anew for %s', async (_what, endpoint, action, times) => {
		// The history may leave out where the files are.
		await atlas({ predictSeconds: endpoint === 'file' ? 1 : 100 });
		const same = sameUrl(1);
		await edit({ ...same, parameters: { ...same.parameters, options: { timeoutSeconds: 5 } } });
		fails(endpoint, action, times);
		const { error } = await reuse(same);
		if (times < 40) expect(error).toBeUndefined();
		expect([submits(), chargedIds().length]).toEqual([1, 1]);
	});

	it('bills a new edit for a failed one', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' });
		await edit();
		const result = await reuse();
		expect(result.error).toBeUndefined();
		expect(submits()).toBe(2);
	});

	it('waits for an edit that is still running', async () => {
		sandbox.setOptions({ predictSeconds: 60 });
		const [before] = (await edit({ parameters: { resource: 'prediction', operation: 'submit' } })).json;
		const result = await reuse();
		expect(idsIn(result)).toEqual([before.predictionId]);
		expect(result.json[0].status).toBe('completed');
		expect(submits()).toBe(1);
	});

	it('bills one new edit if a running one fails while it is waited for', async () => {
		sandbox.setOptions({ predictSeconds: 60 });
		fails('submit', { type: 'failTask', shape: 'status200' });
		await edit({ parameters: { resource: 'prediction', operation: 'submit' } });
		const result = await reuse({ items: [...photos(1), { files: { data: other } }] });
		expect(result.error).toBeUndefined();
		expect(result.json.map(({ status }) => status)).toEqual(['completed', 'completed']);
		expect(submits()).toBe(3);
	});

	it('takes another one if a running one fails while it is waited for', async () => {
		sandbox.setOptions({ predictSeconds: 10 });
		const submitOnly = { parameters: { resource: 'prediction', operation: 'submit' } };
		const [before] = (await edit(submitOnly)).json;
		fails('submit', { type: 'failTask', shape: 'status200' });
		await edit(submitOnly);
		expect(idsIn(await reuse())).toEqual([before.predictionId]);
		expect(submits()).toBe(2);
	});

	it('bills no new edit if content moderation stops a running one', async () => {
		sandbox.setOptions({ predictSeconds: 60 });
		fails('submit', MODERATED);
		await edit({ parameters: { resource: 'prediction', operation: 'submit' } });
		const result = await reuse();
		expect(result.error?.message).toMatch(/^Content moderation blocked/);
		expect(submits()).toBe(1);
	});

	it('returns the prediction ID of an earlier edit with the operation Submit', async () => {
		const before = await edit();
		const result = await reuse({ parameters: { resource: 'prediction', operation: 'submit' } });
		expect(idsIn(result)).toEqual(idsIn(before));
		expect(submits()).toBe(1);
	});

	it('says how many results were reused, and what that saved', async () => {
		await edit({ items: photos(2) });
		const result = await reuse({ items: photos(3) });
		expect(result.hint).toMatch(
			/^3 edited images in .* for \$0\.027\. Reused 2 earlier results, which saved \$0\.054\./,
		);
		const submitted = await reuse({
			items: photos(3),
			parameters: { resource: 'prediction', operation: 'submit' },
		});
		expect(submitted.hint).toContain('Reused 3 earlier results, which saved about $0.081.');
		expect(submitted.hint).not.toContain('Cost');
	});

	it('refuses a number of hours that Atlas does not keep', async () => {
		const result = await reuse({}, 337);
		expect(result.error?.message).toEqual(
			expect.stringMatching(/^'Reuse Paid Results \(Hours\)' must be a number between 0 and 336, but it is /),
		);
		expect(ledger.requests).toHaveLength(0);
	});
});

describe('Reuse Paid Results and retries', () => {
	it('keeps what was reused for all attempts of Retry On Fail', async () => {
		await edit();
		// After the check that the files are there.
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS, 3);
		const result = await reuse({ nodeExtras: RETRY_3 });
		expectBilledOnce(result);
		expect(readings()).toBe(1);
	});

	it('resumes what was reused after a manual retry of the failed execution', async () => {
		await edit();
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS, 3);
		const failed = await reuse();
		expect(failed.error?.message).toContain(chargedIds()[0]);
		const result = await retryManually(failed, {
			parameters: { options: { reuseHours: 24 } },
		});
		expectBilledOnce(result);
	});

	it('buys nothing anew while the model can’t be read, if what it took fails', async () => {
		await atlas({ predictSeconds: 300 });
		const { items, parameters } = sameUrl(1);
		const call = {
			items,
			parameters: { ...parameters, model: 'bytedance/seedream-v4.5/edit', size: '2048*2048' },
		};
		fails('submit', { type: 'failTask', shape: 'status200' });
		await edit({ ...call, parameters: { ...call.parameters, resource: 'prediction', operation: 'submit' } });
		// The first attempt reads the model, and its time is up before the prediction ends.
		fails('models', { type: 'status', status: 503 }, Infinity, 2);
		const options = { timeoutSeconds: 200 };
		const result = await reuse({
			...call,
			nodeExtras: RETRY_3,
			parameters: { ...call.parameters, options },
		});
		expect(result.error?.message).toContain('Couldn’t read the fields of bytedance/seedream-v4.5/edit');
		expect(submits()).toBe(1);
	});

	it('gives each item one edit when a crashed execution is retried with it', async () => {
		await edit({ executionId: '41', items: photos(2) });
		const result = await reuse({ executionId: '42', mode: 'retry', items: photos(3) });
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(chargedIds()).toHaveLength(3);
	});

	it('does not reuse an edit of this execution in the next round of a loop', async () => {
		const first = await reuse();
		const second = await nextRound(first, { parameters: { options: { reuseHours: 24 } } });
		expect([...idsIn(first), ...idsIn(second)]).toEqual(chargedIds());
		expect(chargedIds()).toHaveLength(2);
	});

	it('works when an agent calls the node as its tool', async () => {
		await edit();
		expectBilledOnce(await reuse(AS_TOOL));
	});

	it('keeps a reused prediction apart from a lost submit of the same request', async () => {
		const same = sameUrl(2);
		const before = await edit({ ...same, items: [{}] });
		fails('submit', { type: 'resetAfter' }, 1);
		const result = await reuse(same);
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(expect.arrayContaining(idsIn(before)));
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(chargedIds()).toHaveLength(2);
	});

	it('finds a lost edit of an earlier execution that stayed unknown', async () => {
		await atlas({ history: { delaySeconds: 90 } });
		fails('submit', { type: 'resetAfter' });
		expect((await edit()).error?.message).toMatch(/^Couldn’t confirm whether/);
		await virtualTime.sleepMs(60_000);
		expectBilledOnce(await reuse());
	});

	it('does not resubmit an unknown edit because the history shows others', async () => {
		await atlas({ history: { delaySeconds: 90 } });
		fails('submit', { type: 'resetAfter' });
		const failed = await reuse({ nodeExtras: CONTINUE });
		expect(errorOf(failed.json[0])?.message).toMatch(/^Couldn’t confirm whether/);
		expect(submits()).toBe(1);
	});
});

describe('two at the same moment', () => {
	// Here the promise ends, and docs/billing.md says so.
	it('may return the same paid result to two executions that reuse it', async () => {
		await edit();
		const [one, two] = await Promise.all([reuse(), reuse()]);
		expect([...idsIn(one), ...idsIn(two)]).toEqual([chargedIds()[0], chargedIds()[0]]);
		expect(submits()).toBe(1);
	});
});
