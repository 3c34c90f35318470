import { Cancellation } from '../../nodes/AtlasCloud/api/time/cancellation';
import { Semaphore } from '../../nodes/AtlasCloud/api/time/semaphore';
import type { Flight } from '../../nodes/AtlasCloud/api/purchases/flight';
import { Flights, type FlightsOptions } from '../../nodes/AtlasCloud/api/purchases/flights';
import { inFlightWindowOf } from '../../nodes/AtlasCloud/api/purchases/inFlightWindow';
import type { Prediction } from '../../nodes/AtlasCloud/api/predictions/prediction';
import { VirtualClock } from './virtualClock';

const SUCCESS = {} as Prediction;

let account = 0;

/** Runs on an account of their own. */
class Runs {
	readonly clock = new VirtualClock();

	readonly signal = new Cancellation();

	private readonly account = `account ${account++}`;

	private count = 0;

	get window() {
		return inFlightWindowOf(this.account, 'm', this.clock.nowMs());
	}

	start(options: Partial<FlightsOptions> = {}): Flights {
		return new Flights({
			account: this.account,
			hardLimit: null,
			clock: this.clock,
			signal: this.signal,
			...options,
		});
	}

	/** Purchases of a run that are accepted as soon as there is a place for them. */
	async buy(run: Flights, count: number): Promise<Flight[]> {
		const bought: Flight[] = [];
		for (let index = 0; index < count; index++) {
			void (async () => {
				const flight = await run.prepare(false);
				await flight.enter('m');
				flight.accepted(`p${this.count++}`, 'shape', this.clock.nowMs());
				bought.push(flight);
			})().catch(() => {});
		}
		await this.clock.pass(10);
		return bought;
	}
}

it('buys at most 20 before the first success of the run', async () => {
	const runs = new Runs();
	const bought = await runs.buy(runs.start(), 60);
	expect(bought).toHaveLength(20);
	bought[0].leave();
	await runs.clock.pass(10);
	expect(bought).toHaveLength(21);
});

it('shares the window between the runs of an account and model, and forgets it when nobody has used it for long', async () => {
	const runs = new Runs();
	const first = await runs.buy(runs.start(), 15);
	expect(await runs.buy(runs.start(), 15)).toHaveLength(5);
	const { window } = runs;
	await runs.clock.pass(700_000);
	expect(runs.window).toBe(window);
	for (const flight of first) flight.leave(SUCCESS);
	await runs.clock.pass(10);
	expect(window.places.inUse).toBe(15);
	runs.signal.abort();
});

it('takes a place for what is in flight already, though the window is full', async () => {
	const runs = new Runs();
	await runs.buy(runs.start(), 20);
	const flight = await runs.start().prepare(false);
	await flight.resume('m');
	expect(runs.window.places.inUse).toBe(21);
	flight.leave();
	expect(runs.window.places.inUse).toBe(20);
});

it('waits for its place again after a refusal, ahead of others, and gives up at its deadline', async () => {
	const runs = new Runs();
	const run = runs.start();
	const bought = await runs.buy(run, 3);
	const refused = await run.prepare(false);
	await refused.enter('m');
	expect(refused.refused()).toBe(true);
	const isBack = refused.enterAgain(runs.clock.nowMs() + 500);
	expect(await runs.clock.until(isBack)).toBe(false);
	const again = refused.enterAgain(runs.clock.nowMs() + 60_000);
	bought[0].leave(SUCCESS);
	expect(await runs.clock.until(again)).toBe(true);
});

it('tries a refused number again after a second, though nothing else happens', async () => {
	const runs = new Runs();
	const run = runs.start();
	await runs.buy(run, 3);
	const refused = await run.prepare(false);
	await refused.enter('m');
	refused.refused();
	const startMs = runs.clock.nowMs();
	expect(await runs.clock.until(refused.enterAgain(startMs + 60_000))).toBe(true);
	expect(runs.clock.nowMs() - startMs).toBeLessThanOrEqual(2_000);
});

it('gives up its place when the run is cancelled', async () => {
	const runs = new Runs();
	const run = runs.start();
	await runs.buy(run, 40);
	runs.signal.abort();
	await runs.clock.pass(10);
	expect(runs.window.places.inUse).toBe(20);
});

it('does not follow statuses of a service that has one word for waiting and running', () => {
	const { window } = new Runs();
	expect(window.observed('a', 'created', 0)).toBe(false);
	expect(window.observed('a', 'created', 1)).toBe(false);
	window.observed('a', 'processing', 2);
	expect(window.observed('b', 'queued', 3)).toBe(true);
});

describe('a semaphore whose number changes', () => {
	it('lets more in when it is told, and those who are next first', async () => {
		let permits = 1;
		const semaphore = new Semaphore(() => permits);
		const inside: string[] = [];
		const enter = async (name: string, isNext = false) => {
			await semaphore.acquire(undefined, isNext);
			inside.push(name);
		};
		void enter('a');
		void enter('b');
		void enter('c', true);
		permits = 2;
		semaphore.recheck();
		await new Promise((resolve) => setImmediate(resolve));
		expect(inside).toEqual(['a', 'c']);
		expect(semaphore.inUse).toBe(2);
	});
});
