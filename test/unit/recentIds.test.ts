import { RecentIds } from '../../nodes/AtlasCloud/api/webhooks/delivery';

it('forgets the oldest ID beyond ten thousand', () => {
	const ids = new RecentIds();
	for (let i = 0; i <= 10_000; i++) ids.add(`id-${i}`);
	expect(ids.has('id-0')).toBe(false);
	expect(ids.has('id-1')).toBe(true);
	expect(ids.has('id-10000')).toBe(true);
});

it('lists the newest, the oldest of them first', () => {
	const ids = new RecentIds();
	for (const id of ['a', 'b', 'c']) ids.add(id);
	expect(ids.newest(2)).toEqual(['b', 'c']);
});

it('forgets an ID on demand', () => {
	const ids = new RecentIds();
	ids.add('a');
	expect(ids.delete('a')).toBe(true);
	expect(ids.delete('a')).toBe(false);
	expect(ids.has('a')).toBe(false);
});
