import { inputError } from '../errors';
import { truncate } from '../text';
import { UNKNOWN_SIZES, type FreeSize, type SizeChoice, type SizeRules } from './sizeRules';
import { describeSize, parseSize, sizeText, type Dimensions } from './sizes';

/**
 * The rules that are left where the user chose a size by name. Of a tier and a shape, one alone may be named.
 * @throws AtlasError (`input`) when the model does not offer it
 */
export function namedSize(name: string, rules: SizeRules, model: string): SizeRules {
	const size = parseSize(name);
	const wanted = normalize(name);
	const exact = rules.choices.filter(({ value }) => normalize(value) === wanted);
	const parts = rules.choices.filter(({ fields }) =>
		Object.values(fields).some((one) => normalize(String(one)) === wanted),
	);
	const choices = exact.length > 0 ? exact : parts;
	if (choices.length > 0) return { choices, free: null };
	if (size) return { choices: [exactSize(size, rules, model)], free: null };
	if (rules !== UNKNOWN_SIZES)
		throw inputError(`${model} doesn’t offer the size "${truncate(name)}"`, adviceOn(rules));
	if (/^[\d.]+k$/i.test(name.trim())) return { choices: [tierOf(name.trim())], free: null };
	throw inputError(
		`Couldn’t read the sizes of ${model}, so "${truncate(name)}" can’t be checked`,
		'Nothing was submitted. Run the workflow again later, or enter the size as width*height, such as 2048*2048.',
	);
}

function tierOf(name: string): SizeChoice {
	return { value: name, fields: { size: name }, ratio: null, pixels: null, dimensions: null };
}

function normalize(name: string): string {
	return name
		.trim()
		.toLowerCase()
		.replace(/(\d)\s*[x×]\s*(?=\d)/g, '$1*');
}

/**
 * A width and height that the user chose.
 * @throws AtlasError (`input`) when the model does not offer it
 */
export function exactSize(size: Dimensions, { choices, free }: SizeRules, model: string): SizeChoice {
	const { width, height } = size;
	if (![width, height].every((side) => Number.isInteger(side) && side >= 1)) {
		throw inputError(
			"'Width' and 'Height' must be whole numbers",
			'Enter both in pixels, such as 2048 and 2048.',
		);
	}
	const listed = choices.find(
		({ dimensions }) => dimensions?.width === width && dimensions.height === height,
	);
	if (listed) return listed;
	if (!free || (free.isCertain && !isWithin(size, free))) {
		const advice = free ? describeLimits(free) : adviceOn({ choices, free }, size);
		throw inputError(`${model} doesn’t support ${describeSize(size)}`, advice);
	}
	const fields = free.toFields(size);
	return { value: sizeText(size), fields, ratio: width / height, pixels: width * height, dimensions: size };
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
	const count = (pixels: number) => pixels.toLocaleString('en-US');
	return `${sides} 'Width' × 'Height' must be between ${count(minPixels)} and ${count(maxPixels)} pixels.`;
}

/** Names the sizes to choose from. @param size the nearest one to it is named first */
function adviceOn({ choices, free }: SizeRules, size?: Dimensions): string {
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
