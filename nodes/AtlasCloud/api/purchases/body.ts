import { sha256 } from '../hash';
import { asObject, isShallow, parseJson, type JsonObject } from '../json';

/**
 * A request body as its values by their places: small, and independent of how it was written down. Numbers are kept as
 * text, because a history may quote them; nulls are left out, because it may add them.
 */
export type BodyValues = ReadonlyMap<string, string>;

/** What a history row tells of a request. */
export interface ReadBody {
	values: BodyValues;
	/** Whether it is all of the request: a history may shorten it, or leave it out. */
	isWhole: boolean;
	/** The last value of a shortened one, as far as it goes. */
	cut?: { place: string; beginning: string };
}

/** Longer texts are kept as their hash. */
const MAX_TEXT_LENGTH = 2_048;
const HASHED = /^#[0-9a-f]{64}$/;

/** What a history or a log puts where it has cut a text. */
const SHORTENED = /(…|\.\.\.|\[truncated\])$/;

export function isCut(text: string): boolean {
	return SHORTENED.test(text);
}

/** A text that can be an input: a URL, or what a long one is kept as. */
export const INPUT_LIKE = /^(https?:|data:|#)/i;

export function placeOf(path: readonly PropertyKey[]): string {
	return path.map(String).join('\u0000');
}

/** A text as it is kept. A data URI is its content: `data:<sha256>:<bytes>`. */
export function valueOf(text: string): string {
	const encoded = /^data:[^,]*;base64,/i.exec(text);
	if (encoded) {
		const bytes = Buffer.from(text.slice(encoded[0].length), 'base64');
		if (!isCut(text)) return contentValue(sha256(bytes), bytes.byteLength);
	}
	// One that was cut is compared by its beginning.
	return text.length > MAX_TEXT_LENGTH && !isCut(text) ? `#${sha256(text)}` : text;
}

/** The value of a data URI with this content. */
export function contentValue(hash: string, sizeBytes: number): string {
	return `data:${hash}:${sizeBytes}`;
}

/** The values of a body. `webhook_url` is left out: it does not change what is bought. */
export function valuesOf(body: JsonObject): BodyValues {
	const values = new Map<string, string>();
	const add = (value: unknown, path: string[]): void => {
		if (value === null || value === undefined) return;
		if (typeof value !== 'object') return void values.set(placeOf(path), valueOf(String(value)));
		const entries = Object.entries(value);
		if (entries.length === 0) values.set(placeOf(path), Array.isArray(value) ? '[]' : '{}');
		for (const [key, inner] of entries) add(inner, [...path, key]);
	};
	for (const [key, value] of Object.entries(body)) if (key !== 'webhook_url') add(value, [key]);
	return values;
}

/** The hash by which a body as sent is found again. */
export function hashOf(values: BodyValues): string {
	return sha256(JSON.stringify([...values].sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Reads a row's `requestBody`: JSON, however often it was written as text, flat or under `input`; or its beginning. */
export function readBody(requestBody: unknown): ReadBody {
	let body = requestBody;
	for (let depth = 0; typeof body === 'string' && depth < 3; depth++) {
		const parsed = parseJson(body) ?? parseJson(Buffer.from(body, 'base64').toString('utf8'));
		if (parsed === undefined) return readCutBody(body);
		body = parsed;
	}
	const object = isShallow(body) ? asObject(body) : undefined;
	if (!object || Object.keys(object).length === 0) return { values: new Map(), isWhole: false };
	const { input, ...rest } = object;
	const inner = asObject(input);
	return { values: valuesOf(inner ? { ...rest, ...inner } : object), isWhole: true };
}

/** A name and a plain value, or a list of plain values, with the comma after it. */
const PAIR =
	/\s*"((?:[^"\\]|\\.)*)"\s*:\s*("(?:[^"\\]|\\.)*"|-?[\d.eE+-]+|true|false|null|\[[^[\]{}]*\])\s*,/y;
const CUT_PAIR = /\s*"((?:[^"\\]|\\.)*)"\s*:\s*"((?:[^"\\]|\\.)*)/y;

/** Reads what is whole at the beginning of a JSON object that was cut off. */
function readCutBody(text: string): ReadBody {
	const found: JsonObject = {};
	let at = /^\s*\{/.exec(text)?.[0].length ?? text.length;
	for (;;) {
		PAIR.lastIndex = at;
		const pair = PAIR.exec(text);
		if (!pair) break;
		found[pair[1]] = parseJson(pair[2]) ?? null;
		at = PAIR.lastIndex;
	}
	CUT_PAIR.lastIndex = at;
	const rest = CUT_PAIR.exec(text);
	const values = valuesOf(found);
	if (!rest) return { values, isWhole: false };
	const [, name, beginning] = rest;
	return { values, isWhole: false, cut: { place: name, beginning: stemOf(beginning) } };
}

/** A cut text without the mark of the cut, and without what may be half of a character's code. */
function stemOf(text: string): string {
	return text.replace(SHORTENED, '').split('\\', 1)[0];
}

/** Whether a value of the history is the beginning of this one. */
export function isShortened(value: string, whole: string): boolean {
	return isCut(value) && mayBeginWith(whole, stemOf(value));
}

/** Of a long text, only the hash is known. */
function mayBeginWith(value: string, beginning: string): boolean {
	return value.startsWith(beginning) || HASHED.test(value);
}

/** What is asked for: all values but its inputs, and where those stand. */
export interface WantedBody {
	values: BodyValues;
	inputPlaces: ReadonlySet<string>;
}

export function wantedBody(body: JsonObject, inputPlaces: string[]): WantedBody {
	return { values: valuesOf(body), inputPlaces: new Set(inputPlaces) };
}

/** Whether a row's model is surely not ours. Another name without a maker (`maker/model`) may be another name of ours. */
function isOtherModel(ours: string, theirs: string): boolean {
	if (theirs === ours) return false;
	const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
	const [a, b] = [plain(ours), plain(theirs)];
	return theirs.includes('/') && !a.includes(b) && !b.includes(a);
}

/** What a history may leave of a list of files. */
const EMPTY_LISTS = new Set(['[]', '{}']);

/**
 * Whether a row asked for the same, but for what its inputs are. `maybe`: it cannot be told.
 * @param rowModel what the row itself calls its model
 * @param mayBeAdded whether Atlas may have added a field that was not sent, such as a default
 */
export function compareBodies(
	{ values, inputPlaces }: WantedBody,
	row: ReadBody,
	rowModel: string | null,
	mayBeAdded: (field: string) => boolean,
): 'same' | 'maybe' | 'other' {
	const ours = values.get('model') ?? '';
	let isSure = row.isWhole;
	for (const [place, value] of values) {
		const theirs = row.values.get(place);
		if (theirs === value) continue;
		if (theirs === undefined) {
			// The row may name the model elsewhere.
			if (row.isWhole && place !== 'model') return 'other';
			if (place === row.cut?.place && !mayBeginWith(value, row.cut.beginning)) return 'other';
		} else if (place === 'model' ? isOtherModel(ours, theirs) : !isShortened(theirs, value)) return 'other';
		isSure = false;
	}
	const theirModel = row.values.get('model') ?? rowModel;
	if (theirModel !== null && isOtherModel(ours, theirModel)) return 'other';
	if (!row.isWhole) return 'maybe';
	const emptied = [...inputPlaces].filter((place) => !row.values.has(place)).map(fieldOf);
	if (!emptied.every((field) => EMPTY_LISTS.has(row.values.get(field) ?? ''))) return 'other';
	isSure &&= emptied.length === 0;
	const known = new Set([...values.keys(), ...inputPlaces, ...emptied]);
	const added = [...row.values.keys()].filter((place) => !known.has(place));
	if (added.length === 0) return isSure ? 'same' : 'maybe';
	const hasField = (field: string) =>
		[...values.keys(), ...inputPlaces].some((place) => fieldOf(place) === field);
	return added.every((place) => !hasField(fieldOf(place)) && mayBeAdded(fieldOf(place))) ? 'maybe' : 'other';
}

/** The field of the body in which a place is. */
export function fieldOf(place: string): string {
	return place.split('\u0000', 1)[0];
}
