import { dollars, estimateUsd, listPriceOf, priceText } from '../../nodes/AtlasCloud/api/models/prices';

describe('a list price', () => {
	it('is what is paid now, with its unit', () => {
		const entry = { type: 'Image', price: { actual: { base_price: '0.032', unit: 'image' }, origin: {} } };
		expect(listPriceOf(entry)).toEqual({ usd: 0.032, unit: 'image' });
	});

	it('without a unit is per second for a video, else per generation', () => {
		const price = { actual: { base_price: '0.018' } };
		expect(listPriceOf({ type: 'Video', price })).toEqual({ usd: 0.018, unit: 'second' });
		expect(listPriceOf({ type: 'Audio', price })).toEqual({ usd: 0.018, unit: 'generation' });
	});

	it.each([
		[0.1 + 0.2, 0.3],
		['0.30000000000000004', 0.3],
		['9e-05', 0.00009],
		[' 1.5E+1 ', 15],
	])('may be %j', (base_price, expected) => {
		expect(listPriceOf({ price: { actual: { base_price } } })?.usd).toBeCloseTo(expected, 12);
	});

	it('is null where the catalog names none that can be true', () => {
		expect(listPriceOf({ type: 'Video' })).toBeNull();
		for (const price of [-1, '-1', NaN, '1e999', '', ' ', '0x10', '1.2.3', 'Infinity', null, true, [], {}])
			expect(listPriceOf({ price: { actual: { base_price: price } } })).toBeNull();
	});

	it.each(['1m_tokens', 'megapixel', 'constructor'])('is null for the unknown unit %s', (unit) => {
		for (const type of ['Video', 'Audio'])
			expect(listPriceOf({ type, price: { actual: { base_price: 1, unit } } })).toBeNull();
	});

	it('reads as people write it', () => {
		expect(priceText({ usd: 0.032, unit: 'image' })).toBe('$0.032 per image');
		expect(priceText({ usd: 0.2, unit: '1k_chars' })).toBe('$0.20 per 1,000 characters');
		expect([0, 1.5, 0.00002, 12].map(dollars)).toEqual(['$0.00', '$1.50', '$0.00002', '$12.00']);
		expect([5.0004, 0.1 + 0.2, -0.5].map(dollars)).toEqual(['$5.0004', '$0.30', '-$0.50']);
	});
});

it.each([
	['generation', { duration: 5 }, 2],
	['image', { max_images: 3 }, 6],
	['generation', { max_images: 3 }, 6],
	['image', {}, 2],
	['image', { max_images: 1, num_images: '3', n: -5 }, 6],
	['second', { duration: '5' }, 10],
	['second', { duration: -1 }, null],
	['minute', { duration: 30 }, 1],
	['1k_chars', { text: 'x'.repeat(500) }, 1],
	['1k_chars', {}, null],
] as const)('an estimate by %s of %j', (unit, body, expected) => {
	expect(estimateUsd({ usd: 2, unit }, body)).toBe(expected);
});
