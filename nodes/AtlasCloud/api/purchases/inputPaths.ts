import { asObject, type JsonObject } from '../json';

/** Where an input stands in the request body: `['image']`, `['images', 0]`, `['refers', 1, 'url']`. */
export type InputPath = readonly [field: string, ...keys: Array<string | number>];

/** The value at a path; undefined where the body has none. */
export function valueAt(body: JsonObject, path: InputPath): unknown {
	return path.reduce<unknown>((holder, key) => {
		if (typeof key === 'number') return Array.isArray(holder) ? (holder as unknown[])[key] : undefined;
		const object = asObject(holder);
		return object && Object.hasOwn(object, key) ? object[key] : undefined;
	}, body);
}

/** A copy of the body with each value at its path. Lists and objects on the way are made where they are missing. */
export function placeAt<Body extends JsonObject>(body: Body, entries: Array<[InputPath, unknown]>): Body {
	return entries.reduce<Body>((placed, [path, value]) => placeOne(placed, path, value) as Body, body);
}

function placeOne(holder: unknown, [key, ...rest]: ReadonlyArray<string | number>, value: unknown): unknown {
	if (key === undefined) return value;
	if (typeof key === 'number') {
		const list: unknown[] = Array.isArray(holder) ? [...(holder as unknown[])] : [];
		list[key] = placeOne(list[key], rest, value);
		return list;
	}
	const object = asObject(holder) ?? {};
	return { ...object, [key]: placeOne(Object.hasOwn(object, key) ? object[key] : undefined, rest, value) };
}
