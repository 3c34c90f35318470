import { Cancellation } from '../../nodes/AtlasCloud/api/time/cancellation';
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
