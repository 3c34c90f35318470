import type { JsonObject } from '../json';
import { readInputSchema } from './inputSchema';
import { MAX_SEQUENTIAL_IMAGES, rulesInFields, type ModelRules } from './modelRules';
import type { ListPrice } from './prices';
import { freeChoice, isWithin, type SizeChoice, type SizeRules } from './sizeRules';
import { parseSize } from './sizes';

/** What is known of a model without asking the catalog (docs/atlas-cloud-api.md, The Seedream models). */
export interface KnownModel extends ModelRules {
	id: string;
	/** What people call the model and its variants, e.g. `Seedream v4`. */
	family: string;
	name: string;
	/** Per output image. */
	price: ListPrice;
}

/** The sizes of v5.0 Lite, eight of 2K and eight of 3K. */
const LITE_SIZES = [
	...['2048*2048', '2304*1728', '1728*2304', '2848*1600', '1600*2848', '2496*1664', '1664*2496', '3136*1344'],
	...['3072*3072', '3456*2592', '2592*3456', '4096*2304', '2304*4096', '3744*2496', '2496*3744', '4704*2016'],
];

export const V4_EDIT = 'bytedance/seedream-v4/edit';
export const V5_LITE_EDIT = 'bytedance/seedream-v5.0-lite/edit';
export const DEFAULT_MODEL = V5_LITE_EDIT;

/** In the words of a schema, so that a known model is read as any other. */
function known(
	family: string,
	priceUsd: number,
	properties: JsonObject,
): (id: string, variant: string) => KnownModel {
	return (id, variant) => {
		const count = isSequential(id) ? { max_images: { type: 'integer', maximum: MAX_SEQUENTIAL_IMAGES } } : {};
		const Input = { properties: { ...properties, ...count } };
		const rules = rulesInFields(readInputSchema({ components: { schemas: { Input } } }));
		return { id, family, name: `${family} ${variant}`, price: { usd: priceUsd, unit: 'image' }, ...rules };
	};
}

const v4 = known('Seedream v4', 0.027, {
	images: { type: 'array', maxItems: 10 },
	size: { type: 'string', minimum: 1024, maximum: 4096 },
});
const v5Lite = known('Seedream v5.0 Lite', 0.032, {
	images: { type: 'array', maxItems: 14 },
	size: { type: 'string', enum: LITE_SIZES },
	output_format: { type: 'string', enum: ['jpeg', 'png'] },
});

/** The models that the panel offers even when the catalog cannot be reached. */
export const KNOWN_MODELS: KnownModel[] = [
	v5Lite(V5_LITE_EDIT, 'Edit'),
	v4(V4_EDIT, 'Edit'),
	v5Lite(`${V5_LITE_EDIT}-sequential`, 'Edit Sequential'),
	v4(`${V4_EDIT}-sequential`, 'Edit Sequential'),
];

export function knownModel(model: string): KnownModel | undefined {
	return KNOWN_MODELS.find(({ id }) => id === model);
}

/**
 * Whether a list price holds for all requests. Else it is that of the smallest size and the fewest inputs, and Atlas does
 * not say so (docs/atlas-cloud-api.md, Sizes of the Seedream models).
 */
export function isFixedPrice(model: string, price: ListPrice | null): boolean {
	return knownModel(model) !== undefined || price?.unit === 'minute' || price?.unit === '1k_chars';
}

/** Whether the model edits images with Seedream. */
export function isSeedreamEdit(model: string): boolean {
	return /(^|\/)seedream[^/]*\/edit(-[^/]+)?$/i.test(model);
}

/** Whether the model makes several images of one prompt (`max_images`). Holds for models not listed here, too. */
export function isSequential(model: string): boolean {
	return model.endsWith('-sequential');
}

/** What the Size list has where a model takes any width and height within limits. */
const COMMON_SIZES = ['1024*1024', ...LITE_SIZES, '4096*4096'].flatMap((text) => parseSize(text) ?? []);

/** The sizes to choose from by name. */
export function offeredSizes({ choices, free }: SizeRules): SizeChoice[] {
	if (!free) return choices;
	const common = COMMON_SIZES.filter((size) => isWithin(size, free));
	return [...choices, ...common.map((size) => freeChoice(size, free))];
}
