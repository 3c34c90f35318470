import { recentlyUsed } from '../../nodes/AtlasCloud/api/memo';

it('keeps what was used last, and creates the rest anew', () => {
	const create = jest.fn(() => ({}));
	const of = recentlyUsed(create, 2);
	const [a, b] = [of('a'), of('b')];
	expect(of('a')).toBe(a);
	of('c');
	expect(of('a')).toBe(a);
	expect(of('b')).not.toBe(b);
	expect(create).toHaveBeenCalledTimes(4);
});
