import { retryManually } from '../retries';
import { picture, type SeedreamOptions } from '../seedream';
import { virtualTime } from '../virtualTime';
import {
	chargedIds,
	DOWNLOAD_ATTEMPTS,
	edit,
	fails,
	idsIn,
	MODERATED,
	sameUrl,
	submits,
	useSandbox,
} from './account';

// What failed tasks cost is not known for sure: here they are billed, so that every submit counts.
useSandbox({ chargeFailedTasks: true });

/** Items with photos of their own. */
const rows = async (count: number) =>
	await Promise.all(
		Array.from({ length: count }, async (_, i) => ({
			files: { data: await picture({ left: `#${String(i + 1).repeat(6)}` }) },
		})),
	);

describe('eight rows, one blocked, and On Error: Stop', () => {
	it('bills only the blocked row when the node is run again', async () => {
		const items = await rows(8);
		fails('submit', MODERATED, 1, 3);
		const failed = await edit({ items, executionId: '1' });
		expect(submits()).toBe(8);
		const { description, messages } = failed.error ?? {};
		expect(description).toMatch(/7 other \w+ of this run are paid for .*\$0\.189/);
		expect(description).toMatch(/On Error to Continue/);
		expect(JSON.stringify(messages)).toContain(chargedIds()[0]);

		const again = await edit({ items, executionId: '2' });
		expect(again.error).toBeUndefined();
		expect(again.json).toHaveLength(8);
		expect(submits()).toBe(9);
		expect(new Set(idsIn(again)).size).toBe(8);
		expect(again.hint).toMatch(/7 /);
	});

	it('keeps nothing of what was returned', async () => {
		const items = await rows(2);
		await edit({ items, executionId: '1' });
		await edit({ items, executionId: '2' });
		expect(submits()).toBe(4);
	});

	it('gives one leftover to one row', async () => {
		const [row] = await rows(1);
		fails('submit', MODERATED, 1, 2);
		const parameters = { options: { concurrency: 1 } };
		await edit({ items: [row, ...(await rows(2)).slice(1)], parameters, executionId: '1' });
		const again = await edit({ items: [row, row], executionId: '2' });
		expect(new Set(idsIn(again)).size).toBe(2);
		expect(submits()).toBe(3);
	});

	it('buys anew for another prompt, and on another account’s key', async () => {
		const items = await rows(2);
		fails('submit', MODERATED, 1, 2);
		await edit({ items, executionId: '1' });
		await edit({ items, executionId: '2', parameters: { prompt: 'something else' } });
		expect(submits()).toBe(4);
	});
});

it.each<[string, number, SeedreamOptions['mode'], boolean]>([
	['by hand, within 15 minutes', 10, 'manual', true],
	['by hand, later', 20, 'manual', false],
	['by itself', 1, 'trigger', false],
	['by Retry, where its own record is refused', 1, 'retry', false],
])(
	'an image made from a URL is picked up by a run that is started %s: %d min, %s, %s',
	async (_how, ...row) => {
		const [minutes, mode, isPickedUp] = row;
		const { parameters } = sameUrl(1);
		const run = async (options: Partial<SeedreamOptions>) =>
			await edit({ items: [{}], parameters, ...options });
		fails('submit', { type: 'status', status: 402 });
		const refused = await run({ executionId: '1', mode: 'trigger' });
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		await run({ executionId: '2', mode: 'trigger' });
		await virtualTime.sleepMs(minutes * 60_000);
		const options = { items: [{}], executionId: '3' };
		const again =
			mode === 'retry' ? await retryManually(refused, options) : await run({ executionId: '3', mode });
		expect(again.error).toBeUndefined();
		expect(chargedIds()).toHaveLength(isPickedUp ? 1 : 2);
	},
);
