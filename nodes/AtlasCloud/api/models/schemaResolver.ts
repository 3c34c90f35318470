import { asArray, asObject, type JsonObject } from '../json';

/** The largest document that is read, in bytes; also how much its `$ref`s may repeat. The largest known has 40 kB. */
export const MAX_SCHEMA_BYTES = 1_000_000;

/** `$ref`s that lead to `$ref`s, and alternatives within alternatives, are followed this far. */
const MAX_DEPTH = 8;

/** Of so many alternatives of a field the `$ref`s are followed. */
const MAX_ALTERNATIVES = 16;

/** What is read of a schema; anything else is not even copied. */
const KEYWORDS = [
	'type',
	'title',
	'description',
	'default',
	'enum',
	'minimum',
	'maximum',
	'multipleOf',
	'examples',
	'alternatives',
	'items',
	'minItems',
	'maxItems',
	'properties',
	'required',
	'format',
	'hidden',
	'disabled',
	'x-hidden',
	'x-accept',
	'x-max-size-mb',
	'x-order-properties',
];

/** Resolves the schemas of one document. What many `$ref`s repeat is limited: a small document could fill the memory. */
export class SchemaResolver {
	/** Sizes of what `$ref`s lead to, in characters of JSON. */
	private readonly sizes = new Map<JsonObject, number>();

	private repeatedSize = 0;

	constructor(private readonly document: JsonObject) {}

	/** Whether `$ref`s repeat more than a document may hold. Nothing is followed then. */
	get isExhausted(): boolean {
		return this.repeatedSize > MAX_SCHEMA_BYTES;
	}

	/** Follows local `$ref`s, and takes the first alternative that is not `null`. What stands beside them wins. */
	resolve(schema: JsonObject, depth = 0): JsonObject {
		const own = pick(schema, KEYWORDS);
		if (depth > MAX_DEPTH || this.isExhausted) return own;
		const { $ref, anyOf, oneOf, allOf } = schema;
		const target = this.follow($ref) ?? this.alternative(anyOf ?? oneOf) ?? merged(allOf);
		return target ? { ...this.resolve(target, depth + 1), ...own } : own;
	}

	/** What all alternatives but `null` have in common: their type, and their values where each lists some. */
	private alternative(schemas: unknown): JsonObject | undefined {
		const useful = objectsIn(schemas)
			.map((one, i) => (i < MAX_ALTERNATIVES ? refTarget(one.$ref, this.document) : undefined) ?? one)
			.filter(({ type }) => type !== 'null');
		if (useful.length < 2) return useful[0];
		const types = new Set(useful.map(({ type }) => type));
		const values = useful.flatMap((one) => ('const' in one ? [one.const] : asArray(one.enum)));
		const isListed = useful.every((one) => 'const' in one || Array.isArray(one.enum));
		if (isListed && types.size === 1) return { ...useful[0], title: undefined, enum: values };
		// `number or "auto"`, `"16:9" or [w, h]`: no single input of n8n's fits, so anything may be typed.
		if (types.size > 1 || types.has(undefined)) return { examples: values, alternatives: useful };
		return { ...useful[0], enum: undefined, examples: values };
	}

	private follow(ref: unknown): JsonObject | undefined {
		const target = refTarget(ref, this.document);
		if (!target) return undefined;
		const size = this.sizes.get(target) ?? JSON.stringify(target).length;
		this.sizes.set(target, size);
		this.repeatedSize += size;
		return target;
	}
}

function pick(schema: JsonObject, keys: readonly string[]): JsonObject {
	return Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(schema, key) ? [[key, schema[key]]] : [])));
}

function refTarget(ref: unknown, document: JsonObject): JsonObject | undefined {
	if (typeof ref !== 'string' || !ref.startsWith('#/')) return undefined;
	const path = ref.slice(2).split('/');
	return asObject(
		path.reduce<unknown>((value, key) => {
			const object = asObject(value);
			const decoded = key.replaceAll('~1', '/').replaceAll('~0', '~');
			return object && Object.hasOwn(object, decoded) ? object[decoded] : undefined;
		}, document),
	);
}

export function objectsIn(value: unknown): JsonObject[] {
	return asArray(value).flatMap((one): JsonObject[] => {
		const object = asObject(one);
		return object ? [object] : [];
	});
}

function merged(schemas: unknown): JsonObject | undefined {
	const parts = objectsIn(schemas);
	return parts.length > 0 ? Object.fromEntries(parts.flatMap((part) => Object.entries(part))) : undefined;
}
