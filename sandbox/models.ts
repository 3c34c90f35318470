/**
 * The models of the stand-in catalog.
 *
 * The Seedream ids and prices are Atlas Cloud's [S][C], and so are the image counts and sizes of v4, v4.7 and v5.0 Lite.
 * The counts and sizes of v4.5, v5.0 Pro and v5.5 and the price of v5.5 are not in what we have: they are stand-ins, as
 * is everything in `OTHERS` and the hidden model.
 */

export type ModelType = 'Image' | 'Video' | 'Text' | 'Audio';

export type SizeRule =
	/** Any `W*H` with both sides in this range. */
	| { kind: 'range'; min: number; max: number }
	/** One of these. */
	| { kind: 'list'; sizes: readonly string[] }
	/** One of these words. Whether `W*H` is taken too is not known: here it is. */
	| { kind: 'tiers'; tiers: readonly string[]; min: number; max: number };

/** How a model is asked for several pictures at once. */
export interface SequenceRule {
	field: 'max_images' | 'num_images';
	most: number;
	/** The most inputs and outputs together. */
	maxTogether: number;
}

export interface Model {
	id: string;
	type: ModelType;
	displayName: string;
	profile: string;
	/** How many input images; null where the model takes none. */
	images: { min: number; max: number } | null;
	size: SizeRule;
	defaultSize: string;
	outputFormat: boolean;
	/** null where the model makes one picture only. */
	sequence: SequenceRule | null;
	priceUsd: number;
	categories: string[];
	tags: string[];
	displayConsole: boolean;
}

/** v5.0 Lite's sixteen sizes [C]: eight of 2K, eight of 3K. */
export const LITE_SIZES = [
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
/** Of the models that end in `sequential`: inputs and outputs are at most 15 together [C][V]. */
const MAX_IMAGES: SequenceRule = { field: 'max_images', most: 15, maxTogether: 15 };
/** Of v4.7 [C]. No common limit is known. */
const NUM_IMAGES: SequenceRule = { field: 'num_images', most: 14, maxTogether: Infinity };

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

function seedreamModels(family: Family): Model[] {
	return family.models.map((ending) => {
		const edits = ending.startsWith('/edit');
		const inSequence = ending.endsWith('sequential');
		const what = edits ? 'edits pictures by instruction' : 'makes pictures from text';
		return {
			id: family.id + ending,
			type: 'Image',
			displayName: family.name + NAME_ENDINGS[ending],
			profile: `${family.name} ${what}${inSequence ? ', several that belong together' : ''}.`,
			images: edits ? { min: 1, max: family.maxInputs } : null,
			size: family.size,
			defaultSize: family.defaultSize,
			outputFormat: family.outputFormat,
			sequence: inSequence ? MAX_IMAGES : family.sequence,
			priceUsd: family.priceUsd,
			categories: [edits ? 'Image-to-Image' : 'Text-to-Image'],
			tags: edits ? ['IMAGE-TO-IMAGE', 'EDIT'] : ['TEXT-TO-IMAGE'],
			displayConsole: true,
		};
	});
}

/** Not for the console: `display_console: false`, which a list of models must hide [C]. Made up. */
const HIDDEN: Model = {
	...otherModel(['Image', 'harbor/seedream-hidden/edit', 'Hidden Edit', 0.03]),
	displayConsole: false,
};

/** type, id, display name, price. So that filtering has something to filter. */
const OTHERS: ReadonlyArray<readonly [ModelType, string, string, number]> = [
	['Text', 'harbor/gull-4-chat', 'Gull 4 Chat', 0.15],
	['Text', 'harbor/gull-4-mini', 'Gull 4 Mini', 0.04],
	['Text', 'harbor/gull-4-code', 'Gull 4 Code', 0.2],
	['Text', 'northwind/petrel-70b-instruct', 'Petrel 70B Instruct', 0.35],
	['Text', 'northwind/petrel-8b-instruct', 'Petrel 8B Instruct', 0.05],
	['Text', 'northwind/petrel-reasoner', 'Petrel Reasoner', 0.6],
	['Text', 'quietlake/heron-v2', 'Heron v2', 0.27],
	['Text', 'quietlake/heron-v2-long', 'Heron v2 Long', 0.4],
	['Text', 'quietlake/heron-embed', 'Heron Embed', 0.01],
	['Text', 'cobalt/lark-moe-120b', 'Lark MoE 120B', 0.3],
	['Text', 'cobalt/lark-edit-text', 'Lark Text Edit', 0.12],
	['Text', 'bytedance/reed-1.6-flash', 'Reed 1.6 Flash', 0.03],
	['Video', 'bytedance/reeldance-v1-pro/image-to-video', 'Reeldance v1 Pro Image to Video', 0.05],
	['Video', 'bytedance/reeldance-v1-pro/text-to-video', 'Reeldance v1 Pro Text to Video', 0.05],
	['Video', 'bytedance/reeldance-v1-lite/image-to-video', 'Reeldance v1 Lite Image to Video', 0.02],
	['Video', 'marble/drift-2.1/text-to-video', 'Drift 2.1 Text to Video', 0.07],
	['Video', 'marble/drift-2.1/image-to-video', 'Drift 2.1 Image to Video', 0.07],
	['Video', 'marble/drift-2.1-turbo/text-to-video', 'Drift 2.1 Turbo Text to Video', 0.03],
	['Video', 'marble/drift-2.1/video-edit', 'Drift 2.1 Video Edit', 0.09],
	['Video', 'saltmarsh/tide-3/text-to-video', 'Tide 3 Text to Video', 0.1],
	['Video', 'saltmarsh/tide-3/image-to-video', 'Tide 3 Image to Video', 0.1],
	['Video', 'saltmarsh/tide-3/extend', 'Tide 3 Extend', 0.08],
	['Video', 'upland/ridge-video', 'Ridge Video', 0.04],
	['Video', 'upland/ridge-video-hd', 'Ridge Video HD', 0.12],
	['Video', 'upland/ridge-lipsync', 'Ridge Lip Sync', 0.06],
	['Audio', 'fennel/whisperer-large', 'Whisperer Large', 0.006],
	['Audio', 'fennel/sing-1', 'Sing 1', 0.03],
	['Audio', 'fennel/speak-2', 'Speak 2', 0.01],
	['Audio', 'upland/echo-music', 'Echo Music', 0.05],
	['Image', 'bytedance/seedling-3/text-to-image', 'Seedling 3 Text to Image', 0.018],
	['Image', 'paperkite/kite-1/text-to-image', 'Kite 1 Text to Image', 0.02],
	['Image', 'paperkite/kite-1/edit', 'Kite 1 Edit', 0.025],
	['Image', 'paperkite/kite-1-pro/edit', 'Kite 1 Pro Edit', 0.06],
	['Image', 'smallprint/inkwell-dev', 'Inkwell Dev', 0.012],
	['Image', 'smallprint/inkwell-max', 'Inkwell Max', 0.04],
	['Image', 'smallprint/inkwell-upscale', 'Inkwell Upscale', 0.01],
	['Image', 'smallprint/inkwell-background-remover', 'Inkwell Background Remover', 0.008],
	['Image', 'gansey/wren-image-plus/edit', 'Wren Image Plus Edit', 0.021],
	['Image', 'gansey/wren-image/text-to-image', 'Wren Image Text to Image', 0.02],
	['Image', 'gansey/wren-image-layers', 'Wren Image Layers', 0.05],
];

function otherModel([type, id, displayName, priceUsd]: (typeof OTHERS)[number]): Model {
	const edits = type === 'Image' && /edit|upscale|remover|layers/.test(id);
	return {
		id,
		type,
		displayName,
		profile: `${displayName}, a made-up model of the sandbox.`,
		images: edits ? { min: 1, max: 4 } : null,
		size: { kind: 'range', min: 256, max: 2048 },
		defaultSize: '1024*1024',
		outputFormat: false,
		sequence: null,
		priceUsd,
		categories: [edits ? 'Image-to-Image' : `Text-to-${type}`],
		tags: edits ? ['IMAGE-TO-IMAGE'] : [],
		displayConsole: true,
	};
}

export const MODELS: readonly Model[] = [
	...OTHERS.slice(0, 20).map(otherModel),
	...FAMILIES.flatMap(seedreamModels),
	HIDDEN,
	...OTHERS.slice(20).map(otherModel),
];

const BY_ID = new Map(MODELS.map((model) => [model.id, model]));

export function findModel(id: string): Model | undefined {
	return BY_ID.get(id);
}
