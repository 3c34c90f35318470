import { RecentIds } from '../../nodes/AtlasCloud/api/webhooks/recentIds';

it('forgets the oldest ID beyond ten thousand', () => {
	const ids = new RecentIds();
	for (let i = 0; i <= 10_000; i++) ids.add(`id-${i}`);
	expect(ids.has('id-0')).toBe(false);
	expect(ids.has('id-1')).toBe(true);
	expect(ids.has('id-10000')).toBe(true);
});

it('forgets an ID on demand', () => {
	const ids = new RecentIds();
	ids.add('a');
	ids.delete('a');
	expect(ids.has('a')).toBe(false);
});
