import { Leftovers } from '../../nodes/AtlasCloud/api/purchases/leftovers';
import type { PurchaseRecord } from '../../nodes/AtlasCloud/api/purchases/record';
import { VirtualClock } from './virtualClock';

const record = (n: number) =>
	({
		fingerprint: `f${n}`,
		fate: { state: 'bought', id: `p${n}` },
		origin: 'own',
		keptUntilMs: Infinity,
	}) as unknown as PurchaseRecord;

it('a run of thousands that fails leaves all that it paid for, for a day', async () => {
	const clock = new VirtualClock();
	const leftovers = new Leftovers('node', clock, false);
	const numbers = Array.from({ length: 5_000 }, (_, n) => n);
	leftovers.note([], numbers.map(record));
	const taken = numbers.map((n) => leftovers.take(`f${n}`, () => true)?.id);
	expect(taken).toEqual(numbers.map((n) => `p${n}`));

	leftovers.note([], numbers.map(record));
	await clock.pass(25 * 3_600_000);
	expect(leftovers.take('f0', () => true)).toBeUndefined();
	// What is too old counts for nothing.
	leftovers.note(
		[],
		Array.from({ length: 6_000 }, (_, n) => record(10_000 + n)),
	);
	expect(leftovers.take('f10000', () => true)?.id).toBe('p10000');
});
