import { readInputSchema } from '../../nodes/AtlasCloud/api/models/inputSchema';
import { offeredSizes } from '../../nodes/AtlasCloud/api/models/seedream';
import { readSizeRules } from '../../nodes/AtlasCloud/api/models/sizeFields';
import {
	exactSize,
	namedSize,
	matchInput,
	sizeLabel,
	UNKNOWN_SIZES,
	type SizeRules,
} from '../../nodes/AtlasCloud/api/models/sizeRules';
import { parseSize, sentSize, shapeName, sizeText, tierName } from '../../nodes/AtlasCloud/api/models/sizes';
import { sizeOptions } from '../../nodes/AtlasCloud/SeedreamEdit/size';
import type { InputSchema } from '../../sandbox/models/model';
import { SEEDREAM_MODELS } from '../../sandbox/models/seedream';
import { schemaAt, schemaPath } from '../../sandbox/schemas';
import { checkFields } from '../../sandbox/schemaRules';
import { seedreamRequest } from '../../sandbox/seedreamRules';

const PHOTOS = {
	'3:2': { width: 3000, height: 2000 },
	'9:16': { width: 1080, height: 1920 },
	'1:1': { width: 900, height: 900 },
	'21:9': { width: 2520, height: 1080 },
};

const rulesOf = (id: string) => readSizeRules(readInputSchema(schemaAt(schemaPath(id))!));

it('are offered in the shape of the input only where size and shape are chosen apart', () => {
	const ofInput = (rules: SizeRules) =>
		sizeOptions(rules).flatMap(({ name, value }) => (name.includes('Input Image ·') ? [value] : []));
	expect(ofInput(rulesOf('bytedance/seedream-v5.5/edit'))).toEqual(['1K', '1.5K', '2K']);
	expect(ofInput(modelOf({ size: oneOf('2048x2048 (1:1)', '2496x1664 (3:2)') }).rules)).toEqual([]);
});

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

it.each([
	[2848 / 1600, 'Widescreen 16:9'],
	[3136 / 1344, 'Cinema 21:9'],
	[0.8, 'Portrait 4:5'],
	[1.85, 'Landscape 1.85:1'],
	[1 / 4, 'Portrait 1:4'],
])('names the shape %d', (ratio, name) => expect(shapeName(ratio)).toBe(name));

it.each([
	[1024 * 1024, '1K'],
	[1536 * 1536, '1.5K'],
	[2848 * 1600, '2K'],
	[4704 * 2016, '3K'],
])('names %d pixels', (pixels, name) => expect(tierName(pixels)).toBe(name));

const ids = SEEDREAM_MODELS.filter(({ images }) => images).map(({ id }) => id);

/** Sizes for photos of 3:2, 9:16, 1:1 and 21:9; null where nothing is sent. */
const EXPECTED: Record<string, Array<string | null>> = {
	v4: ['3000*2000', '1080*1920', '1024*1024', '2520*1080'],
	'v4.5': ['3000*2000', '1440*2560', '1920*1920', '2934*1258'],
	'v4.7': ['2K', '2K', '1K', '2K'],
	'v5.0-lite': ['3744*2496', '1600*2848', '2048*2048', '3136*1344'],
	'v5.0-pro': ['2K', '1.5K', '1K', '2K'],
	'v5.5': ['2K 3:2', '1.5K 9:16', '1K 1:1', '2K 21:9'],
	'v5.5-developer': ['3:2', '9:16', '1:1', '21:9'],
	v6: ['landscape_4_3', 'portrait_16_9', 'square_hd', 'landscape_16_9'],
	'v6-pro': ['2k auto', '2k auto', '1k auto', '2k auto'],
	'v6-fast': [null, null, null, null],
};

it.each(ids)('Match Input Image, by the schema of: %s: accepted, and the nearest shape', (id) => {
	const model = SEEDREAM_MODELS.find((one) => one.id === id)!;
	const family = /seedream-([^/]+)/.exec(id)![1];
	const sizes = Object.values(PHOTOS).map((photo) => {
		const { fields } = matchInput(photo, rulesOf(id));
		const images = model.images?.isOne ? { image: 'a' } : { images: ['a'] };
		seedreamRequest({ prompt: 'x', ...images, ...fields }, model);
		return sentSize(fields);
	});
	expect(sizes).toEqual(EXPECTED[family]);
});

/** A model with these properties in its schema. */
function modelOf(properties: Record<string, unknown>, shared: object = {}) {
	const rules = readSizeRules(
		readInputSchema({ components: { schemas: { Input: { properties }, ...shared } } }),
	);
	const schema = { properties, required: [], shared } as unknown as InputSchema;
	return { rules, check: (fields: Record<string, unknown>) => checkFields(fields, schema) };
}

const text = (more: object = {}) => ({ type: 'string', ...more });
const oneOf = (...values: string[]) => text({ enum: values });
const SIDE = { type: 'integer', minimum: 512, maximum: 2048, multipleOf: 16 };
const OBJECT = { type: 'object', properties: { width: SIDE, height: SIDE } };

it.each<[string, Record<string, unknown>, object, object?]>([
	['2k', { size: oneOf('1k', '2k', '4k') }, { size: '2k' }],
	['2K, and auto', { size: oneOf('auto', '2K', '3K') }, { size: '2K' }],
	['only tiers above 2K', { size: oneOf('4K', '8K') }, { size: '4K' }],
	['only auto', { size: oneOf('auto') }, {}],
	['words', { size: oneOf('small', 'large') }, {}],
	['numbers', { size: { type: 'integer', enum: [1024, 2048] } }, { size: 2048 }],
	['WxH', { size: oneOf('1024x1024', '1536x1024', '1024x1536') }, { size: '1536x1024' }],
	['WxH as text', { size: text({ default: '2048x2048' }) }, { size: '3000x2000' }],
	['WxH with its ratio', { size: oneOf('2048x2048 (1:1)', '2496x1664 (3:2)') }, { size: '2496x1664 (3:2)' }],
	['W*H and tiers', { size: oneOf('2K', '2048*2048', '2496*1664') }, { size: '2496*1664' }],
	['text, with a tier by default', { size: text({ default: '2K' }) }, { size: '2K' }],
	[
		'text, and says what may be in it',
		{ size: text({ default: '2K', description: '1K, 2K or width*height' }) },
		{ size: '3000*2000' },
	],
	['text, with examples', { size: text({ examples: ['2K', '2048x2048'] }) }, { size: '3000x2000' }],
	['pixels in all', { size: text({ minimum: 921_600, maximum: 2_000_000 }) }, { size: '1732*1154' }],
	['enums in anyOf', { size: { anyOf: [oneOf('1K', '2K'), { type: 'null' }] } }, { size: '2K' }],
	['enums in two of anyOf', { size: { anyOf: [oneOf('1K'), oneOf('1536*1024')] } }, { size: '1536*1024' }],
	[
		'a list or any text',
		{ size: { anyOf: [oneOf('1K', '2K'), text({ pattern: '^\\d+\\*\\d+$' })] } },
		{ size: '2K' },
	],
	[
		'resolution and ratio',
		{ resolution: oneOf('1K', '2K'), ratio: oneOf('1:1', '3:2') },
		{ resolution: '2K', ratio: '3:2' },
	],
	['imageSize', { imageSize: oneOf('square', 'landscape', 'portrait') }, { imageSize: 'landscape' }],
	['an upright shape', { aspect_ratio: oneOf('9:16', '2:3', '1:1') }, { aspect_ratio: '1:1' }],
	[
		'match_input_image',
		{ aspect_ratio: oneOf('1:1', 'match_input_image') },
		{ aspect_ratio: 'match_input_image' },
	],
	['adaptive', { ratio: oneOf('16:9', 'adaptive') }, { ratio: 'adaptive' }],
	['a ratio as text', { aspect_ratio: text({ default: '1:1' }) }, { aspect_ratio: '4:3' }],
	['a ratio as text, auto by default', { aspect_ratio: text({ default: 'auto' }) }, { aspect_ratio: 'auto' }],
	[
		'a size beside a ratio',
		{ size: text({ default: '2048*2048' }), aspect_ratio: text({ enum: ['1:1', '3:2'], default: '1:1' }) },
		{ size: '3000*2000', aspect_ratio: '3:2' },
	],
	[
		'a size beside a ratio without default',
		{ size: oneOf('1536*1024'), aspect_ratio: oneOf('1:1') },
		{ size: '1536*1024' },
	],
	['width and height', { width: SIDE, height: SIDE }, { width: 2048, height: 1360 }],
	['an object', { size: OBJECT }, { size: { width: 2048, height: 1360 } }],
	[
		'an object by reference',
		{
			image_size: {
				anyOf: [{ $ref: '#/components/schemas/Size' }, oneOf('square', 'landscape_4_3')],
			},
		},
		{ image_size: 'landscape_4_3' },
		{ Size: OBJECT },
	],
	[
		'presets with tiers',
		{ image_size: oneOf('landscape_16_9_2K', 'landscape_16_9_4K') },
		{ image_size: 'landscape_16_9_2K' },
	],
	[
		'const in oneOf',
		{
			size: {
				oneOf: [
					{ const: '1K', title: 'Small' },
					{ const: '2K', title: 'Large' },
				],
			},
		},
		{ size: '2K' },
	],
	['shapes as sizes', { size: oneOf('1:1', '3:2', '16:9') }, { size: '3:2' }],
	['a hidden size', { size: text({ default: '2048*2048', hidden: true }) }, {}],
	['nothing', { prompt: text() }, {}],
])('Match Input Image, where a vendor spells it: %s', (...[, properties, expected, shared]) => {
	const { rules, check } = modelOf(properties, shared);
	const { fields } = matchInput(PHOTOS['3:2'], rules);
	expect(fields).toEqual(expected);
	check(fields);
});

describe('the family’s safe range', () => {
	it.each([
		[100, 100, '1920*1920'],
		[3000, 2000, '3000*2000'],
		[6000, 4000, '4096*2730'],
		[1001, 1001, '1920*1920'],
		[9000, 1000, '4096*1366'],
		[10, 9000, '1110*3326'],
	])('%d × %d gives %s', (width, height, wanted) =>
		expect(matchInput({ width, height }, UNKNOWN_SIZES).fields).toEqual({ size: wanted }),
	);

	it('is never left', () => {
		for (let i = 0; i < 2_000; i++) {
			const input = { width: 1 + ((i * 7919) % 9_000), height: 1 + ((i * 104_729) % 9_000) };
			const { width, height } = parseSize(sentSize(matchInput(input, UNKNOWN_SIZES).fields)!)!;
			expect([width % 2, height % 2]).toEqual([0, 0]);
			expect(Math.max(width, height)).toBeLessThanOrEqual(4096);
			expect(width * height).toBeGreaterThanOrEqual(3_686_400);
			expect(width * height).toBeLessThanOrEqual(16_777_216);
			const ratio = Math.min(3, Math.max(1 / 3, input.width / input.height));
			expect(Math.abs(width / height / ratio - 1)).toBeLessThan(0.005);
		}
	});
});

describe('a size by name', () => {
	const sentFor = (id: string, name: string) =>
		matchInput(PHOTOS['3:2'], namedSize(name, rulesOf(`bytedance/seedream-${id}/edit`), 'm')).fields;

	it.each([
		['v5.5', '1K', { size: '1K', aspect_ratio: '3:2' }],
		['v5.5', '16:9', { size: '2K', aspect_ratio: '16:9' }],
		['v5.5', '16:09:00', { size: '2K', aspect_ratio: '16:9' }],
		['v5.5', '1.5k 9:21', { size: '1.5K', aspect_ratio: '9:21' }],
		['v6', 'square', { image_size: 'square' }],
		['v6', 'auto_4K', { image_size: 'auto_4K' }],
		['v6-pro', '4k', { resolution: '4k', ratio: 'auto' }],
		['v5.0-lite', '4096x2304', { size: '4096*2304' }],
		['v4', '1500 × 1025', { size: '1500*1025' }],
	])('%s takes %s', (id, name, fields) => expect(sentFor(id, name)).toEqual(fields));

	it.each([
		['v4.7', '3K', 'm doesn’t offer the size "3K"', 'Choose one of: 1K, 2K, 4K.'],
		['v4.7', '2048*2048', 'm doesn’t support 2048 × 2048', 'Choose one of: 1K, 2K, 4K.'],
		['v4', '2K', 'm doesn’t offer the size "2K"', 'width*height'],
		['v4', '4097*1024', 'm doesn’t support 4097 × 1024', 'between 1024 and 4096 pixels.'],
		['v5.0-lite', '2048*2049', 'm doesn’t support 2048 × 2049', 'The nearest size is 2048 × 2048.'],
		['v5.0-lite', '4000*2200', 'm doesn’t support 4000 × 2200', 'The nearest size is 4096 × 2304.'],
		['v6', '512*1024', 'm doesn’t support 512 × 1024', 'between 1024 and 4096 pixels.'],
		['v6-fast', '2K', 'm doesn’t offer the size "2K"', "Set 'Size' to Match Input Image."],
	])('%s does not take %s', (id, name, message, howTo) => {
		const description = expect.stringContaining(howTo) as string;
		expect(() => sentFor(id, name)).toThrow(expect.objectContaining({ message, description }) as Error);
	});

	it('both sides go to a model that takes an object', () => {
		const { fields } = exactSize({ width: 1500, height: 1100 }, rulesOf('bytedance/seedream-v6/edit'), 'm');
		expect(fields).toEqual({ image_size: { width: 1500, height: 1100 } });
		expect(sentSize(fields)).toBe('1500*1100');
	});

	it('is taken unchecked where the schema cannot be read, if it can be a size', () => {
		expect(namedSize('3*5', UNKNOWN_SIZES, 'm').choices[0]?.fields).toEqual({ size: '3*5' });
		expect(namedSize('2K', UNKNOWN_SIZES, 'm').choices[0]?.fields).toEqual({ size: '2K' });
		expect(() => namedSize('16:9', UNKNOWN_SIZES, 'm')).toThrow('Couldn’t read the sizes');
	});
});

it('a larger tier is named where the input is larger', () => {
	const { rules } = modelOf({ size: oneOf('1K', '2K', '4K') });
	expect(matchInput({ width: 1000, height: 1000 }, rules).larger).toBeNull();
	expect(matchInput(PHOTOS['3:2'], rules)).toMatchObject({ fields: { size: '2K' }, larger: { size: '4K' } });
});

it.each([
	['v5.0-lite', 16, 'Widescreen 16:9 · 2848 × 1600 · 2K'],
	['v4', 17, 'Square 1:1 · 4096 × 4096 · 4K'],
	['v4.5', 16, 'Cinema 21:9 · 3136 × 1344 · 2K'],
	['v4.7', 3, '4K'],
	['v5.0-pro', 4, 'auto'],
	['v5.5', 45, 'Story 9:16 · 1.5K'],
	['v5.5-developer', 8, 'Landscape 4:3'],
	['v6-pro', 27, 'Shape of the Input Image · 2k'],
	['v6', 25, 'Widescreen 16:9 · landscape_16_9'],
	['v6-fast', 0, undefined],
])('the Size list says: %s: %d sizes, such as %s', (id, count, label) => {
	const labels = offeredSizes(rulesOf(`bytedance/seedream-${id}/edit`)).map(sizeLabel);
	if (label !== undefined) expect(labels).toContain(label);
	expect(labels).toHaveLength(count);
	expect(new Set(labels).size).toBe(count);
});
