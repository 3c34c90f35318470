import { asArray, asNumber, asObject, asString, isShallow, type JsonObject } from '../json';
import { isExpression, labelOf } from '../text';
import { mediaRuleOf, type MediaRule } from './mediaFields';

/** What a field of a model takes: `json` for lists and objects, `any` where the schema allows several types. */
export type FieldType = 'text' | 'number' | 'integer' | 'boolean' | 'json' | 'any';

export type EnumValue = string | number | boolean;

export type NumberLimits = Pick<ModelField, 'minimum' | 'maximum' | 'multipleOf'>;

/** One input field of a model, as its schema describes it. */
export interface ModelField {
	/** The key in the request body. */
	name: string;
	/** For people. */
	title: string;
	description: string;
	type: FieldType;
	isRequired: boolean;
	/** Not shown in the panel: Atlas hides or disables it. It may still be sent. */
	isHidden: boolean;
	/** The only values allowed; null where there is no such list. */
	enumValues: EnumValue[] | null;
	/** Values that it names while it allows others, too. */
	examples: EnumValue[];
	/** Undefined where the schema names none. */
	defaultValue: unknown;
	minimum: number | null;
	maximum: number | null;
	multipleOf: number | null;
	/** Of `width`, where the field takes an object of `width` and `height`; null for any other field. */
	sides: NumberLimits | null;
	/** Limits on the number of entries in a list. */
	minItems: number | null;
	maxItems: number | null;
	/** What files the field takes; null for any other field. */
	media: MediaRule | null;
}

const MAX_FIELDS = 500;

/** A longer value is none that people could choose. */
const MAX_VALUE_LENGTH = 200;

/** Of all fields together. */
const MAX_ENUM_VALUES = 2_000;

/**
 * The input fields in a model's OpenAPI document, in the order that Atlas gives them
 * (docs/atlas-cloud-api.md, Catalog). Fields that cannot be read are left out.
 * @returns null where the document describes no input at all, or one that is too large to be a model's
 */
export function readInputSchema(document: JsonObject): ModelField[] | null {
	if (!isShallow(document)) return null;
	const resolver = new SchemaResolver(document);
	const input = asObject(asObject(asObject(document.components)?.schemas)?.Input);
	const schema = input && resolver.resolve(input);
	const properties = asObject(schema?.properties);
	if (!schema || !properties || Object.keys(properties).length > MAX_FIELDS) return null;
	const required = new Set(asArray(schema.required));
	const fields: ModelField[] = [];
	let enumValues = 0;
	for (const name of orderedNames(schema, properties)) {
		const property = asObject(properties[name]);
		// A name that n8n would take for an expression is nothing that a model has.
		if (!property || isExpression(name)) continue;
		const resolved = withList(resolver.resolve(property));
		const items = asObject(resolved.items);
		const field = toField(name, resolved, items && resolver.resolveWhole(items), required.has(name));
		enumValues += (field.enumValues?.length ?? 0) + field.examples.length;
		if (enumValues > MAX_ENUM_VALUES || resolver.isExhausted) return null;
		fields.push(field);
	}
	return fields;
}

/** Of `a file or a list of files`, what the list says: a list of one serves for both. */
function withList(schema: JsonObject): JsonObject {
	const list = objectsIn(schema.alternatives).find(({ type }) => type === 'array');
	if (!list) return schema;
	const { items, minItems, maxItems } = list;
	const ofFiles = { 'x-accept': list['x-accept'], 'x-max-size-mb': list['x-max-size-mb'] };
	return { items, minItems, maxItems, ...ofFiles, ...schema };
}

function orderedNames(schema: JsonObject, properties: JsonObject): string[] {
	const ordered = asArray(schema['x-order-properties']).filter(
		(name): name is string => typeof name === 'string' && Object.hasOwn(properties, name),
	);
	return [...new Set([...ordered, ...Object.keys(properties)])].filter((name) => name !== 'model');
}

/** The limits of a side in `{width, height}`, which a field may take in place of other values. */
function sidesIn({ properties, alternatives }: JsonObject): NumberLimits | null {
	const all = [properties, ...objectsIn(alternatives).map((one) => one.properties)].map(asObject);
	const width = asObject(all.find((one) => one?.width && one.height)?.width);
	return width ? numberLimits(width) : null;
}

function numberLimits({ minimum, maximum, multipleOf }: JsonObject): NumberLimits {
	return { minimum: asNumber(minimum), maximum: asNumber(maximum), multipleOf: asNumber(multipleOf) };
}

function toField(
	name: string,
	schema: JsonObject,
	items: JsonObject | undefined,
	isRequired: boolean,
): ModelField {
	const enumValues = asArray(schema.enum).filter(isEnumValue);
	return {
		name,
		title: labelOf(asString(schema.title) ?? '') || labelOf(titleOf(name)),
		description: labelOf(asString(schema.description) ?? ''),
		type: typeOf(schema, enumValues),
		isRequired,
		isHidden: schema.hidden === true || schema.disabled === true || schema['x-hidden'] === true,
		enumValues: enumValues.length > 0 ? enumValues : null,
		examples: asArray(schema.examples).filter(isEnumValue),
		defaultValue: isExpression(schema.default) ? undefined : schema.default,
		...numberLimits(schema),
		sides: sidesIn(schema),
		minItems: asNumber(schema.minItems),
		maxItems: asNumber(schema.maxItems),
		media: mediaRuleOf(name, schema, items),
	};
}

function isEnumValue(value: unknown): value is EnumValue {
	if (typeof value === 'string') return value.length <= MAX_VALUE_LENGTH && !isExpression(value);
	return typeof value === 'number' || typeof value === 'boolean';
}

const TYPES: Record<string, FieldType> = {
	string: 'text',
	number: 'number',
	integer: 'integer',
	boolean: 'boolean',
	array: 'json',
	object: 'json',
};

function typeOf({ type, properties, items, alternatives }: JsonObject, enumValues: EnumValue[]): FieldType {
	// OpenAPI 3.1 writes "text or nothing" as a list of types.
	const named = [type].flat().filter((one) => one !== 'null' && one !== undefined);
	const isList = items !== undefined && alternatives === undefined;
	if (named.length === 0 && (properties !== undefined || isList)) return 'json';
	// Without a type, the listed values tell it.
	const types = new Set(named.length > 0 ? named : enumValues.map((value) => typeof value));
	const [only] = types;
	return types.size === 1 && Object.hasOwn(TYPES, String(only)) ? TYPES[String(only)] : 'any';
}

/** `generate_audio` → `Generate Audio` */
function titleOf(name: string): string {
	const words = name.split(/[_\s-]+/).filter((word) => word !== '');
	return words.map((word) => word[0].toUpperCase() + word.slice(1)).join(' ');
}

/** The largest document that is read, in bytes; also how much its `$ref`s may repeat. The largest known has 40 kB. */
export const MAX_SCHEMA_BYTES = 1_000_000;

/** `$ref`s that lead to `$ref`s, and alternatives within alternatives, are followed this far. */
const MAX_DEPTH = 8;

/** What is read of a schema; anything else is not even copied. */
const KEYWORDS = new Set([
	...['type', 'title', 'description', 'default', 'enum', 'examples', 'alternatives', 'required'],
	...['minimum', 'maximum', 'multipleOf', 'items', 'minItems', 'maxItems', 'properties', 'format'],
	...['hidden', 'disabled', 'x-hidden', 'x-accept', 'x-max-size-mb', 'x-order-properties'],
]);

/** Resolves the schemas of one document. What many `$ref`s repeat is limited: a small document could fill the memory. */
class SchemaResolver {
	/** In characters of JSON. */
	private repeatedSize = 0;

	constructor(private readonly document: JsonObject) {}

	/** Whether `$ref`s repeat more than a document may hold. Nothing is followed then. */
	get isExhausted(): boolean {
		return this.repeatedSize > MAX_SCHEMA_BYTES;
	}

	/** Follows local `$ref`s, and takes what alternatives have in common. What stands beside them wins. */
	resolve(schema: JsonObject, depth = 0): JsonObject {
		const own = Object.fromEntries(Object.entries(schema).filter(([key]) => KEYWORDS.has(key)));
		if (depth > MAX_DEPTH) return own;
		const { $ref, anyOf, oneOf, allOf } = schema;
		const parts = [this.follow($ref), this.alternative(anyOf ?? oneOf), ...objectsIn(allOf)];
		const resolved = parts.flatMap<JsonObject>((part) => (part ? this.resolve(part, depth + 1) : []));
		return resolved.length > 0 ? merged([...resolved, own]) : own;
	}

	/** The same, with the properties of an object resolved, too. */
	resolveWhole(schema: JsonObject): JsonObject {
		const whole = this.resolve(schema);
		const entries = Object.entries(asObject(whole.properties) ?? {});
		const resolved = entries.map(([name, one]) => [name, this.resolve(asObject(one) ?? {})]);
		return { ...whole, properties: Object.fromEntries(resolved) as JsonObject };
	}

	/** What all alternatives but `null` have in common: their type, and their values where each lists some. */
	private alternative(schemas: unknown): JsonObject | undefined {
		const useful = objectsIn(schemas)
			.map((one) => this.follow(one.$ref) ?? one)
			.filter(({ type }) => type !== 'null');
		if (useful.length < 2) return useful[0];
		const types = new Set(useful.map(({ type }) => type));
		const values = useful.flatMap((one) => ('const' in one ? [one.const] : asArray(one.enum)));
		const isListed = useful.every((one) => 'const' in one || Array.isArray(one.enum));
		if (isListed && types.size === 1) return { ...useful[0], title: undefined, enum: values };
		// `number or "auto"`, `"16:9" or [w, h]`: no single input of n8n's fits, so anything may be typed.
		if (types.size > 1 || types.has(undefined)) return { examples: values, alternatives: useful };
		const limits = { minimum: undefined, maximum: undefined, multipleOf: undefined };
		const counts = { minItems: undefined, maxItems: undefined, required: undefined };
		return { ...useful[0], ...limits, ...counts, enum: undefined, examples: values };
	}

	private follow(ref: unknown): JsonObject | undefined {
		if (typeof ref !== 'string' || !ref.startsWith('#/') || this.isExhausted) return undefined;
		const path = ref.slice(2).split('/');
		const found = path.reduce<unknown>((value, key) => {
			const object = asObject(value);
			const decoded = key.replaceAll('~1', '/').replaceAll('~0', '~');
			return object && Object.hasOwn(object, decoded) ? object[decoded] : undefined;
		}, this.document);
		const target = asObject(found);
		if (target) this.repeatedSize += JSON.stringify(target).length;
		return target;
	}
}

function objectsIn(value: unknown): JsonObject[] {
	return asArray(value).flatMap<JsonObject>((one) => asObject(one) ?? []);
}

/** The later one wins, but the properties of all count. */
function merged(parts: JsonObject[]): JsonObject {
	const entriesOf = (objects: unknown[]) => objects.flatMap((one) => Object.entries(asObject(one) ?? {}));
	const whole: JsonObject = Object.fromEntries(entriesOf(parts));
	const required = parts.flatMap((part) => asArray(part.required));
	if (!whole.properties) return { ...whole, required };
	const properties: JsonObject = Object.fromEntries(entriesOf(parts.map((part) => part.properties)));
	return { ...whole, required, properties };
}
