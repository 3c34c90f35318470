import { ByteBudget } from '../../nodes/AtlasCloud/api/time/byteBudget';
import { Cancellation } from '../../nodes/AtlasCloud/api/time/cancellation';

/** Lets promises that can settle do so. */
const settle = async () => await new Promise(setImmediate);

/** Asks for bytes; tells whether they were given. */
function ask(budget: ByteBudget, bytes: number, signal?: Cancellation) {
	const asked = { isGiven: false, release: () => {} };
	const work = budget.acquire(bytes, signal).then((release) => {
		asked.isGiven = true;
		asked.release = release;
	});
	return Object.assign(asked, { work });
}

describe('a byte budget', () => {
	it('gives no more than it has', () => {
		const budget = new ByteBudget(100);
		const release = budget.tryAcquire(60);
		expect(budget.tryAcquire(41)).toBeNull();
		release?.();
		release?.();
		expect(budget.tryAcquire(100)).not.toBeNull();
		expect(budget.tryAcquire(1)).toBeNull();
	});

	it('serves in order, so that a large file gets its turn', async () => {
		const budget = new ByteBudget(100);
		const first = ask(budget, 50);
		const large = ask(budget, 80);
		const small = ask(budget, 10);
		await settle();
		expect([first.isGiven, large.isGiven, small.isGiven]).toEqual([true, false, false]);
		expect(budget.tryAcquire(10)).toBeNull();
		first.release();
		await settle();
		expect([large.isGiven, small.isGiven]).toEqual([true, true]);
	});

	it('lets more than the whole budget in alone', async () => {
		const budget = new ByteBudget(100);
		const huge = ask(budget, 1_000);
		const next = ask(budget, 1);
		await settle();
		expect([huge.isGiven, next.isGiven]).toEqual([true, false]);
		huge.release();
		await settle();
		expect(next.isGiven).toBe(true);
	});

	it('serves the next one if one that waits is cancelled', async () => {
		const budget = new ByteBudget(100);
		const signal = new Cancellation();
		ask(budget, 50);
		const large = ask(budget, 80, signal);
		const small = ask(budget, 10);
		signal.abort();
		await expect(large.work).rejects.toThrow('canceled');
		await settle();
		expect(small.isGiven).toBe(true);
	});
});
