import { placeAt, valueAt } from '../../nodes/AtlasCloud/api/purchases/inputPaths';

it('puts inputs where they belong, and leaves the body that it was given as it was', () => {
	const body = { model: 'm', refers: [{ type: 'image' }] };
	const placed = placeAt<Record<string, unknown>>(body, [
		[['image'], 'a'],
		[['images', 0], 'b'],
		[['images', 1], 'c'],
		[['refers', 0, 'url'], 'd'],
	]);
	expect(placed).toEqual({
		model: 'm',
		image: 'a',
		images: ['b', 'c'],
		refers: [{ type: 'image', url: 'd' }],
	});
	expect(body).toEqual({ model: 'm', refers: [{ type: 'image' }] });
});

it('reads what is at a path, and nothing that an object merely inherits', () => {
	const body = { images: ['a'], refers: [{ url: 'b' }], text: 'abc' };
	expect(valueAt(body, ['images', 0])).toBe('a');
	expect(valueAt(body, ['refers', 0, 'url'])).toBe('b');
	expect(valueAt(body, ['images', 1])).toBeUndefined();
	expect(valueAt(body, ['text', 0])).toBeUndefined();
	expect(valueAt(body, ['constructor'])).toBeUndefined();
});
