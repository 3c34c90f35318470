import { V5_LITE_SIZES } from '../../nodes/AtlasCloud/api/models/seedream';
import {
	checkSize,
	matchInput,
	parseSize,
	sizeText,
	type SizeRule,
} from '../../nodes/AtlasCloud/api/models/sizes';

const LITE: SizeRule = { kind: 'list', sizes: V5_LITE_SIZES };
const V4: SizeRule = { kind: 'range', minSide: 1024, maxSide: 4096 };
const match = (rule: SizeRule, width: number, height: number) => matchInput({ width, height }, rule, 'm');

it.each([
	['2048*1024', '2048*1024'],
	[' 2048 x 1024 ', '2048*1024'],
	['2048X1024', '2048*1024'],
	['2048×1024', '2048*1024'],
])('reads "%s"', (text, wanted) => expect(sizeText(parseSize(text)!)).toBe(wanted));

it.each(['', '2048', '2048*', '0*1024', '2048*-1', '2048*1024*3', '2k*1k', '2048,1024', '123456*1'])(
	'reads nothing out of "%s"',
	(text) => expect(parseSize(text)).toBeNull(),
);

describe('v5.0 Lite', () => {
	it('has sixteen sizes, each at least 3,686,400 pixels', () => {
		expect(V5_LITE_SIZES).toHaveLength(16);
		expect(new Set(V5_LITE_SIZES.map(sizeText)).size).toBe(16);
		for (const { width, height } of V5_LITE_SIZES) expect(width * height).toBeGreaterThanOrEqual(3_686_400);
	});

	it('gives each of its own sizes back', () => {
		for (const size of V5_LITE_SIZES) expect(match(LITE, size.width, size.height)).toBe(sizeText(size));
	});

	it.each(V5_LITE_SIZES.filter(({ tier }) => tier === '2K').map((size) => [sizeText(size), size] as const))(
		'%s: 3K only where the input is larger',
		(text, { width, height, shape }) => {
			expect(match(LITE, Math.round(width / 3), Math.round(height / 3))).toBe(text);
			expect(match(LITE, width, height)).toBe(text);
			const large = V5_LITE_SIZES.find((size) => size.shape === shape && size.tier === '3K')!;
			expect(match(LITE, width + 8, height + 8)).toBe(sizeText(large));
			expect(match(LITE, width * 3, height * 3)).toBe(sizeText(large));
		},
	);

	it('takes what is nearest in shape, upright as upright', () => {
		expect(match(LITE, 1000, 990)).toBe('2048*2048');
		expect(match(LITE, 1000, 400)).toBe('3136*1344');
		expect(match(LITE, 400, 1000)).toBe('1600*2848');
		expect(match(LITE, 9000, 1)).toBe('3136*1344');
	});
});

describe('v4', () => {
	it.each([
		[1, 1, '1024*1024'],
		[100, 50, '2048*1024'],
		[1024, 4096, '1024*4096'],
		[4096, 4096, '4096*4096'],
		[8192, 8192, '4096*4096'],
		[8000, 4000, '4096*2048'],
		[1023, 1500, '1024*1501'],
		[5000, 2000, '4096*1638'],
		[800, 3000, '1024*3840'],
		[1000, 4000, '1024*4096'],
		[1234, 2345, '1234*2345'],
	])('%d × %d gives %s', (width, height, wanted) => expect(match(V4, width, height)).toBe(wanted));

	it('never leaves the range, and keeps the shape', () => {
		for (let i = 0; i < 2_000; i++) {
			const width = 1 + ((i * 7919) % 9_000);
			const height = 1 + ((i * 104_729) % 9_000);
			if (Math.max(width, height) / Math.min(width, height) > 4) {
				expect(() => match(V4, width, height)).toThrow('too wide or too tall');
				continue;
			}
			const { width: w, height: h } = parseSize(match(V4, width, height))!;
			for (const side of [w, h]) {
				expect(side).toBeGreaterThanOrEqual(1024);
				expect(side).toBeLessThanOrEqual(4096);
			}
			expect(Math.abs(w / h / (width / height) - 1)).toBeLessThan(0.002);
		}
	});
});

it('does not guess where the sizes are not known', () => {
	expect(() => match({ kind: 'free' }, 100, 100)).toThrow('isn’t available for m');
	expect(checkSize({ width: 3, height: 5 }, { kind: 'free' }, 'm')).toBe('3*5');
});

it('names the nearest size that a model offers', () => {
	const refusal = (width: number, height: number) => {
		try {
			checkSize({ width, height }, LITE, 'm');
		} catch (error) {
			return (error as { description: string }).description;
		}
		return '';
	};
	expect(refusal(2048, 2049)).toContain('nearest size is 2048 × 2048');
	expect(refusal(4000, 2200)).toContain('nearest size is 4096 × 2304');
	expect(refusal(1024, 768)).toContain('nearest size is 2304 × 1728');
});
