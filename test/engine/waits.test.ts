import type { Endpoint, FaultAction } from '../../sandbox';
import { behindGateway } from './gateway';
import { atlas, edit, fails, ledger, sandbox, useSandbox } from './money/account';
import { picture } from './seedream';
import { virtualTime } from './virtualTime';

useSandbox();

const UNLISTED = { model: 'vendor/unlisted/edit', size: '1024*1024' };

const HANG: FaultAction = { type: 'hang' };
const PAUSES: FaultAction = { type: 'status', status: 503, headers: { 'retry-after': '299' } };
const TRICKLE: FaultAction = { type: 'trickle', bytesPerSecond: 2 };
const REUSED = { options: { timeoutSeconds: 10, reuseHours: 1 } };
const QUOTED = { options: { timeoutSeconds: 10, maxCostUsd: 1 } };

/** Buys an edit whose input is known again by its content only. */
async function buyWithoutNames(): Promise<void> {
	await atlas({ preparedPictures: false });
	await edit();
}

it.each<[string, Endpoint, FaultAction, Record<string, unknown>]>([
	['a catalog that hangs', 'models', HANG, UNLISTED],
	['a catalog that asks for pauses', 'models', PAUSES, UNLISTED],
	['a catalog that trickles', 'models', TRICKLE, UNLISTED],
	['an upload that hangs', 'upload', HANG, {}],
	['an upload that asks for pauses', 'upload', PAUSES, {}],
	['an upload that is throttled', 'upload', { ...PAUSES, status: 429 } as FaultAction, {}],
	['a quote that hangs', 'quote', HANG, QUOTED],
	['a quote that trickles', 'quote', TRICKLE, QUOTED],
	['a history that hangs', 'history', HANG, REUSED],
	['a history that asks for pauses', 'history', PAUSES, REUSED],
	['a history that trickles', 'history', TRICKLE, REUSED],
	['an earlier input that hangs', 'file', HANG, REUSED],
	['an earlier input that trickles', 'file', TRICKLE, REUSED],
])(
	'every wait before the submit ends within the item’s Timeout: %s',
	async (_what, endpoint, action, parameters) => {
		if (endpoint === 'file') await buyWithoutNames();
		const before = ledger.charges.length;
		fails(endpoint, action, Infinity);
		const startMs = virtualTime.nowMs();
		const { error } = await edit({ parameters: { options: { timeoutSeconds: 10 }, ...parameters } });
		expect(error?.message).toMatch(
			/took longer than 10 seconds|Too many requests|Couldn’t search for results to reuse/,
		);
		expect(error?.description).toContain('Nothing was submitted');
		expect(virtualTime.nowMs() - startMs).toBeLessThan(12_000);
		expect(ledger.charges).toHaveLength(before);
	},
);

it('all waits before the submit end within the item’s Timeout together', async () => {
	for (const endpoint of ['models', 'quote', 'history', 'upload'] as const)
		fails(endpoint, { type: 'delay', seconds: 4 }, Infinity);
	const startMs = virtualTime.nowMs();
	const options = { timeoutSeconds: 10, maxCostUsd: 1, reuseHours: 1 };
	const { error } = await edit({
		parameters: { model: 'bytedance/seedream-v4.5/edit', size: '2048*2048', options },
	});
	expect(error?.message).toMatch(/took longer than 10 seconds: (uploading|reading|looking) /);
	expect(virtualTime.nowMs() - startMs).toBeLessThan(12_000);
	expect(ledger.charges).toEqual([]);
});

it.each([0, 1])(
	'an upload that hangs takes no other item along, with a concurrency of %i',
	async (concurrency) => {
		fails('upload', HANG, 1);
		const startMs = virtualTime.nowMs();
		const colors = ['#102030', '#405060', '#708090'];
		const items = await Promise.all(
			colors.map(async (left) => ({ files: { data: await picture({ left }) } })),
		);
		const { json } = await edit({
			items,
			nodeExtras: { onError: 'continueRegularOutput' },
			parameters: { options: { timeoutSeconds: 10, concurrency } },
		});
		expect(json.map(({ status }) => status).sort()).toEqual(['completed', 'completed', 'failed']);
		expect(virtualTime.nowMs() - startMs).toBeLessThan(16_000);
		expect(ledger.charges).toHaveLength(2);
	},
);

it('an ID that an error reports is asked for no longer than a lost submit is searched for', async () => {
	fails('prediction', PAUSES, Infinity);
	const startMs = virtualTime.nowMs();
	await behindGateway(sandbox, async (baseUrl) => {
		const { error } = await edit({
			credentialData: { baseUrl },
			parameters: { options: { timeoutSeconds: 10 } },
		});
		expect(error?.context?.predictionId).toBe(ledger.charges[0]?.predictionId);
	});
	expect(virtualTime.nowMs() - startMs).toBeLessThan(200_000);
});
