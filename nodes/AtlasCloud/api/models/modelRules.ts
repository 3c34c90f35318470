import type { JsonObject } from '../json';
import type { EnumValue, ModelField } from './inputSchema';
import { COUNT_FIELDS } from './prices';
import { readSizeRules } from './sizeFields';
import type { SizeRules } from './sizeRules';

/** What an image model accepts. */
export interface ModelRules {
	sizes: SizeRules;
	/** Where the input images go: mostly a list called `images`. */
	imagesField: { name: string; isList: boolean };
	maxInputImages: number;
	/** What the field takes: nothing where the model has none, null where its fields are not known. */
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
export const MAX_INPUT_IMAGES = 14;

/** Max input and output images of a sequential model together. */
export const MAX_SEQUENTIAL_IMAGES = 15;

/**
 * The rules in a model's fields.
 * @param fields null where they are not known: Atlas then checks the request itself
 */
export function rulesInFields(fields: ModelField[] | null): ModelRules {
	const field = (name: string) => fields?.find((one) => one.name === name);
	const valuesOf = (name: string) => fields && (field(name)?.enumValues ?? []).map(String);
	const images = fields && imagesFieldIn(fields);
	const isList = images?.media?.isList ?? true;
	return {
		sizes: readSizeRules(fields),
		imagesField: { name: images?.name ?? 'images', isList },
		maxInputImages: isList ? (images?.maxItems ?? MAX_INPUT_IMAGES) : 1,
		outputFormats: valuesOf('output_format'),
		backgrounds: valuesOf('background'),
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

/**
 * Asks for all images in one prediction where the model can, else for one image each.
 * @param inputCount how many images go in
 */
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
