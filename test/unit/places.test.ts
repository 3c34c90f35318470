import type { EndedPrediction } from '../../nodes/AtlasCloud/api/pace/concurrency';
import { Places, type Place } from '../../nodes/AtlasCloud/api/pace/places';
import { Cancellation } from '../../nodes/AtlasCloud/api/time/clock';
import { VirtualClock } from './virtualClock';

const SUCCESS: EndedPrediction = { createdAt: null, completedAt: null, predictTimeSeconds: null };

let account = 0;

/** Executions on an account of their own. */
class Account {
	readonly clock = new VirtualClock();

	readonly signal = new Cancellation();

	private readonly account = `account ${account++}`;

	start(hardLimit: number | null = null): Places {
		return new Places({ account: this.account, hardLimit, clock: this.clock, signal: this.signal });
	}

	/** Purchases that are accepted as soon as there is a place for them: those that have one. */
	buy(run: Places, count: number, { model = 'm', then = 'wait' as 'wait' | 'leave' } = {}): Place[] {
		const bought: Place[] = [];
		const one = async () => {
			const place = await run.prepare({ model, shape: '', then });
			await place.enter();
			place.answered('accepted');
			bought.push(place);
		};
		for (let index = 0; index < count; index++) one().catch(() => {});
		return bought;
	}

	async settled<T>(value: T): Promise<T> {
		await this.clock.pass(10);
		return value;
	}
}

it('buys at most 20 before the first success of the run', async () => {
	const one = new Account();
	const bought = await one.settled(one.buy(one.start(), 60));
	expect(bought).toHaveLength(20);
	bought[0].leave();
	await one.clock.pass(10);
	expect(bought).toHaveLength(21);
});

it('never has more in flight than Concurrency says, whatever the models', async () => {
	const one = new Account();
	const run = one.start(3);
	const bought = one.buy(run, 2);
	const others = await one.settled(one.buy(run, 2, { model: 'other' }));
	expect(bought.length + others.length).toBe(3);
	expect(run.summary().heldBackBy).toBe('option');
});

describe('an execution whose predictions never end', () => {
	it.each<[string, Parameters<Account['buy']>[2], number]>([
		['the same', {}, 2],
		['a Submit', { then: 'leave' }, 20],
		['another model', { model: 'other' }, 20],
	])('does not keep others from submitting: %s', async (_what, purchase, count) => {
		const one = new Account();
		expect(await one.settled(one.buy(one.start(), 30))).toHaveLength(20);
		expect(await one.settled(one.buy(one.start(), 30, purchase))).toHaveLength(count);
		expect((await one.settled(one.buy(one.start(), 30, purchase))).length).toBeGreaterThanOrEqual(2);
	});

	it('has others wait for their share where the service refuses more', async () => {
		const one = new Account();
		const stuck = await one.settled(one.buy(one.start(), 30));
		const run = one.start();
		const refused = await run.prepare({ model: 'm', shape: '', then: 'wait' });
		expect(await refused.enter()).toBe(true);
		refused.answered({ retryAfterMs: null });
		const again = refused.enter();
		stuck[0].leave(SUCCESS);
		expect(await one.clock.until(again)).toBe(true);
	});
});

it('gives each of two executions that want all about half', async () => {
	const one = new Account();
	const [a, b] = [one.buy(one.start(), 200), one.buy(one.start(), 200)];
	const left = [a, b].map(() => 0);
	for (let round = 0; round < 100; round++) {
		await one.clock.pass(1_000);
		[a, b].forEach((bought, index) =>
			bought.slice(left[index], ++left[index]).forEach((place) => place.leave(SUCCESS)),
		);
	}
	expect(Math.min(a.length, b.length) / (a.length + b.length)).toBeGreaterThanOrEqual(0.35);
});

it('keeps what it learned for ten minutes, and what is in flight for as long as it takes', async () => {
	const one = new Account();
	const bought = await one.settled(one.buy(one.start(), 20));
	await one.clock.pass(700_000);
	expect(await one.settled(one.buy(one.start(), 20))).toHaveLength(2);
	for (const place of bought) place.leave();
	one.signal.abort();
});

it('takes a place for what is in flight already, though there is none', async () => {
	const one = new Account();
	await one.settled(one.buy(one.start(), 20));
	const run = one.start();
	const place = await run.prepare({ model: 'm', shape: '', then: 'wait' });
	place.resume();
	expect(run.summary().peak).toBe(1);
	place.leave();
});

describe('after a refusal', () => {
	async function refuse() {
		const one = new Account();
		const run = one.start();
		const bought = await one.settled(one.buy(run, 3));
		const place = await run.prepare({ model: 'm', shape: '', then: 'wait' });
		await place.enter();
		place.answered({ retryAfterMs: null });
		return { one, bought, place, startMs: one.clock.nowMs() };
	}

	it('gives up at its deadline', async () => {
		const { one, place, startMs } = await refuse();
		expect(await one.clock.until(place.enter({ deadlineMs: startMs + 500 }))).toBe(false);
	});

	it('enters again when another prediction ends, or about a second later', async () => {
		const { one, place, startMs } = await refuse();
		expect(await one.clock.until(place.enter({ deadlineMs: startMs + 60_000 }))).toBe(true);
		expect(one.clock.nowMs() - startMs).toBeLessThanOrEqual(2_100);
	});

	it('waits for the pause that Atlas asks for, or not at all', async () => {
		const { one, place, startMs } = await refuse();
		const other = await one.start().prepare({ model: 'm', shape: '', then: 'wait' });
		await one.clock.until(place.enter());
		place.answered({ retryAfterMs: 120_000 });
		expect(await one.clock.until(other.enter({ maxPauseMs: 60_000 }))).toBe(false);
		expect(await one.clock.until(other.enter({ maxPauseMs: 180_000 }))).toBe(true);
		expect(one.clock.nowMs() - startMs).toBeGreaterThanOrEqual(120_000);
	});

	it('believes in no pause of more than an hour, for runs every five minutes, too', async () => {
		const { one, place } = await refuse();
		await one.clock.until(place.enter());
		place.answered({ retryAfterMs: 1_790_000_000_000 });
		const entersAfter = async (minutes: number) => {
			await one.clock.pass(minutes * 60_000);
			const other = await one.start().prepare({ model: 'm', shape: '', then: 'wait' });
			return await one.clock.until(other.enter({ maxPauseMs: 240_000 })).finally(() => other.leave());
		};
		expect(await entersAfter(5)).toBe(false);
		for (let minutes = 5; minutes < 55; minutes += 5) await entersAfter(5);
		expect(await entersAfter(5)).toBe(true);
	});
});

it('is left by a cancel', async () => {
	const one = new Account();
	const run = one.start();
	await one.settled(one.buy(run, 22));
	const place = await run.prepare({ model: 'm', shape: '', then: 'wait' });
	const entering = place.enter();
	one.signal.abort();
	await expect(one.clock.until(entering)).rejects.toThrow('canceled');
});
