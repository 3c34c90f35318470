import { asNumber, canonicalJson, type JsonObject } from '../json';
import { placeAt, type InputPath } from './inputPaths';

/** An input by its content, or by the URL that the item gives. */
export type InputIdentity = { sha256: string; sizeBytes: number; url?: undefined } | { url: string };

export interface IdentifiedInput {
	path: InputPath;
	identity: InputIdentity;
}

/** A request, wherever its inputs were uploaded to. */
export interface RequestShape {
	/** The body without the inputs. */
	body: JsonObject & { model: string };
	inputs: IdentifiedInput[];
	/** How it was sent if the model's schema could not be read then. */
	asTyped?: RequestShape;
	/** Whether the model's schema cannot be read now, so that it may have been sent otherwise. */
	isUncertain?: boolean;
}

/** The body apart from what its inputs are. One with more inputs than these differs. */
export function shapeKey(body: JsonObject, paths: InputPath[]): string {
	return canonicalJson(
		placeAt(
			body,
			paths.map((path) => [path, null]),
		),
	);
}

/**
 * Whether a request as typed and one as sent may be the same, as far as can be told without the model's schema. It turns
 * text into numbers and booleans, file names into URLs, and leaves out what the model doesn't have.
 */
export function mayBeSame(typed: JsonObject, sent: JsonObject): boolean {
	return Object.entries(typed).every(([name, value]) => {
		const other = Object.hasOwn(sent, name) ? sent[name] : undefined;
		if (typeof other === 'string') return isAddress(other) || !isText(value) || isSameText(value, other);
		return typeof other !== 'number' || asNumber(value) === null || asNumber(value) === other;
	});
}

function isAddress(text: string): boolean {
	return /^(https?:|data:)/i.test(text);
}

function isText(value: unknown): value is string | number | boolean {
	return ['string', 'number', 'boolean'].includes(typeof value);
}

function isSameText(a: string | number | boolean, b: string): boolean {
	return String(a).trim().toLowerCase() === b.trim().toLowerCase();
}
