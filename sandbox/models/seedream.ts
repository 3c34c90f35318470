import type { SeedreamModel, SequenceRule, SizeRule } from './model';

/**
 * ByteDance's Seedream models. See docs/atlas-cloud-api.md for ids, prices, image counts and sizes. The counts and sizes
 * of v4.5, v5.0 Pro and v5.5 and the price of v5.5 are not known: they are stand-ins.
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
/** Of the models that end in `sequential`. */
const MAX_IMAGES: SequenceRule = { field: 'max_images', max: 15, maxTogether: 15 };
/** Of v4.7. No common limit is known. */
const NUM_IMAGES: SequenceRule = { field: 'num_images', max: 14, maxTogether: Infinity };

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
	size: SizeRule;
	defaultSize: string;
	outputFormat: boolean;
	priceUsd: number;
	/** Of its models that do not end in `sequential`. */
	sequence: SequenceRule | null;
}

const FOUR_MODELS = ['', '/edit', '/sequential', '/edit-sequential'] as const;

const FAMILIES: Family[] = [
	{
		id: 'bytedance/seedream-v4',
		name: 'Seedream v4',
		models: FOUR_MODELS,
		maxInputs: 10,
		size: { kind: 'range', min: 1024, max: 4096 },
		defaultSize: DEFAULT_SIZE,
		outputFormat: false,
		priceUsd: 0.027,
		sequence: null,
	},
	{
		id: 'bytedance/seedream-v4.5',
		name: 'Seedream v4.5',
		models: FOUR_MODELS,
		maxInputs: 10,
		size: { kind: 'range', min: 1024, max: 4096 },
		defaultSize: DEFAULT_SIZE,
		outputFormat: false,
		priceUsd: 0.036,
		sequence: null,
	},
	{
		id: 'bytedance/seedream-v4.7',
		name: 'Seedream v4.7',
		models: ['/text-to-image', '/edit'],
		maxInputs: 10,
		size: { kind: 'tiers', tiers: ['1K', '2K', '4K'], min: 1024, max: 4096 },
		defaultSize: '2K',
		outputFormat: false,
		priceUsd: 0.03,
		sequence: NUM_IMAGES,
	},
	{
		id: 'bytedance/seedream-v5.0-lite',
		name: 'Seedream v5.0 Lite',
		models: FOUR_MODELS,
		maxInputs: 14,
		size: { kind: 'list', sizes: LITE_SIZES },
		defaultSize: DEFAULT_SIZE,
		outputFormat: true,
		priceUsd: 0.032,
		sequence: null,
	},
	{
		id: 'bytedance/seedream-v5.0-pro',
		name: 'Seedream v5.0 Pro',
		models: ['/text-to-image', '/edit'],
		maxInputs: 14,
		size: { kind: 'list', sizes: LITE_SIZES },
		defaultSize: DEFAULT_SIZE,
		outputFormat: true,
		priceUsd: 0.036,
		sequence: null,
	},
	{
		id: 'bytedance/seedream-v5.5',
		name: 'Seedream v5.5',
		models: ['/text-to-image'],
		maxInputs: 0,
		size: { kind: 'list', sizes: LITE_SIZES },
		defaultSize: DEFAULT_SIZE,
		outputFormat: true,
		priceUsd: 0.04,
		sequence: null,
	},
];

function modelsOf(family: Family): SeedreamModel[] {
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
			images: edits ? { min: 1, max: family.maxInputs } : null,
			size: family.size,
			defaultSize: family.defaultSize,
			outputFormat: family.outputFormat,
			sequence: inSequence ? MAX_IMAGES : family.sequence,
			price: { usd: family.priceUsd, unit: 'generation' },
			categories: [edits ? 'Image-to-Image' : 'Text-to-Image'],
			tags: edits ? ['IMAGE-TO-IMAGE', 'EDIT'] : ['TEXT-TO-IMAGE'],
			displayConsole: true,
		};
	});
}

export const SEEDREAM_MODELS: readonly SeedreamModel[] = FAMILIES.flatMap(modelsOf);
