import type { ListPrice } from './prices';
import type { Dimensions, SizeRule } from './sizes';

/** A size that the panel offers by name. */
export interface NamedSize extends Dimensions {
	shape: string;
	tier: '1K' | '2K' | '3K' | '4K';
}

/** What is known of a model without asking the catalog (docs/atlas-cloud-api.md, The Seedream models). */
export interface KnownModel {
	id: string;
	/** What people call the model and its variants, e.g. `Seedream v4`. */
	family: string;
	name: string;
	maxInputImages: number;
	sizes: SizeRule;
	/** The sizes that the panel lists. */
	namedSizes: NamedSize[];
	/** What `output_format` takes; empty where the model has no choice. */
	outputFormats: string[];
	/** Per output image. */
	price: ListPrice;
}

const SHAPES: Array<[shape: string, size2k: Dimensions, size3k: Dimensions]> = [
	['Square 1:1', { width: 2048, height: 2048 }, { width: 3072, height: 3072 }],
	['Landscape 4:3', { width: 2304, height: 1728 }, { width: 3456, height: 2592 }],
	['Portrait 3:4', { width: 1728, height: 2304 }, { width: 2592, height: 3456 }],
	['Widescreen 16:9', { width: 2848, height: 1600 }, { width: 4096, height: 2304 }],
	['Story 9:16', { width: 1600, height: 2848 }, { width: 2304, height: 4096 }],
	['Landscape 3:2', { width: 2496, height: 1664 }, { width: 3744, height: 2496 }],
	['Portrait 2:3', { width: 1664, height: 2496 }, { width: 2496, height: 3744 }],
	['Cinema 21:9', { width: 3136, height: 1344 }, { width: 4704, height: 2016 }],
];

export const V5_LITE_SIZES: NamedSize[] = [
	...SHAPES.map(([shape, size]): NamedSize => ({ shape, tier: '2K', ...size })),
	...SHAPES.map(([shape, , size]): NamedSize => ({ shape, tier: '3K', ...size })),
];

const V4_MIN_SIDE = 1024;
const V4_MAX_SIDE = 4096;
const V4_SIZES: NamedSize[] = [
	{ shape: 'Square 1:1', tier: '1K', width: V4_MIN_SIDE, height: V4_MIN_SIDE },
	...V5_LITE_SIZES.filter(
		({ width, height }) => Math.min(width, height) >= V4_MIN_SIDE && Math.max(width, height) <= V4_MAX_SIDE,
	),
	{ shape: 'Square 1:1', tier: '4K', width: V4_MAX_SIDE, height: V4_MAX_SIDE },
];

export const V4_EDIT = 'bytedance/seedream-v4/edit';
export const V5_LITE_EDIT = 'bytedance/seedream-v5.0-lite/edit';
export const DEFAULT_MODEL = V5_LITE_EDIT;

const V4 = {
	family: 'Seedream v4',
	maxInputImages: 10,
	sizes: { kind: 'range', minSide: V4_MIN_SIDE, maxSide: V4_MAX_SIDE },
	namedSizes: V4_SIZES,
	outputFormats: [],
	price: { usd: 0.027, unit: 'image' },
} satisfies Omit<KnownModel, 'id' | 'name'>;
const V5_LITE = {
	family: 'Seedream v5.0 Lite',
	maxInputImages: 14,
	sizes: { kind: 'list', sizes: V5_LITE_SIZES },
	namedSizes: V5_LITE_SIZES,
	outputFormats: ['jpeg', 'png'],
	price: { usd: 0.032, unit: 'image' },
} satisfies Omit<KnownModel, 'id' | 'name'>;

/** The models that the panel offers even when the catalog cannot be reached. */
export const KNOWN_MODELS: KnownModel[] = [
	{ id: V5_LITE_EDIT, name: 'Seedream v5.0 Lite Edit', ...V5_LITE },
	{ id: V4_EDIT, name: 'Seedream v4 Edit', ...V4 },
	{ id: `${V5_LITE_EDIT}-sequential`, name: 'Seedream v5.0 Lite Edit Sequential', ...V5_LITE },
	{ id: `${V4_EDIT}-sequential`, name: 'Seedream v4 Edit Sequential', ...V4 },
];

export function knownModel(model: string): KnownModel | undefined {
	return KNOWN_MODELS.find(({ id }) => id === model);
}

/** Whether the model edits images with Seedream. */
export function isSeedreamEdit(model: string): boolean {
	return /(^|\/)seedream[^/]*\/edit(-sequential)?$/i.test(model);
}

/** Whether the model makes several images of one prompt (`max_images`). Holds for models not listed here, too. */
export function isSequential(model: string): boolean {
	return model.endsWith('-sequential');
}

/** Max input and output images of a sequential model together. */
export const MAX_SEQUENTIAL_IMAGES = 15;

/** The largest limit of any known model, for models whose own limit is not known. */
export const MAX_INPUT_IMAGES = 14;
