import { Cancellation } from '../../nodes/AtlasCloud/api/time/clock';
import { Semaphore } from '../../nodes/AtlasCloud/api/time/semaphore';

const tick = async () => await new Promise((resolve) => setImmediate(resolve));

it('limits how many are in at once, first come first served', async () => {
	const semaphore = new Semaphore(2);
	const inside: number[] = [];
	const release: Array<() => void> = [];
	const works = [0, 1, 2, 3, 4].map(async (i) => {
		release[i] = await semaphore.acquire(undefined);
		inside.push(i);
	});
	await tick();
	expect(inside).toEqual([0, 1]);
	release[1]!();
	release[1]!();
	await tick();
	expect(inside).toEqual([0, 1, 2]);
	release[0]!();
	release[2]!();
	await Promise.all(works);
	expect(inside).toEqual([0, 1, 2, 3, 4]);
});

it('releases the permit when the work throws', async () => {
	const semaphore = new Semaphore(1);
	await expect(semaphore.use(undefined, async () => await Promise.reject(new Error('no')))).rejects.toThrow(
		'no',
	);
	await expect(semaphore.use(undefined, async () => await Promise.resolve('yes'))).resolves.toBe('yes');
});

it('rejects those who wait on a cancel, and keeps count', async () => {
	const semaphore = new Semaphore(1);
	const signal = new Cancellation();
	const release = await semaphore.acquire(undefined);
	const waiting = [semaphore.acquire(signal), semaphore.acquire(signal)];
	const next = semaphore.acquire(undefined);
	signal.abort();
	for (const one of waiting) await expect(one).rejects.toThrow('canceled');
	await expect(semaphore.acquire(signal)).rejects.toThrow('canceled');
	release();
	(await next)();
	(await semaphore.acquire(undefined))();
});

it('forgets nobody else on a cancel that makes room', async () => {
	const budget = new Semaphore(100);
	const signal = new Cancellation();
	const release = await budget.acquire(undefined, 50);
	const canceled = [80, 10].map(async (bytes) => await budget.use(signal, async () => {}, bytes));
	const other = budget.acquire(undefined, 45);
	signal.abort();
	await Promise.allSettled(canceled);
	release();
	(await other)();
});

/** Asks for bytes; tells whether they were given. */
function ask(budget: Semaphore, bytes: number, signal?: Cancellation) {
	const asked = { isGiven: false, release: () => {} };
	const work = budget.acquire(signal, bytes).then((release) => {
		asked.isGiven = true;
		asked.release = release;
	});
	return Object.assign(asked, { work });
}

it('serves a large file in its turn, before a small one that came later', async () => {
	const budget = new Semaphore(100);
	const first = ask(budget, 50);
	const large = ask(budget, 80);
	const small = ask(budget, 10);
	await tick();
	expect([first.isGiven, large.isGiven, small.isGiven]).toEqual([true, false, false]);
	expect(budget.tryAcquire(10)).toBeNull();
	first.release();
	await tick();
	expect([large.isGiven, small.isGiven]).toEqual([true, true]);
});

it('lets more than there is in alone', async () => {
	const budget = new Semaphore(100);
	const huge = ask(budget, 1_000);
	const next = ask(budget, 1);
	await tick();
	expect([huge.isGiven, next.isGiven]).toEqual([true, false]);
	huge.release();
	await tick();
	expect(next.isGiven).toBe(true);
});

it('serves the next one if one that waits is canceled', async () => {
	const budget = new Semaphore(100);
	const signal = new Cancellation();
	ask(budget, 50);
	const large = ask(budget, 80, signal);
	const small = ask(budget, 10);
	signal.abort();
	await expect(large.work).rejects.toThrow('canceled');
	await tick();
	expect(small.isGiven).toBe(true);
});
