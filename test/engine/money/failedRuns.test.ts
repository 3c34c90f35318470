import { picture } from '../seedream';
import {
	chargedIds,
	CONTINUE,
	edit,
	fails,
	idsIn,
	ledger,
	MODERATED,
	sameUrl,
	submits,
	useSandbox,
} from './account';

jest.mock('../../../nodes/AtlasCloud/n8n/clock', () => jest.requireActual('../virtualTime'));
jest.mock('../../../nodes/AtlasCloud/n8n/http', () => jest.requireActual('../virtualTime'));

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
		const hint = again.run.data.resultData.runData.Node?.at(-1)?.hints?.[0]?.message;
		expect(hint).toMatch(/7 /);
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

it('picks up an image made from a URL only where a person runs the workflow by hand', async () => {
	const { parameters } = sameUrl(2);
	fails('submit', MODERATED, 1, 2);
	await edit({ items: [{}, {}], parameters, executionId: '1', ...CONTINUE, mode: 'trigger' });
	const before = ledger.charges.length;
	await edit({ items: [{}], parameters, executionId: '2', mode: 'trigger' });
	expect(ledger.charges.length - before).toBe(1);
});
