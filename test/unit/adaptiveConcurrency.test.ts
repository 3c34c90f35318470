import { AdaptiveConcurrency } from '../../nodes/AtlasCloud/api/flow/adaptiveConcurrency';
import {
	randomService,
	simulate,
	type ClientSettings,
	type ServiceSettings,
	type SimulationResult,
} from './simulatedService';

const SEEDS = [1, 2, 3, 4, 5];

function quantile(values: number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.floor(share * (sorted.length - 1))];
}

function median(values: number[]): number {
	return quantile(values, 0.5);
}

function runs(service: ServiceSettings, ...clients: ClientSettings[]): SimulationResult[] {
	return SEEDS.map((seed) => simulate({ ...service, seed }, clients));
}

function ratioOf(results: SimulationResult[]): number {
	return median(results.map(({ ratio }) => ratio));
}

/** What the service tells of queue and work. */
const TOLD = [
	['nothing', {}],
	['the work time', { tellsWork: true }],
	['created and processing', { tellsStatus: true }],
	['both', { tellsWork: true, tellsStatus: true }],
] as const;

// As in the bench: a quarter more or less. And without jitter, where all predictions of a round end together.
const JITTERS = [0.25, 0];

describe.each(TOLD)('against a service that tells %s', (_, told) => {
	describe.each(JITTERS)('with work times that differ by %d', (jitter) => {
		const edits = (atOnce: number): ServiceSettings => ({ atOnce, workMs: 4_000, jitter, ...told });

		// With 20 at first and 100 at once, four rounds are the fewest for 300 edits that all take the same time: 20, and
		// 280 by three rounds of 100. The ideal is three. With the times of noticing and submitting that is 1.40.
		const isStaggered = jitter > 0 && 'tellsStatus' in told;

		it('takes 300 edits at 100 at once', () => {
			const results = runs(edits(100), { items: 300 });
			expect(ratioOf(results)).toBeLessThanOrEqual(isStaggered ? 1.3 : 1.6);
			expect(Math.max(...results.map(({ maxWaiting }) => maxWaiting))).toBeLessThan(150);
		});

		it('takes 300 edits at 20 at once', () => {
			const results = runs(edits(20), { items: 300 });
			expect(ratioOf(results)).toBeLessThanOrEqual(1.08);
			expect(Math.max(...results.map(({ maxWaiting }) => maxWaiting))).toBeLessThan(100);
			expect(median(results.map(({ steadyWaiting }) => steadyWaiting))).toBeLessThanOrEqual(25);
		});

		it('takes 300 edits at 5 at once', () => {
			const results = runs(edits(5), { items: 300 });
			expect(ratioOf(results)).toBeLessThanOrEqual(1.08);
			expect(Math.max(...results.map(({ maxWaiting }) => maxWaiting))).toBeLessThan(100);
			expect(Math.max(...results.map(({ steadyWaiting }) => steadyWaiting))).toBeLessThanOrEqual(20);
			expect(results.map(({ clients }) => clients[0].limitedBy)).toEqual(SEEDS.map(() => 'service'));
		});

		it('takes 1,000 edits of 8 s at 200 at once', () => {
			expect(ratioOf(runs({ ...edits(200), workMs: 8_000 }, { items: 1_000 }))).toBeLessThanOrEqual(1.5);
		});

		it('follows a number that falls from 50 to 10 and rises again', () => {
			const changes = [
				{ atMs: 20_000, atOnce: 10 },
				{ atMs: 50_000, atOnce: 50 },
			];
			expect(ratioOf(runs({ ...edits(50), changes }, { items: 600 }))).toBeLessThanOrEqual(1.2);
		});

		it('shares 40 at once between two processes', () => {
			const results = runs(edits(40), { items: 300 }, { items: 300 });
			expect(ratioOf(results)).toBeLessThanOrEqual(1.15);
			const shares = results.flatMap(({ clients }) => clients.map(({ share }) => share));
			expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.35);
		});

		it('starves nobody who comes later', () => {
			const results = runs(edits(40), { items: 400 }, { items: 300, startMs: 12_000 });
			const shares = results.map(({ clients }) => clients[1].share);
			expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.25);
			expect(ratioOf(results)).toBeLessThanOrEqual(1.15);
		});

		it('keeps refusals few where the 21st is refused', () => {
			const results = runs({ ...edits(20), refusesMore: true }, { items: 300 });
			const refused = results.map(({ clients: [{ refused: count, submits }] }) => count / submits);
			expect(median(refused)).toBeLessThanOrEqual(0.1);
			expect(results.map(({ clients }) => clients[0].finished)).toEqual(SEEDS.map(() => 300));
			expect(ratioOf(results)).toBeLessThanOrEqual(1.2);
		});
	});
});

it('does not take work that the record leaves out for a queue', () => {
	const service = { atOnce: 200, workMs: 8_000, jitter: 0.25, tellsWork: true, untoldShare: 0.4 };
	expect(ratioOf(runs(service, { items: 2_000 }))).toBeLessThanOrEqual(1.25);
});

it.each([5, 20, 100])('reports about how many ran at once: %d', (atOnce) => {
	const [{ clients }] = runs(
		{ atOnce, workMs: 4_000, jitter: 0.25, tellsWork: true },
		{ items: 10 * atOnce + 100 },
	);
	expect(clients[0].peak).toBeGreaterThanOrEqual(0.8 * atOnce);
	expect(clients[0].peak).toBeLessThanOrEqual(1.4 * atOnce);
});

it('takes at most 1.15 times the ideal time at the median of a thousand random services', () => {
	const results = Array.from({ length: 1_000 }, (_, index) => {
		const { service, client } = randomService(index + 1);
		const result = simulate(service, [client]);
		expect(result.clients[0].finished).toBe(client.items);
		return { service, ...result };
	});
	const ratios = results.map(({ ratio }) => ratio);
	// Whoever fell behind a fall of the number has to wait until the service has caught up.
	const steady = results
		.filter(({ service: { changes } }) => !changes)
		.map(({ steadyWaiting, service: { atOnce } }) => steadyWaiting - 0.5 * atOnce);
	const row = (values: number[], digits: number) =>
		[0.1, 0.5, 0.9, 0.99, 1].map((share) => quantile(values, share).toFixed(digits)).join(' / ');
	process.stdout.write(
		[
			'1,000 random services: 10% / 50% / 90% / 99% / 100%',
			`  time / ideal                            ${row(ratios, 2)}`,
			`  waiting in the second half              ${row(
				results.map(({ steadyWaiting }) => steadyWaiting),
				0,
			)}`,
			`  the same beyond half the number at once ${row(steady, 0)}`,
			'',
		].join('\n'),
	);
	expect(median(ratios)).toBeLessThanOrEqual(1.15);
	expect(quantile(ratios, 0.99)).toBeLessThanOrEqual(1.6);
	expect(quantile(steady, 0.99)).toBeLessThanOrEqual(50);
}, 120_000);

describe('the window', () => {
	/** Submits and finishes one after another. */
	class Run {
		nowMs = 0;

		private next = 0;

		private readonly ids: string[] = [];

		constructor(readonly control: AdaptiveConcurrency) {}

		submit(count: number, key = 'edit'): void {
			for (let index = 0; index < count; index++) {
				const id = `p${this.next++}`;
				this.ids.push(id);
				this.control.submitted(id, { key, sentAtMs: this.nowMs, nowMs: this.nowMs + 100 });
			}
		}

		finish(count: number, afterMs: number, outcome: { succeeded?: boolean; workMs?: number } = {}): void {
			this.nowMs += afterMs;
			for (let index = 0; index < count; index++) {
				this.control.finished(this.ids.shift() ?? '', {
					nowMs: this.nowMs,
					succeeded: outcome.succeeded ?? true,
					workMs: outcome.workMs ?? null,
					totalMs: null,
				});
			}
		}
	}

	it('starts at 20', () => {
		const control = new AdaptiveConcurrency();
		expect(control.maxInFlight).toBe(20);
		expect(control.limitedBy).toBe('start');
	});

	it('never exceeds the option', () => {
		const run = new Run(new AdaptiveConcurrency({ hardLimit: 30 }));
		run.submit(20);
		run.finish(20, 4_000);
		expect(run.control.maxInFlight).toBe(30);
		expect(run.control.limitedBy).toBe('option');
		expect(new AdaptiveConcurrency({ hardLimit: 3 }).maxInFlight).toBe(3);
	});

	it('takes a hard limit of 0 for none', () => {
		expect(new AdaptiveConcurrency({ hardLimit: 0 }).maxInFlight).toBe(20);
	});

	it('does not grow while everything fails', () => {
		const run = new Run(new AdaptiveConcurrency());
		for (let round = 0; round < 5; round++) {
			run.submit(20);
			run.finish(20, 4_000, { succeeded: false });
		}
		expect(run.control.maxInFlight).toBe(20);
	});

	it('buys at most 20 before the first success', () => {
		for (const told of [{}, { tellsStatus: true }, { tellsWork: true, tellsStatus: true }]) {
			const { clients } = simulate({ atOnce: 200, workMs: 4_000, ...told }, [{ items: 300 }]);
			expect(clients[0].boughtBlindly).toBe(20);
		}
	});

	it('grows with polls that tell that all of them run, once one has succeeded', () => {
		const run = new Run(new AdaptiveConcurrency());
		run.submit(20);
		expect(run.control.probe?.id).toBe('p19');
		run.control.observed('p19', 'running', 600);
		expect(run.control.maxInFlight).toBe(20);
		run.finish(3, 4_000);
		expect(run.control.maxInFlight).toBeGreaterThan(20);
	});

	it('does not grow beyond a probe that waits', () => {
		const run = new Run(new AdaptiveConcurrency());
		run.submit(20);
		run.control.observed('p0', 'running', 500);
		run.control.observed('p19', 'queued', 2_000);
		run.finish(1, 4_000);
		expect(run.control.maxInFlight).toBeLessThanOrEqual(20);
	});

	it('submits few beyond a number that is known to be accepted', () => {
		const run = new Run(new AdaptiveConcurrency());
		run.submit(20);
		run.finish(20, 4_000);
		expect(run.control.maxInFlight).toBe(30);
		run.submit(30);
		expect(run.control.maxInFlight).toBe(45);
	});

	it('keeps to the number above which a submit was refused, and tries one more a second later', () => {
		const run = new Run(new AdaptiveConcurrency());
		run.submit(5);
		run.control.rejected(200);
		run.control.rejected(210);
		expect(run.control.maxInFlight).toBe(5);
		expect(run.control.limitedBy).toBe('refusals');
		run.control.observed('p0', 'running', 1_300);
		expect(run.control.maxInFlight).toBe(6);
	});

	it('takes a refusal below what ran before for one of the rate', () => {
		const run = new Run(new AdaptiveConcurrency());
		run.submit(20);
		run.finish(10, 4_000);
		run.control.rejected(run.nowMs + 100);
		expect(run.control.maxInFlight).toBeGreaterThanOrEqual(20);
	});

	it('ignores ends of predictions that it does not know', () => {
		const control = new AdaptiveConcurrency();
		control.finished('unknown', { nowMs: 1, succeeded: true, workMs: null, totalMs: null });
		expect(control.maxInFlight).toBe(20);
	});

	it('learns nothing from the times of predictions of an earlier execution', () => {
		const control = new AdaptiveConcurrency();
		for (let index = 0; index < 20; index++)
			control.submitted(`old${index}`, { key: 'edit', sentAtMs: null, nowMs: 0 });
		for (let index = 0; index < 20; index++)
			control.finished(`old${index}`, { nowMs: 10, succeeded: true, workMs: null, totalMs: null });
		expect(control.maxInFlight).toBe(20);
	});

	it('does not take a slower request shape for a queue', () => {
		const run = new Run(new AdaptiveConcurrency());
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
