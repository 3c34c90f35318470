import type { EnumValue, ModelField, NumberLimits } from './inputSchema';
import { SAFE_LIMITS, UNKNOWN_SIZES, type FreeSize, type SizeChoice, type SizeRules } from './sizeRules';
import { parseSize, sentSize, sizeRoleOf, sizeText, type Dimensions, type SizeRole } from './sizes';

/** A value that one field offers, and what its name says. */
type Offer = Omit<SizeChoice, 'value'>;

/**
 * How a model lets its size be chosen (docs/atlas-cloud-api.md, Sizes of the Seedream models).
 * @param fields null where they are not known
 */
export function readSizeRules(fields: ModelField[] | null): SizeRules {
	if (!fields) return UNKNOWN_SIZES;
	const having = (role: SizeRole) =>
		fields.filter(({ name, isHidden }) => !isHidden && sizeRoleOf(name) === role);
	const [width, height] = [having('width')[0], having('height')[0]];
	const sizes = having('size');
	const free = sizes.map(freeSizeOf).find((one) => one !== null) ?? sidesOf(width, height);
	const offers = sizes.map(offersOf).sort((a, b) => rank(b) - rank(a))[0] ?? [];
	const ratioField = having('ratio')[0];
	const ratios = ratioField ? offersOf(ratioField).filter(({ ratio }) => ratio !== null) : [];
	if (free || ratios.length === 0 || rank(offers) > 1) {
		const shapeOf = (ratio: SizeChoice['ratio']) => shapeBeside(ratio, ratioField, ratios);
		return {
			choices: offers.map((offer) => toChoice(offer, shapeOf(offer.ratio))),
			free: free && {
				...free,
				toFields: (size) => ({ ...shapeOf(size.width / size.height)?.fields, ...free.toFields(size) }),
			},
		};
	}
	const tiers = offers.filter(({ pixels }) => pixels > 0);
	const combined = tiers.flatMap((tier) => ratios.map((ratio) => toChoice(tier, ratio)));
	return { choices: tiers.length > 0 ? combined : ratios.map((ratio) => toChoice(ratio)), free: null };
}

/** Of several fields for the size, the one that tells the shape goes first. */
function rank(offers: Offer[]): number {
	if (offers.some(({ ratio }) => ratio !== null)) return 2;
	return offers.length > 0 ? 1 : 0;
}

/** The shape to send beside an exact size: a model's default for it would contradict the size. */
function shapeBeside(
	ratio: SizeChoice['ratio'],
	field: ModelField | undefined,
	ratios: Offer[],
): Offer | undefined {
	if (typeof ratio !== 'number' || ratioIn(String(field?.defaultValue)) === null) return undefined;
	const distance = (offer: Offer) =>
		typeof offer.ratio === 'number' ? Math.abs(Math.log(offer.ratio / ratio)) : Infinity;
	return ratios.reduce<Offer | undefined>((a, b) => (a && distance(a) <= distance(b) ? a : b), undefined);
}

function toChoice(size: Offer, shape?: Offer): SizeChoice {
	const fields = { ...size.fields, ...shape?.fields };
	return { ...size, ratio: size.ratio ?? shape?.ratio ?? null, fields, value: sentSize(fields) ?? '' };
}

/** What every model with an aspect ratio takes, for those that list none. */
const USUAL_RATIOS = ['1:1', '4:3', '3:4', '16:9', '9:16'];

function offersOf(field: ModelField): Offer[] {
	const { name, enumValues, examples, defaultValue } = field;
	const role = sizeRoleOf(name);
	const usual = role === 'ratio' ? USUAL_RATIOS : [];
	// Where any width and height may be sent, those that are named restrict nothing.
	const named = [defaultValue, ...examples].filter(isValue).filter((value) => !isExact(value));
	const values = enumValues ?? [...new Set([...named, ...usual])];
	return values.map((value) => ({ fields: { [name]: value }, ...meaningOf(String(value), role) }));
}

function isValue(value: unknown): value is EnumValue {
	return typeof value === 'string' || typeof value === 'number';
}

function isExact(value: unknown): boolean {
	return typeof value === 'string' && parseSize(value) !== null;
}

function meaningOf(text: string, role: SizeRole | null): Omit<Offer, 'fields'> {
	// `2048*1024`, `2048x1024 (2:1)`: both sides are too long for a ratio.
	const exact = /\d{3,5}\s*[*x×]\s*\d{3,5}/i.exec(text)?.[0];
	const dimensions = exact === undefined ? null : parseSize(exact);
	if (!dimensions) return { ratio: shapeIn(text, role), pixels: pixelsIn(text), dimensions };
	const { width, height } = dimensions;
	return { ratio: width / height, pixels: width * height, dimensions };
}

const FOLLOWS_INPUT = /^(adaptive|match|original|same|keep|source|input)/i;

function shapeIn(text: string, role: SizeRole | null): Offer['ratio'] {
	// Of a shape, `auto` is the input's; of a size, nobody says what it is.
	if (FOLLOWS_INPUT.test(text) || (role === 'ratio' && /^auto/i.test(text))) return 'input';
	const ratio = ratioIn(text);
	if (/square/i.test(text)) return 1;
	const wide = Math.max(ratio ?? 4 / 3, 1 / (ratio ?? 4 / 3));
	// A `portrait_4_3` is upright all the same.
	if (/portrait|vertical|tall|story/i.test(text)) return 1 / wide;
	return /landscape|horizontal|wide|cinema/i.test(text) ? wide : ratio;
}

/** `16:9`, `16x9`, `landscape_16_9`, `1.85:1` */
function ratioIn(text: string): number | null {
	const match = /(?<![\d.])(\d{1,2}(?:\.\d+)?)\s*[:/x×_]\s*(\d{1,2}(?:\.\d+)?)(?![\d.kp])/i.exec(text);
	const [width, height] = [Number(match?.[1]), Number(match?.[2])];
	return width > 0 && height > 0 ? width / height : null;
}

/** `2K`, `auto_2K`, `2048` (a side), `square_hd` */
function pixelsIn(text: string): number {
	const tier = /(?<![\d.])(\d{1,2}(?:\.\d+)?)\s*k(?![a-z])/i.exec(text);
	if (tier) return Math.round((Number(tier[1]) * 1024) ** 2);
	if (/^\d{3,4}$/.test(text)) return Number(text) ** 2;
	if (!/square/i.test(text)) return 0;
	return /hd/i.test(text) ? 1024 ** 2 : 512 ** 2;
}

/** More than any side: such a limit counts the pixels of the whole image. */
const MAX_SIDE = 20_000;

/** The rules for any width and height that a field takes; null where it takes none. */
function freeSizeOf(field: ModelField): FreeSize | null {
	const { name, type, enumValues, sides } = field;
	if (sides) return { ...limitsOf(sides), toFields: (size) => ({ [name]: { ...size } }) };
	const separator = enumValues || !['text', 'any'].includes(type) ? null : separatorOf(field);
	if (separator === null) return null;
	return { ...limitsOf(field), toFields: (size) => ({ [name]: sizeText(size).replace('*', separator) }) };
}

/** The same of a model with a field for each. */
function sidesOf(width: ModelField | undefined, height: ModelField | undefined): FreeSize | null {
	if (!width || !height) return null;
	const toFields = (size: Dimensions) => ({ [width.name]: size.width, [height.name]: size.height });
	return { ...limitsOf(width), toFields };
}

/** What stands between the sides in a text whose values are not listed; null where it takes no `W*H`. */
function separatorOf(field: ModelField): string | null {
	const { minimum, maximum, description, defaultValue, examples } = field;
	const values = [defaultValue, ...examples].filter(isValue);
	const takesExact =
		[minimum, maximum].some((limit) => limit !== null) ||
		values.length === 0 ||
		values.some(isExact) ||
		/\d{3,5}\s*[*x×]\s*\d{3,5}|width\s*[*x×]\s*height/i.test(description);
	const texts = [...values, description].join('\n');
	return takesExact ? (/(?:\d|width)\s*([*x×])\s*(?:\d|height)/i.exec(texts)?.[1] ?? '*') : null;
}

/** Limits of each side, or of all pixels. */
function limitsOf({ minimum, maximum, multipleOf }: NumberLimits): Omit<FreeSize, 'toFields'> {
	const step = multipleOf !== null && multipleOf >= 1 ? Math.round(multipleOf) : 1;
	const [min, max] = [minimum, maximum];
	if (min === null && max === null) return { ...SAFE_LIMITS, step: Math.max(step, SAFE_LIMITS.step) };
	const own = { step, isCertain: true };
	if (Math.max(min ?? 0, max ?? 0) > MAX_SIDE) {
		const minPixels = min ?? Math.min(SAFE_LIMITS.minPixels, max ?? Infinity);
		const maxPixels = max ?? Math.max(SAFE_LIMITS.maxPixels, min ?? 1);
		return { ...SAFE_LIMITS, ...own, minPixels, maxPixels, maxRatio: 16 };
	}
	const [minSide, maxSide] = [min ?? 1, max ?? Math.max(SAFE_LIMITS.maxSide, min ?? 1)];
	return { ...own, minSide, maxSide, minPixels: 1, maxPixels: Infinity, maxRatio: Infinity };
}
