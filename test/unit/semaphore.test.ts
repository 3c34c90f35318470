import { Cancellation } from '../../nodes/AtlasCloud/api/flow/cancellation';
import { Semaphore } from '../../nodes/AtlasCloud/api/flow/semaphore';

const tick = async () => await new Promise((resolve) => setImmediate(resolve));

it('lets so many in at once, first come first served', async () => {
	const slots = new Semaphore(2);
	const inside: number[] = [];
	const leave: Array<() => void> = [];
	const works = [0, 1, 2, 3, 4].map(async (i) => {
		leave[i] = await slots.take(undefined);
		inside.push(i);
	});
	await tick();
	expect(inside).toEqual([0, 1]);
	leave[1]!();
	leave[1]!();
	await tick();
	expect(inside).toEqual([0, 1, 2]);
	leave[0]!();
	leave[2]!();
	await Promise.all(works);
	expect(inside).toEqual([0, 1, 2, 3, 4]);
});

it('gives the place back when the work throws', async () => {
	const slots = new Semaphore(1);
	await expect(slots.use(undefined, async () => await Promise.reject(new Error('no')))).rejects.toThrow('no');
	await expect(slots.use(undefined, async () => await Promise.resolve('yes'))).resolves.toBe('yes');
});

it('lets those who wait go on a cancel, and keeps count', async () => {
	const slots = new Semaphore(1);
	const signal = new Cancellation();
	const leave = await slots.take(undefined);
	const waiting = [slots.take(signal), slots.take(signal)];
	const patient = slots.take(undefined);
	signal.abort();
	for (const one of waiting) await expect(one).rejects.toThrow('canceled');
	await expect(slots.take(signal)).rejects.toThrow('canceled');
	leave();
	(await patient)();
	(await slots.take(undefined))();
});
