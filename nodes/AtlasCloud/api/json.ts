/** A JSON object from the wire: its values are narrowed before use, because nothing there is sure to have a type. */
export type JsonObject = Record<string, unknown>;

export function asObject(value: unknown): JsonObject | undefined {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? (value as JsonObject)
		: undefined;
}

export function asArray(value: unknown): unknown[] {
	return Array.isArray(value) ? value : [];
}

/** A copy of an object without one of its keys. */
export function omit(object: JsonObject, key: string): JsonObject {
	return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

/** A non-empty string, or null. */
export function asString(value: unknown): string | null {
	return typeof value === 'string' && value !== '' ? value : null;
}

/** A finite number, even if written as a string, or null. */
export function asNumber(value: unknown): number | null {
	if (typeof value === 'number') return Number.isFinite(value) ? value : null;
	if (typeof value !== 'string' || value.trim() === '') return null;
	const number = Number(value);
	return Number.isFinite(number) ? number : null;
}

/** The value of a JSON text; undefined if it is not JSON. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

/** Deeper than any request or error, and far from where recursion would run out of stack. */
const MAX_DEPTH = 100;

function isContainer(value: unknown): value is object {
	return typeof value === 'object' && value !== null;
}

/** Whether recursion over a JSON value is safe: values nested a hundred thousand levels deep still parse. */
export function isShallow(value: unknown): boolean {
	let level = [value].filter(isContainer);
	for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
		level = level.flatMap((container) => Object.values(container).filter(isContainer));
	}
	return level.length === 0;
}

/** The JSON text of a value, independent of the order of its keys. */
export function canonicalJson(value: unknown): string {
	return JSON.stringify(value, (_key, inner: unknown) => {
		const object = asObject(inner);
		if (!object) return inner;
		return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
	});
}
