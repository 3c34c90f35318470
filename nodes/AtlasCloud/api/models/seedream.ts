import type { JsonObject } from '../json';
import { readInputSchema, type EnumValue, type ModelField } from './inputSchema';
import { COUNT_FIELDS, type ListPrice } from './prices';
import { readSizeRules } from './sizeFields';
import { freeChoice, isWithin, type SizeChoice, type SizeRules } from './sizeRules';
import { parseSize } from './sizes';

/** What an image model accepts. */
export interface ModelRules {
	sizes: SizeRules;
	/** Where the input images go: mostly a list called `images`. */
	imagesField: { name: string; isList: boolean };
	maxInputImages: number;
	/** What the field takes: nothing where the model has no such field, null where its values are not known. */
	outputFormats: string[] | null;
	backgrounds: string[] | null;
	/** Null where one prediction makes one image. */
	imageCount: ImageCount | null;
	/** Whether the catalog or the schema could not be read: the next time they may be there, and say otherwise. */
	isUnreadable: boolean;
}

/** How a model is asked for several images in one prediction. */
export interface ImageCount {
	field: string;
	max: number;
	/** Of input and output images together. */
	maxTogether: number;
	/** The numbers that it may be asked for, where they are listed. */
	values: EnumValue[] | null;
}

/** The largest limit of any known model, for models whose own limit is not known. */
const MAX_INPUT_IMAGES = 14;

/** Max input and output images of a sequential model together. */
export const MAX_SEQUENTIAL_IMAGES = 15;

/** What every model with an output format takes, for those that list none. */
const USUAL_FORMATS = ['jpeg', 'png'];

/** The rules in a model's fields. @param fields null where they are not known: Atlas then checks the request itself */
export function rulesInFields(fields: ModelField[] | null): ModelRules {
	const field = (name: string) => fields?.find((one) => one.name === name);
	const valuesOf = (one: ModelField | undefined, unlisted: string[] | null) =>
		one ? (one.enumValues?.map(String) ?? unlisted) : fields && [];
	const images = fields && imagesFieldIn(fields);
	const isList = images?.media?.isList ?? true;
	return {
		sizes: readSizeRules(fields),
		imagesField: { name: images?.name ?? 'images', isList },
		maxInputImages: isList ? (images?.maxItems ?? MAX_INPUT_IMAGES) : 1,
		outputFormats: valuesOf(field('output_format'), USUAL_FORMATS),
		backgrounds: valuesOf(field('background'), null),
		imageCount: imageCountIn(fields ?? []),
		isUnreadable: false,
	};
}

function imagesFieldIn(fields: ModelField[]): ModelField | undefined {
	const ofImages = fields.filter(({ media, isHidden }) => media?.kind === 'image' && !isHidden);
	return (
		fields.find(({ name }) => name === 'images') ?? ofImages.find(({ media }) => media?.isList) ?? ofImages[0]
	);
}

function imageCountIn(fields: ModelField[]): ImageCount | null {
	const found = fields.find(({ name, isHidden }) => COUNT_FIELDS.includes(name) && !isHidden);
	if (!found) return null;
	const { name, maximum, enumValues } = found;
	const max = maximum ?? MAX_SEQUENTIAL_IMAGES;
	const maxTogether = name === 'max_images' ? MAX_SEQUENTIAL_IMAGES : Infinity;
	return { field: name, max: Math.min(max, MAX_SEQUENTIAL_IMAGES), maxTogether, values: enumValues };
}

/** How many predictions to buy for a number of images, and what each is asked for. */
export interface ImagePlan {
	predictions: number;
	/** Part of the body of each. */
	fields: JsonObject;
}

/** Asks for all images in one prediction where the model can, else for one each. @param inputCount how many go in */
export function planImages(imageCount: number, inputCount: number, rule: ImageCount | null): ImagePlan {
	if (!rule) return { predictions: imageCount, fields: {} };
	const isAtOnce = countsAtOnce(inputCount, rule).includes(imageCount);
	const wanted = isAtOnce ? imageCount : 1;
	const value = rule.values?.find((one) => Number(one) === wanted) ?? wanted;
	return { predictions: isAtOnce ? 1 : imageCount, fields: { [rule.field]: value } };
}

/** Max images of an item where each is a prediction of its own. */
const MAX_PREDICTIONS = 4;

/** How many images of one item a model may be asked for. @param inputCount how many images go in */
export function maxImageCount(inputCount: number, rule: ImageCount | null): number {
	return Math.max(MAX_PREDICTIONS, ...(rule ? countsAtOnce(inputCount, rule) : []));
}

/** The numbers of images that one prediction may be asked for. */
function countsAtOnce(inputCount: number, { max, maxTogether, values }: ImageCount): number[] {
	const counts = Array.from(
		{ length: Math.max(0, Math.min(max, maxTogether - inputCount)) },
		(_, i) => i + 1,
	);
	return values ? counts.filter((count) => values.some((one) => Number(one) === count)) : counts;
}

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

/** In the words of a schema, so that a known model is read as any other. */
function known(
	family: string,
	priceUsd: number,
	properties: JsonObject,
): (id: string, variant: string) => KnownModel {
	const max_images = { type: 'integer', maximum: MAX_SEQUENTIAL_IMAGES };
	const Input = { properties: { ...properties, max_images } };
	const { imageCount, ...rules } = rulesInFields(readInputSchema({ components: { schemas: { Input } } }));
	return (id, variant) => ({
		id,
		family,
		name: `${family} ${variant}`,
		price: { usd: priceUsd, unit: 'image' },
		...rules,
		imageCount: isSequential(id) ? imageCount : null,
	});
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
 * Whether the list price holds for all requests. Else it is that of the smallest size and the fewest inputs, Atlas does not
 * say so (docs/atlas-cloud-api.md, Sizes of the Seedream models), or nobody knows what is counted: bytes, or characters.
 */
export function isFixedPrice(model: string): boolean {
	return knownModel(model) !== undefined;
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
