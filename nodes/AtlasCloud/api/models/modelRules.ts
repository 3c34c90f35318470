import type { JsonObject } from '../json';
import type { ModelField } from './inputSchema';
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
	const listed = (enumValues ?? []).map(Number).filter((value) => value > 0);
	const max = maximum ?? (listed.length > 0 ? Math.max(...listed) : MAX_SEQUENTIAL_IMAGES);
	const maxTogether = name === 'max_images' ? MAX_SEQUENTIAL_IMAGES : Infinity;
	return { field: name, max: Math.min(max, MAX_SEQUENTIAL_IMAGES), maxTogether };
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
	const max = Math.min(rule.max, rule.maxTogether - inputCount);
	return imageCount <= max
		? { predictions: 1, fields: { [rule.field]: imageCount } }
		: { predictions: imageCount, fields: { [rule.field]: 1 } };
}
