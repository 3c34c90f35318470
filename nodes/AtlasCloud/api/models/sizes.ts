import { inputError } from '../errors';

/** Width and height in pixels. */
export interface Dimensions {
	width: number;
	height: number;
}

/** A size that a model offers by name. */
export interface NamedSize extends Dimensions {
	shape: string;
	tier: '1K' | '2K' | '3K' | '4K';
}

const SHAPES: Array<[string, Dimensions, Dimensions]> = [
	['Square 1:1', { width: 2048, height: 2048 }, { width: 3072, height: 3072 }],
	['Landscape 4:3', { width: 2304, height: 1728 }, { width: 3456, height: 2592 }],
	['Portrait 3:4', { width: 1728, height: 2304 }, { width: 2592, height: 3456 }],
	['Widescreen 16:9', { width: 2848, height: 1600 }, { width: 4096, height: 2304 }],
	['Vertical 9:16', { width: 1600, height: 2848 }, { width: 2304, height: 4096 }],
	['Photo 3:2', { width: 2496, height: 1664 }, { width: 3744, height: 2496 }],
	['Tall Photo 2:3', { width: 1664, height: 2496 }, { width: 2496, height: 3744 }],
	['Cinema 21:9', { width: 3136, height: 1344 }, { width: 4704, height: 2016 }],
];

/** The sixteen sizes of v5.0 Lite (atlas-cloud-api, "The Seedream models" [C]). */
export const V5_LITE_SIZES: NamedSize[] = [
	...SHAPES.map(([shape, size]): NamedSize => ({ shape, tier: '2K', ...size })),
	...SHAPES.map(([shape, , size]): NamedSize => ({ shape, tier: '3K', ...size })),
];

/** v4: 1024…4096 a side [C]. */
export const V4_LEAST_SIDE = 1024;
export const V4_MOST_SIDE = 4096;

/** What sizes a model takes. */
export type SizeRule =
	| { kind: 'list'; sizes: Dimensions[] }
	| { kind: 'range'; minSide: number; maxSide: number }
	/** Not known here: sent as it is written. */
	| { kind: 'free' };

/** As it goes over the wire: `W*H`. */
export function sizeText({ width, height }: Dimensions): string {
	return `${width}*${height}`;
}

/** The dimensions in `W*H` (`WxH` and `W×H` are understood), or null. */
export function parseSize(text: string): Dimensions | null {
	const match = /^\s*(\d{1,5})\s*[*x×]\s*(\d{1,5})\s*$/i.exec(text);
	if (!match) return null;
	const [width, height] = [Number(match[1]), Number(match[2])];
	return width > 0 && height > 0 ? { width, height } : null;
}

const shapeOf = ({ width, height }: Dimensions) => Math.log(width / height);
const areaOf = ({ width, height }: Dimensions) => width * height;

/**
 * The listed size nearest in shape; where the list has that shape in several tiers, the first that the input is
 * not larger than, in pixels.
 */
function nearest(input: Dimensions, sizes: Dimensions[]): Dimensions {
	const distance = (a: Dimensions, b: Dimensions) => Math.abs(shapeOf(a) - shapeOf(b));
	const best = sizes.reduce((a, b) => (distance(b, input) < distance(a, input) ? b : a));
	// The tiers of one shape differ by rounding (2848 × 1600 is not quite 4096 × 2304), so "the same" has a margin.
	const tiers = sizes.filter((size) => distance(size, best) < 0.02).sort((a, b) => areaOf(a) - areaOf(b));
	return tiers.find((size) => areaOf(size) >= areaOf(input)) ?? tiers[tiers.length - 1];
}

/** The input's own size, scaled as a whole into the range. Null where its shape does not fit in. */
function scaledInto(input: Dimensions, minSide: number, maxSide: number): Dimensions | null {
	const short = Math.min(input.width, input.height);
	const long = Math.max(input.width, input.height);
	if (long / short > maxSide / minSide) return null;
	const scale = short < minSide ? minSide / short : long > maxSide ? maxSide / long : 1;
	const side = (pixels: number) => Math.min(maxSide, Math.max(minSide, Math.round(pixels * scale)));
	return { width: side(input.width), height: side(input.height) };
}

/**
 * The size that keeps the input's shape.
 * @throws AtlasError (`input`) where the model's sizes are not known, or none is of such a shape.
 */
export function matchInput(input: Dimensions, rule: SizeRule, model: string): string {
	const howTo = 'Choose a size from the list, or Custom.';
	if (rule.kind === 'list') return sizeText(nearest(input, rule.sizes));
	if (rule.kind === 'free') {
		throw inputError(`Match Input Image does not know the sizes of ${model}`, howTo);
	}
	const size = scaledInto(input, rule.minSide, rule.maxSide);
	if (size) return sizeText(size);
	throw inputError(
		`The picture (${input.width} × ${input.height}) is too narrow for ${model}, whose sides are ${rule.minSide} to ${rule.maxSide} pixels`,
		howTo,
	);
}

/**
 * Checks a size that was asked for by name.
 * @throws AtlasError (`input`) when the model does not offer it.
 */
export function checkSize(size: Dimensions, rule: SizeRule, model: string): string {
	const { width, height } = size;
	if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
		throw inputError(
			'Width and Height have to be whole numbers of pixels',
			'Set both, for instance 2048 and 2048.',
		);
	}
	if (
		rule.kind === 'list' &&
		!rule.sizes.some((listed) => listed.width === width && listed.height === height)
	) {
		const distance = (listed: Dimensions) =>
			Math.abs(Math.log(listed.width / width)) + Math.abs(Math.log(listed.height / height));
		const near = rule.sizes.reduce((a, b) => (distance(b) < distance(a) ? b : a));
		throw inputError(
			`${model} does not offer ${width} × ${height}`,
			`The nearest size that it offers is ${near.width} × ${near.height}. Its sizes: ${rule.sizes.map((s) => `${s.width} × ${s.height}`).join(', ')}.`,
		);
	}
	if (rule.kind === 'range') {
		const { minSide, maxSide } = rule;
		if (Math.min(width, height) < minSide || Math.max(width, height) > maxSide) {
			throw inputError(
				`${model} does not offer ${width} × ${height}`,
				`Width and Height have to be from ${minSide} to ${maxSide} pixels each.`,
			);
		}
	}
	return sizeText(size);
}
