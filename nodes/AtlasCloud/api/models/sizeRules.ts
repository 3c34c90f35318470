import { readRatio } from '../cells';
import { inputError } from '../errors';
import type { JsonObject } from '../json';
import { truncate } from '../text';
import { describeSize, parseSize, shapeName, sizeRoleOf, sizeText, tierName, type Dimensions } from './sizes';

/** One of the sizes that a model offers. */
export interface SizeChoice {
	/** What the Size field holds and the output says: `2848*1600`, `2K`, `16:9`, `2K 16:9`, `landscape_16_9`. */
	value: string;
	/** The fields that are sent. */
	fields: JsonObject;
	/** Width to height; `input` where it follows the input image, null where the model chooses it. */
	ratio: number | 'input' | null;
	/** How many there are, about; 0 where that is not known. */
	pixels: number;
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
export const UNKNOWN_SIZES: SizeRules = {
	choices: [],
	free: { ...SAFE_LIMITS, toFields: (size) => ({ size: sizeText(size) }) },
};

/** The fields of a request that say how large the image is to be, and in which shape. */
export interface SizeMatch extends Pick<SizeChoice, 'fields' | 'ratio'> {
	/** The next larger one of that shape: to be taken where it costs the same. */
	larger: JsonObject | null;
}

/** Above it, a tier costs more on some models. */
const PIXELS_OF_2K = 2048 * 2048;

/** The size for an image of the input's shape. Never refuses: what a model does not offer is left to it. */
export function matchInput(input: Dimensions, { choices, free }: SizeRules): SizeMatch {
	const shaped = choices.filter(({ ratio }) => ratio !== null);
	if (shaped.length > 0) return bySize(input, nearestInShape(input, shaped));
	if (free) return { ...freeChoice(scaleInto(input, free), free), larger: null };
	const tiers = choices.filter(({ pixels }) => pixels > 0);
	return tiers.length > 0 ? bySize(input, tiers) : { fields: {}, ratio: null, larger: null };
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
	const distance = ({ ratio }: SizeChoice) => Math.abs(Math.log(Number(ratio) / ratioOf(input)));
	const best = Math.min(...choices.map(distance));
	// The tiers of one shape differ by rounding: 2848 × 1600 is not quite 4096 × 2304.
	return choices.filter((choice) => distance(choice) < best + 0.02);
}

/** The smallest one that is at least as large as the input, else the largest. */
function bySize(input: Dimensions, choices: SizeChoice[]): SizeMatch {
	const sorted = [...choices].sort((a, b) => a.pixels - b.pixels);
	const usual = sorted.filter(({ dimensions, pixels }) => dimensions !== null || pixels <= PIXELS_OF_2K);
	const candidates = usual.length > 0 ? usual : sorted.slice(0, 1);
	const isLargeEnough = ({ pixels }: SizeChoice) => pixels >= input.width * input.height;
	const found = candidates.find(isLargeEnough);
	const chosen = found ?? candidates[candidates.length - 1];
	const larger = found ?? sorted.find(isLargeEnough) ?? sorted[sorted.length - 1];
	return { ...chosen, larger: larger === chosen ? null : larger.fields };
}

function ratioOf({ width, height }: Dimensions): number {
	return width / height;
}

/** The input's size scaled into the limits. A shape that they do not allow becomes the nearest one. */
function scaleInto(input: Dimensions, free: FreeSize): Dimensions {
	const { minSide, maxSide, minPixels, maxPixels, maxRatio, step } = free;
	const widest = Math.min(maxRatio, maxSide / minSide, maxSide ** 2 / minPixels, maxPixels / minSide ** 2);
	const ratio = clamp(ratioOf(input), 1 / widest, widest);
	const pixels = clamp(input.width * input.height, minPixels, maxPixels);
	const [width, height] = [Math.sqrt(pixels * ratio), Math.sqrt(pixels / ratio)];
	const scale =
		Math.max(1, minSide / Math.min(width, height)) * Math.min(1, maxSide / Math.max(width, height));
	const [min, max] = [Math.ceil(minSide / step) * step, Math.floor(maxSide / step) * step];
	const rounded = (round: (side: number) => number): Dimensions => {
		// The root of a square is not always whole: 2048.0000000000002 must not become 2050.
		const side = (exact: number) => clamp(round(Number((exact / step).toFixed(6))) * step, min, max);
		return { width: side(width * scale), height: side(height * scale) };
	};
	const nearest = rounded(Math.round);
	if (nearest.width * nearest.height < minPixels) return rounded(Math.ceil);
	return nearest.width * nearest.height > maxPixels ? rounded(Math.floor) : nearest;
}

function clamp(value: number, min: number, max: number): number {
	return Math.min(max, Math.max(min, value));
}

/**
 * The rules that are left where the user chose a size by name. Of a tier and a shape, one alone may be named.
 * @throws AtlasError (`input`) when the model does not offer it
 */
export function namedSize(name: string, rules: SizeRules, model: string): SizeRules {
	const wanted = normalizedName(readRatio(name.trim()));
	const exact = rules.choices.filter(({ value }) => normalizedName(value) === wanted);
	const parts = rules.choices.filter(({ fields }) =>
		Object.values(fields).some((one) => normalizedName(String(one)) === wanted),
	);
	const choices = exact.length > 0 ? exact : parts;
	if (choices.length > 0) return { choices, free: null };
	const size = parseSize(name);
	if (size) return { choices: [exactSize(size, rules, model)], free: null };
	if (rules !== UNKNOWN_SIZES)
		throw inputError(`${model} doesn’t offer the size "${truncate(name)}"`, adviceOnSize(rules));
	if (/^[\d.]+k$/i.test(name.trim())) {
		const tier = name.trim();
		const choice = { value: tier, fields: { size: tier }, ratio: null, pixels: 0, dimensions: null };
		return { choices: [choice], free: null };
	}
	throw inputError(
		`Couldn’t read the sizes of ${model}, so "${truncate(name)}" can’t be checked`,
		'Nothing was submitted. Run the workflow again later, or enter the size as width*height, such as 2048*2048.',
	);
}

function normalizedName(name: string): string {
	const text = name.trim().toLowerCase();
	return text.replace(/(\d)\s*[x×]\s*(?=\d)/g, '$1*');
}

/** A width and height that the user chose. @throws AtlasError (`input`) when the model does not offer it */
export function exactSize(size: Dimensions, rules: SizeRules, model: string): SizeChoice {
	const { width, height } = size;
	if (![width, height].every((side) => Number.isInteger(side) && side >= 1)) {
		throw inputError(
			"'Width' and 'Height' must be whole numbers",
			'Enter both in pixels, such as 2048 and 2048.',
		);
	}
	const { choices, free } = rules;
	const listed = choices.find(
		({ dimensions }) => dimensions?.width === width && dimensions.height === height,
	);
	if (listed) return listed;
	if (free && (!free.isCertain || isWithin(size, free))) return freeChoice(size, free);
	const advice = free ? describeLimits(free) : adviceOnSize(rules, size);
	throw inputError(`${model} doesn’t support ${describeSize(size)}`, advice);
}

export function freeChoice(size: Dimensions, free: FreeSize): SizeChoice {
	const { width, height } = size;
	const fields = free.toFields(size);
	return { value: sizeText(size), fields, ratio: ratioOf(size), pixels: width * height, dimensions: size };
}

export function isWithin({ width, height }: Dimensions, free: FreeSize): boolean {
	const { minSide, maxSide, minPixels, maxPixels, maxRatio, step } = free;
	const [short, long] = [Math.min(width, height), Math.max(width, height)];
	const pixels = width * height;
	const isMultiple = width % step === 0 && height % step === 0;
	const isLarge = short >= minSide && pixels >= minPixels;
	return isLarge && long <= maxSide && pixels <= maxPixels && long / short <= maxRatio && isMultiple;
}

function describeLimits({ minSide, maxSide, minPixels, maxPixels, step }: FreeSize): string {
	const multiples = step > 1 ? `, in steps of ${step}` : '';
	const sides = `'Width' and 'Height' must be between ${minSide} and ${maxSide} pixels${multiples}.`;
	if (maxPixels === Infinity) return sides;
	const [min, max] = [minPixels, maxPixels].map((pixels) => pixels.toLocaleString('en-US'));
	return `${sides} 'Width' × 'Height' must be between ${min} and ${max} pixels.`;
}

/** Names the sizes to choose from. @param size the nearest one to it is named first */
function adviceOnSize({ choices, free }: SizeRules, size?: Dimensions): string {
	const howTo = free ? 'Enter it as width*height, such as 2048*2048.' : "Set 'Size' to Match Input Image.";
	if (choices.length === 0) return howTo;
	const exact = choices.flatMap(({ dimensions }) => dimensions ?? []);
	if (exact.length === 0) return `Choose one of: ${choices.map(({ value }) => value).join(', ')}.`;
	const supported = `Supported sizes: ${exact.map(describeSize).join(', ')}.`;
	if (!size) return supported;
	const distance = ({ width, height }: Dimensions) =>
		Math.abs(Math.log(width / size.width)) + Math.abs(Math.log(height / size.height));
	const nearest = exact.reduce((a, b) => (distance(b) < distance(a) ? b : a));
	return `The nearest size is ${describeSize(nearest)}. ${supported}`;
}

export const INPUT_SHAPE = 'Shape of the Input Image';

/** A size for people: `Widescreen 16:9 · 2848 × 1600 · 2K`, `Square 1:1 · 2K`, `Square 1:1 · square_hd`. */
export function sizeLabel({ fields, ratio, pixels, dimensions }: SizeChoice): string {
	const name = Object.keys(fields).find((one) => sizeRoleOf(one) === 'size');
	const shape = ratio === 'input' ? INPUT_SHAPE : ratio && shapeName(ratio);
	const parts = dimensions
		? [shape, describeSize(dimensions), tierName(pixels)]
		: [shape, name === undefined ? null : String(fields[name])];
	return parts.filter((part) => part !== null).join(' · ');
}
