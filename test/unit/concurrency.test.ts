import { Concurrency, type Mark } from '../../nodes/AtlasCloud/api/pace/concurrency';
import { isThorough, randomService, seededRandom, type ServiceSettings } from './simulatedService';
import { simulateLanes, type ClientSettings, type SimulationResult } from './simulatedLane';

/** With a seed each. CI runs a thousand, and each row with more seeds. */
const RANDOM_SERVICES = Number(process.env.RANDOM_SERVICES ?? 50);
const BLOCK = 50;
const SEEDS = isThorough ? [1, 2, 3, 4, 5] : [1, 2];

beforeEach(() => void jest.spyOn(Math, 'random').mockImplementation(seededRandom(1)));
afterEach(() => jest.restoreAllMocks());

function quantile(values: number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.floor(share * (sorted.length - 1))];
}

const median = (values: number[]) => quantile(values, 0.5);

async function runs(service: ServiceSettings, ...clients: ClientSettings[]): Promise<SimulationResult[]> {
	const results: SimulationResult[] = [];
	for (const seed of SEEDS) results.push(await simulateLanes({ ...service, seed }, clients));
	return results;
}

/** What the service tells of queue and work. */
const TOLD: Array<[string, Partial<ServiceSettings>]> = [
	['nothing', {}],
	['the work time', { tellsWork: true }],
];

// As in the bench: a quarter more or less. And without jitter, where all predictions of a round end together.
const JITTERS = [0.25, 0];

interface Goal {
	maxRatio: number;
	/** At the service, at most. */
	maxWaiting?: number;
	/** The same in the second half. */
	maxSteady?: number;
	minShare?: number;
	maxRefused?: number;
}

const edits = (atOnce: number): ServiceSettings => ({ atOnce, workMs: 4_000 });
const SLOWER = [{ atMs: 15_000, workMs: 8_000 }];

/** What the simulated runs, with real purchases and polls, do not show. */
const ROWS: Array<[string, ServiceSettings, ClientSettings[], Goal]> = [
	// With 20 at first and 100 at once, four rounds are the fewest for 300 edits that all take the same time: 20, and
	// 280 by three rounds of 100. The ideal is three. With the times of noticing and submitting that is 1.40.
	['300 × 4 s, 100 at once', edits(100), [{ items: 300 }], { maxRatio: 1.6, maxWaiting: 150 }],
	['300 × 4 s, 5 at once', edits(5), [{ items: 300 }], { maxRatio: 1.08, maxWaiting: 100, maxSteady: 20 }],
	[
		'one that comes later',
		edits(40),
		[{ items: 400 }, { items: 300, startMs: 12_000 }],
		{ maxRatio: 1.15, minShare: 0.35 },
	],
	[
		'100 × 3 s, the 21st refused',
		{ atOnce: 20, workMs: 3_000, refusesMore: true },
		[{ items: 100 }],
		{ maxRatio: 1.2, maxRefused: 0.13 },
	],
	// Slower work is not taken for a queue: that would have few of a hundred run.
	[
		'work that takes twice as long',
		{ ...edits(100), changes: SLOWER },
		[{ items: 1_000 }],
		{ maxRatio: 1.4 },
	],
];

describe.each(TOLD)('against a service that tells %s', (_told, told) => {
	describe.each(JITTERS)('with work times that differ by %d', (jitter) => {
		it.each(ROWS)('%s', async (_what, service, clients, goal) => {
			const results = await runs({ ...service, ...told, jitter }, ...clients);
			const { maxRatio, maxWaiting = Infinity, maxSteady = Infinity, minShare = 0, maxRefused = 1 } = goal;
			expect(median(results.map(({ ratio }) => ratio))).toBeLessThanOrEqual(maxRatio);
			expect(Math.max(...results.map((result) => result.maxWaiting))).toBeLessThanOrEqual(maxWaiting);
			expect(median(results.map(({ steadyWaiting }) => steadyWaiting))).toBeLessThanOrEqual(maxSteady);
			expect(Math.min(...results.flatMap(({ shares }) => shares))).toBeGreaterThanOrEqual(minShare);
			expect(median(results.map(({ refusedShare }) => refusedShare))).toBeLessThanOrEqual(maxRefused);
		});
	});
});

it('does not take work that the record leaves out for a queue', async () => {
	const service = { atOnce: 200, workMs: 8_000, jitter: 0.25, tellsWork: true, untoldShare: 0.4 };
	const results = await runs(service, { items: 2_000 });
	expect(median(results.map(({ ratio }) => ratio))).toBeLessThanOrEqual(1.25);
});

it.each([5, 20, 100])('reports about how many ran at once: %d', async (atOnce) => {
	const service = { atOnce, workMs: 4_000, jitter: 0.25, tellsWork: true };
	const { peaks, heldBackBy } = await simulateLanes({ ...service, seed: 1 }, [{ items: 10 * atOnce + 100 }]);
	expect(heldBackBy).toEqual(['service']);
	expect(peaks[0]).toBeGreaterThanOrEqual(0.8 * atOnce);
	expect(peaks[0]).toBeLessThanOrEqual(1.4 * atOnce + 4);
});

describe(`at ${RANDOM_SERVICES} random services`, () => {
	const ratios: number[] = [];
	const blocks = Array.from({ length: Math.ceil(RANDOM_SERVICES / BLOCK) }, (_, index) => index * BLOCK + 1);

	// In blocks, for a machine that is slow or busy: a test has two minutes.
	it.each(blocks)('finishes all items, seed %d and up', async (first) => {
		for (let seed = first; seed < first + BLOCK && seed <= RANDOM_SERVICES; seed++) {
			const { service, items } = randomService(seed);
			const { ratio, finished } = await simulateLanes(service, [{ items }]);
			expect(finished).toBe(items);
			ratios.push(ratio);
		}
	});

	it('takes little longer than ideal', () => {
		expect(ratios).toHaveLength(RANDOM_SERVICES);
		expect(median(ratios)).toBeLessThanOrEqual(1.05);
		expect(quantile(ratios, 0.99)).toBeLessThanOrEqual(1.55);
	});
});

describe('the limit', () => {
	/** Submits and finishes one after another. */
	class Run {
		readonly control = new Concurrency();

		nowMs = 0;

		private readonly marks: Mark[] = [];

		submit(count: number, key = 'edit'): void {
			for (let index = 0; index < count; index++)
				this.marks.push(this.control.began(key, this.nowMs, this.nowMs + 100));
		}

		finish(count: number, afterMs: number, succeeded = true): void {
			this.nowMs += afterMs;
			for (const mark of this.marks.splice(0, count))
				this.control.ended(mark, { nowMs: this.nowMs, succeeded, workMs: null, totalMs: null });
		}
	}

	it('starts at 20, and does not grow while everything fails', () => {
		const run = new Run();
		for (let round = 0; round < 5; round++) {
			expect(run.control.maxInFlight).toBe(20);
			expect(run.control.limitedBy).toBe('start');
			run.submit(20);
			run.finish(20, 4_000, false);
		}
	});

	it('keeps to the number above which a submit was refused, and tries one more a second later', () => {
		const run = new Run();
		run.submit(5);
		run.control.refused(200);
		run.control.refused(210);
		expect(run.control.maxInFlight).toBe(5);
		expect(run.control.limitedBy).toBe('refusals');
		run.control.passed(1_300);
		expect(run.control.maxInFlight).toBe(6);
	});

	it('learns nothing from the times of predictions of an earlier execution', () => {
		const control = new Concurrency();
		const marks = Array.from({ length: 20 }, () => control.began('edit', null, 0));
		for (const mark of marks)
			control.ended(mark, { nowMs: 10, succeeded: true, workMs: null, totalMs: null });
		expect(control.maxInFlight).toBe(20);
	});

	it('does not take a slower request shape for a queue', () => {
		const run = new Run();
		for (let round = 0; round < 6; round++) {
			run.submit(20, 'small');
			run.finish(20, 2_000);
			run.submit(20, 'large');
			run.finish(20, 20_000);
		}
		expect(run.control.limitedBy).toBe('start');
		expect(run.control.maxInFlight).toBeGreaterThan(20);
	});
});
