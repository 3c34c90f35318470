import { asNumber, asObject, asString, type JsonObject } from '../json';

/** What a price is charged for (docs/atlas-cloud-api.md, Catalog). */
export type PriceUnit = 'generation' | 'image' | 'second' | 'minute' | '1k_chars';

/** A list price. Accounts can pay more (a markup) or less (a discount). */
export interface ListPrice {
	usd: number;
	unit: PriceUnit;
}

/** The list price in a catalog entry; null where there is none, or none that is understood. */
export function listPriceOf(entry: JsonObject): ListPrice | null {
	const price = asObject(entry.price);
	const actual = asObject(price?.actual);
	const usd = asAmount(actual?.base_price) ?? asAmount(price?.base_price);
	if (usd === null) return null;
	const named = asString(actual?.unit ?? price?.unit)?.toLowerCase();
	if (named !== undefined) return Object.hasOwn(PER_UNIT, named) ? { usd, unit: named as PriceUnit } : null;
	// Older entries have no unit: a video is then charged by the second.
	return { usd, unit: entry.type === 'Video' ? 'second' : 'generation' };
}

const PER_UNIT: Record<PriceUnit, string> = {
	generation: 'per generation',
	image: 'per image',
	second: 'per second',
	minute: 'per minute',
	'1k_chars': 'per 1,000 characters',
};

/** A number that is not negative, also as decimal text; null for anything else. */
export function asAmount(value: unknown): number | null {
	if (typeof value === 'string' && !/^[\s\d.e+-]*$/i.test(value)) return null;
	const number = asNumber(value);
	return number !== null && number >= 0 ? number : null;
}

/** Sums of prices are exact to a millionth of a dollar: 200 times 0.032 is 6.4, not 6.400000000000001. */
export function roundUsd(usd: number): number {
	return Math.round(usd * 1e6) / 1e6;
}

/** Dollars with as many decimals as the amount needs, two at least and six at most: `$0.032`, `$1.50`. */
export function dollars(usd: number): string {
	return `${usd < 0 ? '-' : ''}$${Math.abs(usd)
		.toFixed(6)
		.replace(/(\.\d\d\d*?)0+$/, '$1')}`;
}

/** `$0.032 per image` */
export function priceText({ usd, unit }: ListPrice): string {
	return `${dollars(usd)} ${PER_UNIT[unit]}`;
}

/** The names under which models ask for several images. */
export const COUNT_FIELDS = ['max_images', 'num_images', 'n', 'num_outputs'];

/** What a request would cost by its list price, in USD; null if it does not say how many units it takes. */
export function estimateUsd({ usd, unit }: ListPrice, body: JsonObject): number | null {
	const units = unitsIn(unit, body);
	return units === null ? null : roundUsd(usd * units);
}

function unitsIn(unit: PriceUnit, body: JsonObject): number | null {
	switch (unit) {
		// Sequential models are listed per generation, and each of their images is billed.
		case 'generation':
		case 'image':
			// If several are named, the largest counts: nobody knows which of them the model reads.
			return Math.max(1, ...COUNT_FIELDS.map((name) => asNumber(body[name]) ?? 1));
		case 'second':
		case 'minute': {
			const seconds = asNumber(body.duration);
			// A duration of -1 means that the model chooses.
			return seconds === null || seconds <= 0 ? null : seconds / (unit === 'minute' ? 60 : 1);
		}
		case '1k_chars': {
			const text = asString(body.text) ?? asString(body.prompt);
			return text === null ? null : text.length / 1_000;
		}
	}
}
