import { inputError } from '../errors';

/** Width and height in pixels. */
export interface Dimensions {
	width: number;
	height: number;
}

/** The sizes that a model accepts. */
export type SizeRule =
	| { kind: 'list'; sizes: Dimensions[] }
	| { kind: 'range'; minSide: number; maxSide: number }
	/** Not known: any size is sent as written. */
	| { kind: 'free' };

/** A size as Atlas expects it: `W*H`. */
export function sizeText({ width, height }: Dimensions): string {
	return `${width}*${height}`;
}

/** Parses `W*H`, `WxH`, or `W×H`; null for anything else. */
export function parseSize(text: string): Dimensions | null {
	const match = /^\s*(\d{1,5})\s*[*x×]\s*(\d{1,5})\s*$/i.exec(text);
	if (!match) return null;
	const [width, height] = [Number(match[1]), Number(match[2])];
	return width > 0 && height > 0 ? { width, height } : null;
}

const shapeOf = ({ width, height }: Dimensions) => Math.log(width / height);
const areaOf = ({ width, height }: Dimensions) => width * height;

/**
 * The allowed size nearest in shape. Of several tiers of that shape, the smallest with at least as many pixels as the
 * input, else the largest.
 */
function nearestShape(input: Dimensions, sizes: Dimensions[]): Dimensions {
	const distance = (a: Dimensions, b: Dimensions) => Math.abs(shapeOf(a) - shapeOf(b));
	const best = sizes.reduce((a, b) => (distance(b, input) < distance(a, input) ? b : a));
	// The tiers of one shape differ by rounding: 2848 × 1600 is not quite 4096 × 2304.
	const tiers = sizes.filter((size) => distance(size, best) < 0.02).sort((a, b) => areaOf(a) - areaOf(b));
	return tiers.find((size) => areaOf(size) >= areaOf(input)) ?? tiers[tiers.length - 1];
}

/** The input's size scaled into the range, or null where its shape does not fit. */
function scaleInto(input: Dimensions, minSide: number, maxSide: number): Dimensions | null {
	const short = Math.min(input.width, input.height);
	const long = Math.max(input.width, input.height);
	if (long / short > maxSide / minSide) return null;
	const scale = Math.max(1, minSide / short) * Math.min(1, maxSide / long);
	const side = (pixels: number) => Math.min(maxSide, Math.max(minSide, Math.round(pixels * scale)));
	return { width: side(input.width), height: side(input.height) };
}

/**
 * The size for Match Input Image, as `W*H`.
 * @throws AtlasError (`input`) if the model's sizes are not known, or none has the input's shape
 */
export function matchInput(input: Dimensions, rule: SizeRule, model: string): string {
	const howTo = 'Choose a size from the list, or Custom.';
	if (rule.kind === 'list') return sizeText(nearestShape(input, rule.sizes));
	if (rule.kind === 'free') {
		throw inputError(`Match Input Image isn’t available for ${model}`, howTo);
	}
	const size = scaleInto(input, rule.minSide, rule.maxSide);
	if (size) return sizeText(size);
	throw inputError(
		`The image (${input.width} × ${input.height}) is too wide or too tall for ${model}, which accepts ${rule.minSide} to ${rule.maxSide} pixels per side`,
		howTo,
	);
}

/**
 * Checks a size that the user chose.
 * @returns the size as `W*H`
 * @throws AtlasError (`input`) when the model does not offer it
 */
export function checkSize(size: Dimensions, rule: SizeRule, model: string): string {
	const { width, height } = size;
	if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
		throw inputError(
			'Width and Height must be whole numbers',
			'Enter both in pixels, such as 2048 and 2048.',
		);
	}
	const advice = adviceOnSize(size, rule);
	if (advice !== null) throw inputError(`${model} doesn’t support ${width} × ${height}`, advice);
	return sizeText(size);
}

/** Names the sizes to choose from where the rule does not allow this one; null where it does. */
function adviceOnSize({ width, height }: Dimensions, rule: SizeRule): string | null {
	const describe = (size: Dimensions) => `${size.width} × ${size.height}`;
	switch (rule.kind) {
		case 'list': {
			if (rule.sizes.some((allowed) => allowed.width === width && allowed.height === height)) return null;
			const distance = (allowed: Dimensions) =>
				Math.abs(Math.log(allowed.width / width)) + Math.abs(Math.log(allowed.height / height));
			const nearest = rule.sizes.reduce((a, b) => (distance(b) < distance(a) ? b : a));
			return `The nearest size is ${describe(nearest)}. Supported sizes: ${rule.sizes.map(describe).join(', ')}.`;
		}
		case 'range': {
			const { minSide, maxSide } = rule;
			if (Math.min(width, height) >= minSide && Math.max(width, height) <= maxSide) return null;
			return `Width and Height must be between ${minSide} and ${maxSide} pixels.`;
		}
		case 'free':
			return null;
	}
}
