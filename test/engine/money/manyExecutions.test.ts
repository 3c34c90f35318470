import { nextRound, retryManually } from '../retries';
import { runSeedream, V4 } from '../seedream';
import { virtualTime } from '../virtualTime';
import {
	CONTINUE,
	DOWNLOAD_ATTEMPTS,
	RETRY_3,
	atlas,
	chargedIds,
	edit,
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

// What failed tasks cost is not known for sure: here they are billed, so that every submit counts.
useSandbox({ chargeFailedTasks: true });

const SUBMIT_ONLY = { resource: 'prediction', operation: 'submit' };
const spentUsd = () => ledger.charges.reduce((sum, { priceUsd }) => sum + priceUsd, 0);
const hours = (count: number) => count * 3_600_000;

/** Adds predictions of others to the account. */
function addPredictions(count: number): void {
	for (let i = 0; i < count; i++) sandbox.addForeignTask({ model: 'x', prompt: `old ${i}`, images: [] });
}

describe('Max Cost per Run', () => {
	async function spentWhenFoundFails(options: object, mode: 'trigger' | 'retry'): Promise<number> {
		sandbox.setOptions({ predictSeconds: 20 });
		fails('submit', { type: 'failTask', shape: 'status200' });
		await edit({ executionId: '1', parameters: SUBMIT_ONLY });
		sandbox.setOptions({ predictSeconds: 1 });
		const before = spentUsd();
		sandbox.clearFaults();
		fails('submit', { type: 'failTask', shape: 'status200' });
		const parameters = { options: { ...options, maxCostUsd: 0.06 } };
		const items = [{ files: { data: photo } }, { files: { data: other } }];
		await edit({ executionId: '2', mode, items, nodeExtras: RETRY_3, parameters });
		return spentUsd() - before;
	}

	it('holds if a result that an earlier attempt reused fails in the next one', async () => {
		expect(await spentWhenFoundFails({ reuseHours: 24 }, 'trigger')).toBeLessThanOrEqual(0.06);
	});

	it('holds if what a retry after a crash had found fails in its next attempt', async () => {
		expect(await spentWhenFoundFails({}, 'retry')).toBeLessThanOrEqual(0.06);
	});

	it('holds if Resubmit If Lost submits once more', async () => {
		await atlas({ history: { delaySeconds: 600 }, chargeFailedTasks: true });
		fails('submit', { type: 'resetAfter' });
		await edit({ parameters: { options: { maxCostUsd: 0.03, resubmitUnknown: true } } });
		expect(spentUsd()).toBeLessThanOrEqual(0.03);
	});
});

describe('what a failed run paid for', () => {
	it('is no other execution’s while Retry On Fail still works on it', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		fails('file', { type: 'delay', seconds: 30 }, 1, DOWNLOAD_ATTEMPTS + 1);
		const first = edit({ executionId: '1', nodeExtras: RETRY_3, mode: 'trigger' });
		await virtualTime.sleepMs(20_000);
		const second = await edit({ executionId: '2', mode: 'trigger' });
		const ids = [...idsIn(await first), ...idsIn(second)];
		expect(ids).toHaveLength(2);
		expect(new Set(ids).size).toBe(2);
	});

	it('is no other execution’s while a person’s Retry works on it', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		fails('file', { type: 'delay', seconds: 30 }, 1, DOWNLOAD_ATTEMPTS + 1);
		const failed = await edit({ executionId: '1', mode: 'trigger' });
		const retry = retryManually(failed, { executionId: '2' });
		await virtualTime.sleepMs(5_000);
		const second = await edit({ executionId: '3', mode: 'trigger' });
		const ids = [...idsIn(await retry), ...idsIn(second)];
		expect(ids).toHaveLength(2);
		expect(new Set(ids).size).toBe(2);
	});

	it('is taken for 15 minutes only if it was made from a URL, however many runs fail', async () => {
		const { parameters } = sameUrl(1);
		fails('file', { type: 'resetBefore' }, 2 * DOWNLOAD_ATTEMPTS);
		for (const executionId of ['1', '2']) {
			expect((await edit({ items: [{}], parameters, executionId })).error).toBeDefined();
			await virtualTime.sleepMs(10 * 60_000);
		}
		expect(submits()).toBe(1);
		await edit({ items: [{}], parameters, executionId: '3' });
		expect(submits()).toBe(2);
	});

	it('is not kept for longer than a day, however many runs fail with it', async () => {
		// A gateway made its ID up.
		const body = { id: 'gw-1', status: 'created', model: V4 };
		fails('submit', { type: 'status', status: 200, body });
		for (const executionId of ['1', '2']) {
			expect((await edit({ executionId })).error).toBeDefined();
			await virtualTime.sleepMs(hours(13));
		}
		expect(submits()).toBe(1);
		expect((await edit({ executionId: '3' })).error).toBeUndefined();
		expect(submits()).toBe(2);
	});

	it('is nobody’s next edit once Wait for Completion has returned it', async () => {
		await atlas({ predictSeconds: 400 });
		const first = await edit({ executionId: '1' });
		const predictionId = first.error?.context?.predictionId as string;
		const waited = await runSeedream({
			items: [{ json: { predictionId } }],
			parameters: { resource: 'prediction', operation: 'waitForCompletion' },
		});
		expect(waited.json[0]).toMatchObject({ predictionId, status: 'completed' });
		sandbox.setOptions({ predictSeconds: 1 });
		expect(idsIn(await edit({ executionId: '2' }))).not.toContain(predictionId);
		expect(submits()).toBe(2);
	});

	it('is picked up although Get Many has listed it', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		expect((await edit({ executionId: '1' })).error).toBeDefined();
		const listed = await runSeedream({
			items: [{}],
			parameters: { resource: 'prediction', operation: 'getAll' },
		});
		expect(idsIn(listed)).toEqual(chargedIds());
		expect(idsIn(await edit({ executionId: '2' }))).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('is billed anew once Atlas Cloud has deleted it', async () => {
		const parameters = { options: { keepOnAtlasHours: 1 } };
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		expect((await edit({ executionId: '1', parameters })).error).toBeDefined();
		await virtualTime.sleepMs(hours(2));
		expect((await edit({ executionId: '2', parameters })).error).toBeUndefined();
		expect(submits()).toBe(2);
	});

	it('is picked up although another node reused it, and failed with it, meanwhile', async () => {
		await atlas({ keepUploadNames: true, chargeFailedTasks: true });
		fails('file', { type: 'resetBefore' }, 1_000);
		expect((await edit({ executionId: '1', mode: 'trigger' })).error).toBeDefined();
		const nodeExtras = { ...RETRY_3, id: 'another' };
		const parameters = { options: { reuseHours: 24 } };
		const second = await edit({ executionId: '2', mode: 'trigger', nodeExtras, parameters });
		expect(second.error?.context?.predictionId).toBe(chargedIds()[0]);
		expect(submits()).toBe(1);
		sandbox.clearFaults();
		expect(idsIn(await edit({ executionId: '3', mode: 'trigger' }))).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('is not forgotten because a round of the same loop asks for the same', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const first = await edit({ executionId: '1', nodeExtras: CONTINUE });
		await nextRound(first, { executionId: '1', nodeExtras: CONTINUE });
		expect(submits()).toBe(2);
		const again = await edit({ executionId: '2' });
		expect(idsIn(again)).toEqual([chargedIds()[0]]);
		expect(submits()).toBe(2);
	});
});

describe('Reuse Paid Results', () => {
	it('ends within about the item’s Timeout, however many running ones fail', async () => {
		for (let i = 1; i <= 4; i++) {
			sandbox.setOptions({ predictSeconds: 250 - 50 * i });
			sandbox.clearFaults();
			fails('submit', { type: 'failTask', shape: 'status200' });
			await edit({ executionId: `${i}`, parameters: SUBMIT_ONLY });
		}
		sandbox.setOptions({ predictSeconds: 1 });
		const startMs = virtualTime.nowMs();
		const options = { reuseHours: 24, timeoutSeconds: 60 };
		await edit({ executionId: '9', parameters: { options } });
		expect((virtualTime.nowMs() - startMs) / 1_000).toBeLessThan(130);
	});

	it.each([20, 40, 170])('buys although the account has %d older predictions', async (count) => {
		addPredictions(count);
		await virtualTime.sleepMs(hours(3));
		const result = await edit({ executionId: '9', parameters: { options: { reuseHours: 1 } } });
		expect(result.error?.message).toBeUndefined();
		expect(submits()).toBe(1);
	});

	it.each([false, true])(
		'looks again at the history if a running one fails (another item has read all of it: %s)',
		async (withOther) => {
			sandbox.setOptions({ predictSeconds: 40 });
			fails('submit', { type: 'failTask', shape: 'status200' });
			await edit({ executionId: '1', parameters: SUBMIT_ONLY });
			sandbox.setOptions({ predictSeconds: 1 });
			const items = [photo, ...(withOther ? [other] : [])].map((data) => ({ files: { data } }));
			const running = edit({ executionId: '2', items, parameters: { options: { reuseHours: 24 } } });
			await virtualTime.sleepMs(15_000);
			const bought = await edit({ executionId: '3' });
			expect(idsIn(await running)[0]).toBe(idsIn(bought)[0]);
		},
	);
});

describe('a retry after a crash of n8n', () => {
	const retried = { executionId: '42', mode: 'retry' as const };

	it('asks for a prediction before it believes the history that it failed', async () => {
		const alter = (row: object) => ({ ...row, status: 'timeout', result: undefined });
		await atlas({ history: { alter } });
		await edit({ executionId: '41' });
		await edit(retried);
		expect(submits()).toBe(1);
	});

	it('takes a successful one before one of which only the row says that it failed', async () => {
		const alter = (row: Record<string, unknown>) => {
			const { status } = row.result as { status: string };
			return { ...row, status, result: undefined };
		};
		await atlas({ history: { alter }, keepUploadNames: true });
		await edit({ executionId: '41' });
		fails('submit', { type: 'failTask', shape: 'status200' });
		await edit({ executionId: '43', mode: 'trigger' });
		const result = await edit({ executionId: '42', mode: 'retry' });
		expect(result.error?.message).toBeUndefined();
		expect(idsIn(result)).toEqual([chargedIds()[0]]);
	});
});

describe('a lost answer', () => {
	it('does not get the prediction of another item that Atlas does not show for a minute', async () => {
		await atlas({ warmUp: { seconds: 60, status: 404 } });
		fails('submit', { type: 'hang' });
		fails('submit', { type: 'status', status: 429 }, 1, 2);
		const items = [{ files: { data: photo } }, { files: { data: photo } }];
		const parameters = { options: { timeoutSeconds: 600 } };
		const result = await edit({ items, nodeExtras: CONTINUE, parameters });
		expect(chargedIds()).toHaveLength(1);
		expect(idsIn(result).filter((id) => id === chargedIds()[0])).toHaveLength(1);
	});
});

describe('Resubmit If Lost within Max Cost per Run', () => {
	it.each([
		['a person’s Retry', 0.03],
		['Retry On Fail', 0.06],
	])('submits once more in %s what stayed unknown before', async (how, maxCostUsd) => {
		const parameters = { options: { maxCostUsd, resubmitUnknown: true } };
		fails('submit', { type: 'resetBefore' });
		const isByHand = how !== 'Retry On Fail';
		fails('history', { type: 'status', status: 503 }, 1_000);
		const first = edit({ executionId: '1', parameters, nodeExtras: isByHand ? {} : RETRY_3 });
		await virtualTime.sleepMs(isByHand ? 300_000 : 60_000);
		if (isByHand) expect((await first).error?.message).toMatch(/Couldn’t confirm/);
		// Within the second attempt of Retry On Fail.
		else await virtualTime.sleepMs(60_000);
		sandbox.clearFaults();
		const result = isByHand
			? await retryManually(await first, { executionId: '2', parameters })
			: await first;
		expect(result.error?.message).toBeUndefined();
		expect(submits()).toBe(2);
		expect(chargedIds()).toHaveLength(1);
	});
});

describe('a prediction that Atlas shows in the history, but not by its ID, for 45 seconds', () => {
	it('is waited for', async () => {
		await atlas({ warmUp: { seconds: 45, status: 404 } });
		const result = await edit();
		expect(result.error?.message).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
	});

	it.each(['the next run', 'a person’s Retry'])(
		'is not bought again by %s after a cancel meanwhile',
		async (by) => {
			let cancel = () => {};
			const cancelWhen = new Promise<void>((resolve) => (cancel = resolve));
			const onRequestOver = ({ endpoint }: { endpoint: string }) => endpoint === 'history' && cancel();
			await atlas({ warmUp: { seconds: 45, status: 404 }, onRequestOver });
			const canceled = await edit({ executionId: '1', cancelWhen });
			expect(submits()).toBe(1);
			await virtualTime.sleepMs(60_000);
			const parameters = { options: { resubmitUnknown: true } };
			const result =
				by === 'the next run'
					? await edit({ executionId: '2', parameters })
					: await retryManually(canceled, { executionId: '2' }, parameters);
			expect(submits()).toBe(1);
			expect(idsIn(result)).toEqual(chargedIds());
		},
	);
});
