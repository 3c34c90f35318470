import { WARM_UP_MS } from '../../nodes/AtlasCloud/api/predictions/readPrediction';
import { Waiter } from '../../nodes/AtlasCloud/api/predictions/waiter';
import { clientOf, FakeHttp } from './fakeHttp';
import { VirtualClock } from './virtualClock';
import { simulateRun, type RunResult, type SimulatedHistory } from './simulatedRun';

/* What the history is worth is found out at run time: whatever it is like, results are right, and no later than without it. */

const SEEDS = [1, 2];
const ITEMS = 120;

async function runs(history?: SimulatedHistory): Promise<RunResult[]> {
	const results: RunResult[] = [];
	for (const seed of SEEDS) {
		const service = { atOnce: 40, workMs: 3_000, jitter: 0.25, seed };
		results.push(await simulateRun({ ...service, items: ITEMS, history, travelMs: [20, 60] }));
	}
	return results;
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const ratioOf = (results: RunResult[]) => mean(results.map(({ ratio }) => ratio));

let without: number;
beforeAll(async () => (without = ratioOf(await runs())));

it.each<[string, SimulatedHistory, { maxRequests: number; notice?: string }]>([
	['is fresh', {}, { maxRequests: 0.6 }],
	['is a little behind', { lagMs: 300 }, { maxRequests: 0.65 }],
	['is 2 s behind', { lagMs: 2_000 }, { maxRequests: 5.5, notice: 'it is behind' }],
	['is 10 s behind', { lagMs: 10_000 }, { maxRequests: 5.5, notice: 'it is behind' }],
	['is a minute behind', { lagMs: 60_000 }, { maxRequests: 5.5, notice: 'it is behind' }],
	['shows a task a second late', { hiddenMs: 1_000 }, { maxRequests: 0.8 }],
	[
		'shows a task only when it is over',
		{ hiddenMs: 4_000 },
		{ maxRequests: 5.5, notice: 'it doesn’t show them' },
	],
	['has no results', { withoutResult: true }, { maxRequests: 2 }],
	['ignores filters', { ignoresFilters: true }, { maxRequests: 1 }],
	['has pages of 10', { pageSize: 10 }, { maxRequests: 2 }],
	['has pages of one', { pageSize: 1 }, { maxRequests: 5.5, notice: 'it doesn’t show them' }],
	['is a proxy’s page', { fails: 'page' }, { maxRequests: 5.5, notice: 'it couldn’t be read' }],
	['fails', { fails: 'status' }, { maxRequests: 5.5, notice: 'it couldn’t be read' }],
	['is another account’s', { isForeign: true }, { maxRequests: 5.5, notice: 'it doesn’t show them' }],
	['mixes results up', { isMixedUp: true }, { maxRequests: 5.5 }],
])('a history that %s', async (_what, history, { maxRequests, notice }) => {
	const results = await runs(history);
	for (const { charges, wrong, notices } of results) {
		expect([charges, wrong]).toEqual([ITEMS, 0]);
		expect(notices).toEqual(notice ? [expect.stringContaining(notice)] : []);
	}
	expect(ratioOf(results)).toBeLessThanOrEqual(1.05 * without);
	expect(mean(results.map(({ pollsPerPrediction }) => pollsPerPrediction))).toBeLessThanOrEqual(maxRequests);
});

/** So many predictions that ended long ago, of which only the IDs are known. */
async function waitForAll(
	count: number,
	isFailed: (index: number) => boolean = () => false,
	shownOutputs = 2,
) {
	const clock = new VirtualClock();
	const records = Array.from({ length: count }, (_, index) => ({
		id: `p${index}`,
		model: 'm',
		status: isFailed(index) ? 'failed' : 'completed',
		error: isFailed(index) ? 'out of paint' : null,
		outputs: isFailed(index) ? null : [`https://f.test/p${index}.png`, 'https://f.test/more.png'],
	}));
	const http = new FakeHttp(async ({ url }) => {
		await clock.sleepMs(50);
		const { pathname, searchParams } = new URL(url);
		if (!pathname.endsWith('/history'))
			return { json: { code: 200, data: records.find(({ id }) => pathname.endsWith(`/${id}`)) } };
		const from = (Number(searchParams.get('no')) - 1) * 50;
		const items = records
			.slice(from, from + 50)
			.map((record) => ({ ...record, outputs: record.outputs?.slice(0, shownOutputs) }))
			.map((result) => ({ ID: result.id, status: result.status, result }));
		return { json: { code: 200, data: { items, total: count } } };
	});
	const waiter = new Waiter(clientOf(http, clock));
	const wait = async (id: string) =>
		await waiter.until({
			id,
			model: '',
			shape: '',
			sentAtMs: null,
			visibleByMs: clock.nowMs() + WARM_UP_MS,
			deadlineMs: clock.nowMs() + 600_000,
			signal: undefined,
		});
	const results = await clock.until(Promise.allSettled(records.map(async ({ id }) => await wait(id))));
	return { results, requests: http.requests.length };
}

it('tells of 500 that have ended with 15 requests', async () => {
	const { results, requests } = await waitForAll(500);
	const outputs = results.map((result) => (result.status === 'fulfilled' ? result.value?.outputs[0] : null));
	expect(JSON.stringify(outputs)).toBe(
		JSON.stringify(Array.from({ length: 500 }, (_, index) => ({ url: `https://f.test/p${index}.png` }))),
	);
	expect(requests).toBeLessThanOrEqual(15);
});

it('asks for each where the history leaves out files', async () => {
	const { results } = await waitForAll(40, undefined, 1);
	const counts = results.map((result) => (result.status === 'fulfilled' ? result.value?.outputs.length : 0));
	expect(new Set(counts)).toEqual(new Set([2]));
});

it('asks for each that the history calls failed', async () => {
	const { results, requests } = await waitForAll(40, (index) => index % 2 === 0);
	expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(20);
	expect(requests).toBeGreaterThanOrEqual(21);
});
