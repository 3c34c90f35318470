import type { Price, SeedreamModel, SequenceRule, SizeFields } from './model';
import { aspectRatios, presets, sideRange, sizeList, sizeText, tiers } from './sizes';

/**
 * ByteDance's Seedream models. See docs/atlas-cloud-api.md for ids, prices, image counts and sizes. What is not known of
 * v4.5, v4.7, v5.0 Pro and v5.5, and all of v6, is a stand-in: together they have every shape of size.
 */

/** Eight sizes of 2K, eight of 3K. */
const LITE_SIZES = [
	'2048*2048',
	'2304*1728',
	'1728*2304',
	'2848*1600',
	'1600*2848',
	'2496*1664',
	'1664*2496',
	'3136*1344',
	'3072*3072',
	'3456*2592',
	'2592*3456',
	'4096*2304',
	'2304*4096',
	'3744*2496',
	'2496*3744',
	'4704*2016',
] as const;

const DEFAULT_SIZE = '2048*2048';
const EIGHT_RATIOS = ['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '21:9'];
const FIFTEEN_RATIOS = [...EIGHT_RATIOS, '9:21', '5:4', '4:5', '2:1', '1:2', '3:1', '1:3'];
/** What ByteDance counts as 2K begins above 1.5K. */
const ABOVE_15K = 2_601_123;
/** Of the models that end in `sequential`. */
const MAX_IMAGES: SequenceRule = { field: 'max_images', max: 15, maxTogether: 15 };
/** Of v4.7. No common limit is known. */
const NUM_IMAGES: SequenceRule = { field: 'num_images', max: 14, maxTogether: Infinity };
const SIX_IMAGES: SequenceRule = { ...NUM_IMAGES, max: 6 };

/** What follows a family's id in the ids of its models, and its name in theirs. */
const NAME_ENDINGS = {
	'': '',
	'/text-to-image': '',
	'/edit': ' Edit',
	'/sequential': ' Sequential',
	'/edit-sequential': ' Edit Sequential',
};

interface Family {
	id: string;
	name: string;
	models: ReadonlyArray<keyof typeof NAME_ENDINGS>;
	maxInputs: number;
	size: SizeFields;
	outputFormat?: boolean;
	background?: boolean;
	/** Default true. */
	isStrict?: boolean;
	price: Omit<Price, 'unit'>;
	/** Of its models that do not end in `sequential`. */
	sequence?: SequenceRule;
}

const FOUR_MODELS = ['', '/edit', '/sequential', '/edit-sequential'] as const;
const TWO_MODELS = ['/text-to-image', '/edit'] as const;

const FAMILIES: Family[] = [
	{
		id: 'bytedance/seedream-v4',
		name: 'Seedream v4',
		models: FOUR_MODELS,
		maxInputs: 10,
		size: sideRange(1024, 4096, DEFAULT_SIZE),
		isStrict: false,
		price: { usd: 0.027 },
	},
	{
		id: 'bytedance/seedream-v4.5',
		name: 'Seedream v4.5',
		models: FOUR_MODELS,
		maxInputs: 10,
		size: sizeText(DEFAULT_SIZE, { minPixels: 3_686_400, maxPixels: 16_777_216, maxSide: 4096 }),
		price: { usd: 0.036 },
	},
	{
		id: 'bytedance/seedream-v4.7',
		name: 'Seedream v4.7',
		models: TWO_MODELS,
		maxInputs: 10,
		size: { properties: { size: tiers(['1K', '2K', '4K'], '2K') } },
		price: { usd: 0.03, large: { abovePixels: 2048 * 2048, usd: 0.06 } },
		sequence: NUM_IMAGES,
	},
	{
		id: 'bytedance/seedream-v5.0-lite',
		name: 'Seedream v5.0 Lite',
		models: FOUR_MODELS,
		maxInputs: 14,
		size: { properties: { size: sizeList(LITE_SIZES, DEFAULT_SIZE) } },
		outputFormat: true,
		isStrict: false,
		price: { usd: 0.032 },
	},
	{
		id: 'bytedance/seedream-v5.0-pro',
		name: 'Seedream v5.0 Pro',
		models: TWO_MODELS,
		maxInputs: 10,
		size: { properties: { size: tiers(['auto', '1K', '1.5K', '2K'], 'auto') } },
		outputFormat: true,
		background: true,
		price: { usd: 0.036, large: { abovePixels: ABOVE_15K, usd: 0.05 } },
	},
	{
		id: 'bytedance/seedream-v5.5',
		name: 'Seedream v5.5',
		models: TWO_MODELS,
		maxInputs: 10,
		size: {
			properties: {
				size: tiers(['1K', '1.5K', '2K'], '1K'),
				aspect_ratio: aspectRatios(FIFTEEN_RATIOS, '1:1'),
			},
		},
		outputFormat: true,
		background: true,
		price: { usd: 0.02, large: { abovePixels: ABOVE_15K, usd: 0.035 }, perInputImageUsd: 0.008 },
	},
	{
		id: 'bytedance/seedream-v5.5-developer',
		name: 'Seedream v5.5 Developer',
		models: ['/edit'],
		maxInputs: 4,
		size: { properties: { aspect_ratio: aspectRatios(EIGHT_RATIOS, '1:1') } },
		price: { usd: 0.01, perInputImageUsd: 0.004 },
	},
	{
		id: 'bytedance/seedream-v6',
		name: 'Seedream v6',
		models: TWO_MODELS,
		maxInputs: 10,
		size: { properties: { image_size: presets('square_hd') } },
		background: true,
		price: { usd: 0.045, perInputImageUsd: 0.01 },
		sequence: SIX_IMAGES,
	},
	{
		id: 'bytedance/seedream-v6-pro',
		name: 'Seedream v6 Pro',
		models: ['/edit'],
		maxInputs: 10,
		size: {
			properties: {
				resolution: tiers(['1k', '2k', '4k'], '1k'),
				ratio: aspectRatios(['auto', ...EIGHT_RATIOS], 'auto'),
			},
		},
		outputFormat: true,
		price: { usd: 0.06 },
	},
	{
		id: 'bytedance/seedream-v6-fast',
		name: 'Seedream v6 Fast',
		models: ['/edit'],
		maxInputs: 1,
		size: { properties: {} },
		price: { usd: 0.012 },
	},
];

function modelsOf(family: Family): SeedreamModel[] {
	const { outputFormat = false, background = false, isStrict = true } = family;
	return family.models.map((ending) => {
		const edits = ending.startsWith('/edit');
		const inSequence = ending.endsWith('sequential');
		const what = edits ? 'edits pictures by instruction' : 'makes pictures from text';
		return {
			kind: 'seedream',
			id: family.id + ending,
			type: 'Image',
			displayName: family.name + NAME_ENDINGS[ending],
			profile: `${family.name} ${what}${inSequence ? ', several that belong together' : ''}.`,
			images: edits ? { min: 1, max: family.maxInputs, isOne: family.maxInputs === 1 } : null,
			size: family.size,
			outputFormat,
			background,
			isStrict,
			sequence: inSequence ? MAX_IMAGES : (family.sequence ?? null),
			price: { ...family.price, unit: 'generation' },
			categories: [edits ? 'Image-to-Image' : 'Text-to-Image'],
			tags: edits ? ['IMAGE-TO-IMAGE', 'EDIT'] : ['TEXT-TO-IMAGE'],
			displayConsole: true,
		};
	});
}

export const SEEDREAM_MODELS: readonly SeedreamModel[] = FAMILIES.flatMap(modelsOf);
