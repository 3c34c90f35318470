import type { JsonObject } from '../json';
import { describeSize, shapeName, sizeRoleOf, sizeText, tierName, type Dimensions } from './sizes';

/** One of the sizes that a model offers. */
export interface SizeChoice {
	/** What the Size field holds and the output says: `2848*1600`, `2K`, `16:9`, `2K 16:9`, `landscape_16_9`. */
	value: string;
	/** The fields that are sent. */
	fields: JsonObject;
	/** Width to height; `input` where it follows the input image, null where the model chooses it. */
	ratio: number | 'input' | null;
	/** How many there are, about; null where that is not known. */
	pixels: number | null;
	/** Where the size is exact. */
	dimensions: Dimensions | null;
}

/** A model's fields for any width and height. */
export interface FreeSize {
	/** Pixels of a side. */
	minSide: number;
	maxSide: number;
	/** Pixels of the whole image. */
	minPixels: number;
	maxPixels: number;
	/** Of the long side to the short one. */
	maxRatio: number;
	/** A side must be a multiple of it. */
	step: number;
	/** Whether the limits are the model's own, and not what is safe for Seedream in general. */
	isCertain: boolean;
	toFields(size: Dimensions): JsonObject;
}

/** How a model lets its size be chosen; nothing of both where it does not. */
export interface SizeRules {
	choices: SizeChoice[];
	free: FreeSize | null;
}

/** What Seedream's image models have in common (docs/atlas-cloud-api.md, Sizes of the Seedream models). */
export const SAFE_LIMITS = {
	minSide: 1,
	maxSide: 4096,
	minPixels: 3_686_400,
	maxPixels: 16_777_216,
	maxRatio: 3,
	step: 2,
	isCertain: false,
};

/** The rules of a model whose schema is not known: `size` is then a `W*H`. */
export const UNKNOWN_SIZES: SizeRules = { choices: [], free: { ...SAFE_LIMITS, toFields: toSizeField } };

export function toSizeField(size: Dimensions): JsonObject {
	return { size: sizeText(size) };
}

/** The fields of a request that say how large the image is to be, and in which shape. */
export interface SizeMatch {
	fields: JsonObject;
	/** Width to height; `input` where it follows the input image, null where the model chooses it. */
	ratio: SizeChoice['ratio'];
	/** The next larger one of that shape: to be taken where it costs the same. */
	larger: JsonObject | null;
}

const NOTHING_TO_SEND: SizeMatch = { fields: {}, ratio: null, larger: null };

/** Above it, a tier costs more on some models. */
const PIXELS_OF_2K = 2048 * 2048;

/** The size for an image of the input's shape. Never refuses: what a model does not offer is left to it. */
export function matchInput(input: Dimensions, { choices, free }: SizeRules): SizeMatch {
	const shaped = choices.filter(({ ratio }) => ratio !== null);
	if (shaped.length > 0) return bySize(input, nearestInShape(input, shaped));
	if (free) {
		const size = scaleInto(input, free);
		return { fields: free.toFields(size), ratio: ratioOf(size), larger: null };
	}
	const tiers = choices.filter(({ pixels }) => pixels !== null);
	return tiers.length > 0 ? bySize(input, tiers) : NOTHING_TO_SEND;
}

/** With less, hardly more is cropped or added than by rounding. */
const NOTICEABLE_CHANGE = 1.1;

/** What to say of a shape that is not the input's; null where nothing is. @param model what people call it */
export function describeShape(input: Dimensions, { ratio }: SizeMatch, model: string): string | null {
	if (ratio === null) return `${model} chooses the shape of the image itself.`;
	const wanted = ratioOf(input);
	if (ratio === 'input' || Math.max(ratio / wanted, wanted / ratio) < NOTICEABLE_CHANGE) return null;
	return `${model} has no size in the shape ${shapeName(wanted)}: the closest one is ${shapeName(ratio)}.`;
}

function nearestInShape(input: Dimensions, choices: SizeChoice[]): SizeChoice[] {
	const following = choices.filter(({ ratio }) => ratio === 'input');
	if (following.length > 0) return following;
	const distance = ({ ratio }: SizeChoice) => Math.abs(Math.log(Number(ratio)) - Math.log(ratioOf(input)));
	const best = Math.min(...choices.map(distance));
	// The tiers of one shape differ by rounding: 2848 × 1600 is not quite 4096 × 2304.
	return choices.filter((choice) => distance(choice) < best + 0.02);
}

/** The smallest one that is at least as large as the input, else the largest. */
function bySize(input: Dimensions, choices: SizeChoice[]): SizeMatch {
	const isAffordable = ({ dimensions, pixels }: SizeChoice) =>
		dimensions !== null || pixelsOf(pixels) <= PIXELS_OF_2K;
	const sorted = [...choices].sort((a, b) => pixelsOf(a.pixels) - pixelsOf(b.pixels));
	const usual = sorted.filter(isAffordable);
	const candidates = usual.length > 0 ? usual : sorted.slice(0, 1);
	const isLargeEnough = ({ pixels }: SizeChoice) => pixelsOf(pixels) >= input.width * input.height;
	const found = candidates.find(isLargeEnough);
	const { fields, ratio } = found ?? candidates[candidates.length - 1];
	const larger = found ? undefined : (sorted.find(isLargeEnough) ?? sorted[sorted.length - 1]);
	return { fields, ratio, larger: larger && larger.fields !== fields ? larger.fields : null };
}

function pixelsOf(pixels: number | null): number {
	return pixels ?? 0;
}

function ratioOf({ width, height }: Dimensions): number {
	return width / height;
}

/** The input's size scaled into the limits. A shape that they do not allow becomes the nearest one. */
function scaleInto(input: Dimensions, free: FreeSize): Dimensions {
	const { minSide, maxSide, minPixels, maxPixels, maxRatio } = free;
	const widest = Math.min(maxRatio, maxSide / minSide, maxSide ** 2 / minPixels, maxPixels / minSide ** 2);
	const ratio = clamp(ratioOf(input), 1 / widest, widest);
	const pixels = clamp(input.width * input.height, minPixels, maxPixels);
	const [width, height] = [Math.sqrt(pixels * ratio), Math.sqrt(pixels / ratio)];
	const scale =
		Math.max(1, minSide / Math.min(width, height)) * Math.min(1, maxSide / Math.max(width, height));
	const rounded = (round: (side: number) => number) =>
		roundSides({ width: width * scale, height: height * scale }, round, free);
	const nearest = rounded(Math.round);
	if (nearest.width * nearest.height < minPixels) return rounded(Math.ceil);
	return nearest.width * nearest.height > maxPixels ? rounded(Math.floor) : nearest;
}

function roundSides(
	{ width, height }: Dimensions,
	round: (side: number) => number,
	{ minSide, maxSide, step }: FreeSize,
): Dimensions {
	const [min, max] = [Math.ceil(minSide / step) * step, Math.floor(maxSide / step) * step];
	// The root of a square is not always whole: 2048.0000000000002 must not become 2050.
	const side = (pixels: number) => clamp(round(Number((pixels / step).toFixed(6))) * step, min, max);
	return { width: side(width), height: side(height) };
}

function clamp(value: number, min: number, max: number): number {
	return Math.min(max, Math.max(min, value));
}

/** A size for people: `Widescreen 16:9 · 2848 × 1600 · 2K`, `Square 1:1 · 2K`, `Square 1:1 · square_hd`. */
export function sizeLabel({ fields, ratio, pixels, dimensions }: SizeChoice): string {
	const name = Object.keys(fields).find((one) => sizeRoleOf(one) === 'size');
	const shape = ratio === 'input' ? INPUT_SHAPE : ratio && shapeName(ratio);
	const parts = dimensions
		? [shape, describeSize(dimensions), tierName(pixelsOf(pixels))]
		: [shape, name === undefined ? null : String(fields[name])];
	return parts.filter((part) => part !== null).join(' · ');
}

export const INPUT_SHAPE = 'Shape of the Input Image';
