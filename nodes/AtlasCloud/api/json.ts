/** Narrowing of what came over the wire. Nothing from there is trusted to have a type. */

export type JsonObject = Record<string, unknown>;

export function asObject(value: unknown): JsonObject | undefined {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? (value as JsonObject)
		: undefined;
}

export function asArray(value: unknown): unknown[] {
	return Array.isArray(value) ? value : [];
}

/** A non-empty string, or null. */
export function asString(value: unknown): string | null {
	return typeof value === 'string' && value !== '' ? value : null;
}

/** A finite number, also one written as a string, or null. */
export function asNumber(value: unknown): number | null {
	if (typeof value === 'number') return Number.isFinite(value) ? value : null;
	if (typeof value !== 'string' || value.trim() === '') return null;
	const number = Number(value);
	return Number.isFinite(number) ? number : null;
}

/** A JSON text's value, or undefined where it is no JSON. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

/** Deeper than any request or error is; far from where walking a value would run out of stack. */
const MAX_LEVELS = 100;

/** Whether a JSON value can be walked: one nested a hundred thousand times parses, and then ends whoever walks it. */
export function isShallow(value: unknown): boolean {
	let level: unknown[] = [value];
	for (let levels = 0; levels <= MAX_LEVELS; levels++) {
		const next: unknown[] = [];
		for (const one of level) {
			if (typeof one !== 'object' || one === null) continue;
			// Not spread into arguments: an array may have millions of elements.
			for (const inner of Object.values(one))
				if (typeof inner === 'object' && inner !== null) next.push(inner);
		}
		if (next.length === 0) return true;
		level = next;
	}
	return false;
}

/** The same text for the same JSON value, whatever the order of its keys. */
export function canonicalJson(value: unknown): string {
	return JSON.stringify(value, (_key, inner: unknown) => {
		const object = asObject(inner);
		if (!object) return inner;
		return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
	});
}
