import { simulateRun, type RunResult, type RunSettings } from './simulatedRun';
import { randomService } from './simulatedService';

/* The rows of `npm run bench`, on the virtual clock: the goals of the benchmark, without the machine's noise. */

/** With a seed each. In CI there are more of them, and every row runs with several seeds. */
const RANDOM_SERVICES = Number(process.env.RANDOM_SERVICES ?? 16);
const SEEDS = process.env.RANDOM_SERVICES === undefined ? [1] : [1, 2, 3];
/** Of large ones, fewer; of small ones, more: a single one is late by chance. */
const LARGE = 200;
const LARGE_SEEDS = [1];
const SMALL = 100;
const SMALL_SEEDS = [1, 2, 3];

/** As the sandbox does: records with times, and a tenth of the work called `created`. */
const SANDBOX = { jitter: 0.25, tellsWork: true, createdShare: 0.1 };

async function runs(settings: RunSettings): Promise<RunResult[]> {
	const results: RunResult[] = [];
	const { items } = settings;
	const seeds = items > LARGE ? LARGE_SEEDS : items <= SMALL ? SMALL_SEEDS : SEEDS;
	for (const seed of seeds) results.push(await simulateRun({ ...SANDBOX, ...settings, seed }));
	return results;
}

function mean(results: RunResult[], valueOf: (result: RunResult) => number): number {
	return results.reduce((sum, result) => sum + valueOf(result), 0) / results.length;
}

const edits = (atOnce: number): RunSettings => ({ items: 300, workMs: 4_000, atOnce });

/** Not taken for a queue: that would have few of a hundred run. */
const SLOWER = [{ atMs: 15_000, workMs: 8_000 }];

const UNTOLD: RunSettings = { ...edits(100), items: 1_000, tellsWork: false, createdShare: undefined };

const CHANGES = [
	{ atMs: 20_000, atOnce: 10 },
	{ atMs: 50_000, atOnce: 50 },
];

describe.each<[string, RunSettings, number]>([
	['300 × 4 s, 100 at once', edits(100), 1.3],
	['300 × 4 s, 100 at once, by statuses only', { ...edits(100), tellsWork: false }, 1.3],
	['300 × 4 s, 100 at once, without statuses', { ...edits(100), createdShare: undefined }, 1.6],
	['300 × 4 s, 20 at once', edits(20), 1.08],
	['300 × 4 s, 5 at once', edits(5), 1.08],
	['1,000 × 8 s, 200 at once', { items: 1_000, workMs: 8_000, atOnce: 200 }, 1.5],
	['600 × 4 s, 50, then 10, then 50 at once', { ...edits(50), items: 600, changes: CHANGES }, 1.2],
	['1,000 × 4 s, then 8 s, 100 at once, without statuses', { ...UNTOLD, changes: SLOWER }, 1.4],
	[
		'1,000 × 8 s, 200 at once, part of it not told',
		{ ...edits(200), items: 1_000, workMs: 8_000, untoldShare: 0.2 },
		1.5,
	],
	['2 processes, 300 × 4 s each, 40 at once', { ...edits(40), processes: 2 }, 1.15],
	['300 × 4 s, the 21st refused', { ...edits(20), refusesMore: true }, 1.2],
	['100 × 3 s, 20 at once', { items: 100, workMs: 3_000, atOnce: 20 }, 1.08],
	['100 × 3 s, the 21st refused', { items: 100, workMs: 3_000, atOnce: 20, refusesMore: true }, 1.15],
	['20 × 4 s, 5 at once', { ...edits(5), items: 20 }, 1.15],
	['40 × 4 s, 5 at once', { ...edits(5), items: 40 }, 1.08],
	['60 × 4 s, 5 at once', { ...edits(5), items: 60 }, 1.08],
])('%s', (_what, settings, maxRatio) => {
	let results: RunResult[];
	beforeAll(async () => (results = await runs(settings)));

	it('bills each once, and returns its own image', () => {
		const items = settings.items * (settings.processes ?? 1);
		for (const { charges, wrong } of results) expect([charges, wrong]).toEqual([items, 0]);
	});

	it('takes little longer than a scheduler that knows the service', () => {
		expect(mean(results, ({ ratio }) => ratio)).toBeLessThanOrEqual(maxRatio);
	});

	it('costs few polls', () => {
		expect(mean(results, ({ pollsPerPrediction }) => pollsPerPrediction)).toBeLessThanOrEqual(
			settings.items < 100 ? 8 : 5.5,
		);
		// As they arrive: some travel longer than others.
		const processes = settings.processes ?? 1;
		expect(Math.max(...results.map(({ maxPollsPerSecond }) => maxPollsPerSecond))).toBeLessThanOrEqual(
			60 * processes,
		);
	});

	if (settings.refusesMore) {
		it('has few submits refused', () => {
			expect(mean(results, ({ refusedShare }) => refusedShare)).toBeLessThanOrEqual(
				settings.items > 100 ? 0.1 : 0.13,
			);
		});
	}

	if (settings.processes) {
		it('shares the service', () => {
			const shares = results.map((result) => Math.min(...result.shares));
			expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.35);
		});
	}

	it('says what held it back', () => {
		const causes = new Set(results.flatMap(({ heldBackBy }) => heldBackBy));
		// The service answers 429 for both, so now and then one of them looks like the other.
		if (settings.refusesMore) causes.delete('rate');
		expect([...causes]).toEqual([settings.refusesMore ? 'refusals' : 'service']);
		const peaks = results.flatMap((result) => result.peaks);
		// Of more, few items tell too little.
		if (settings.refusesMore || settings.processes || settings.atOnce > 20) return;
		expect(Math.min(...peaks)).toBeGreaterThanOrEqual(0.8 * settings.atOnce);
		expect(Math.max(...peaks)).toBeLessThanOrEqual(1.4 * settings.atOnce + 4);
	});
});

describe.each([
	{ seconds: 2, items: 100, maxLagMs: 250 },
	// The goal is 250, which those after the first 20 meet: nothing is known while those run.
	{ seconds: 8, items: 100, maxLagMs: 350 },
	{ seconds: 60, items: 60, maxLagMs: 3_000 },
])('$items predictions of $seconds s with Concurrency 20', ({ seconds, items, maxLagMs }) => {
	it('are noticed soon', async () => {
		const results = await runs({ items, workMs: 1_000 * seconds, atOnce: Infinity, concurrency: 20 });
		expect(mean(results, ({ meanLagMs }) => meanLagMs)).toBeLessThanOrEqual(maxLagMs);
	});
});

it.each([
	['nothing', { tellsWork: false, createdShare: undefined }],
	['the work time', { createdShare: undefined }],
	['created and processing', { tellsWork: false, createdShare: 0 }],
])('gets through a fall of the number when the service tells %s', async (_what, told) => {
	const results = await runs({ ...edits(50), items: 600, changes: CHANGES, ...told });
	for (const { ratio } of results) expect(ratio).toBeLessThanOrEqual(1.5);
});

it('takes little longer than ideal at random services', async () => {
	const ratios: number[] = [];
	for (let seed = 1; seed <= RANDOM_SERVICES; seed++) {
		const { service, items } = randomService(seed);
		const { ratio, charges } = await simulateRun({ ...service, items });
		expect(charges).toBe(items);
		ratios.push(ratio);
	}
	ratios.sort((a, b) => a - b);
	const quantile = (share: number) => ratios[Math.floor(share * (ratios.length - 1))];
	const meanRatio = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
	process.stderr.write(
		`${ratios.length} random services, time over ideal: mean ${meanRatio.toFixed(3)}, ` +
			`${[0.5, 0.9, 0.99, 1].map((share) => `${100 * share}%: ${quantile(share).toFixed(2)}`).join(', ')}\n`,
	);
	expect(meanRatio).toBeLessThanOrEqual(1.08);
	expect(quantile(0.5)).toBeLessThanOrEqual(1.05);
	expect(quantile(0.9)).toBeLessThanOrEqual(1.2);
	expect(quantile(0.99)).toBeLessThanOrEqual(1.55);
	// Among a thousand, one may be worse.
	if (RANDOM_SERVICES <= 100) expect(quantile(1)).toBeLessThanOrEqual(1.6);
});
