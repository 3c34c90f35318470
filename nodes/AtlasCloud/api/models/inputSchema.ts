import { asArray, asNumber, asObject, asString, type JsonObject } from '../json';
import { mediaRuleOf, type MediaRule } from './mediaFields';

export type ScalarType = 'text' | 'number' | 'integer' | 'boolean';

/** What a field of a model takes: `json` for lists and objects, `any` where the schema allows several types. */
export type FieldType = ScalarType | 'json' | 'any';

export type EnumValue = string | number | boolean;

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
	/** Undefined where the schema names none. */
	defaultValue: unknown;
	minimum: number | null;
	maximum: number | null;
	/** Limits on the number of entries in a list. */
	minItems: number | null;
	maxItems: number | null;
	/** What files the field takes; null for any other field. */
	media: MediaRule | null;
}

/** `$ref`s that lead to `$ref`s, and alternatives within alternatives, are followed this far. */
const MAX_DEPTH = 8;

/**
 * The input fields in a model's OpenAPI document, in the order that Atlas gives them
 * (docs/atlas-cloud-api.md, Catalog). Fields that cannot be read are left out.
 * @returns null where the document describes no input at all
 */
export function readInputSchema(document: JsonObject): ModelField[] | null {
	const input = asObject(asObject(asObject(document.components)?.schemas)?.Input);
	const schema = input && resolve(input, document);
	const properties = asObject(schema?.properties);
	if (!schema || !properties) return null;
	const required = new Set(asArray(schema.required));
	return orderedNames(schema, properties).flatMap((name): ModelField[] => {
		const property = asObject(properties[name]);
		return property ? [toField(name, resolve(property, document), required.has(name), document)] : [];
	});
}

function orderedNames(schema: JsonObject, properties: JsonObject): string[] {
	const ordered = asArray(schema['x-order-properties']).filter(
		(name): name is string => typeof name === 'string' && Object.hasOwn(properties, name),
	);
	return [...new Set([...ordered, ...Object.keys(properties)])].filter((name) => name !== 'model');
}

/** Follows local `$ref`s, and takes the first alternative that is not `null`. What stands beside them wins. */
function resolve(schema: JsonObject, document: JsonObject, depth = 0): JsonObject {
	if (depth > MAX_DEPTH) return schema;
	const { $ref, anyOf, oneOf, allOf, ...own } = schema;
	const target = refTarget($ref, document) ?? alternative(anyOf ?? oneOf) ?? merged(allOf);
	return target ? { ...resolve(target, document, depth + 1), ...own } : own;
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

function objectsIn(value: unknown): JsonObject[] {
	return asArray(value).flatMap((one): JsonObject[] => {
		const object = asObject(one);
		return object ? [object] : [];
	});
}

/** What all alternatives but `null` have in common: their type, and their values where each lists some. */
function alternative(schemas: unknown): JsonObject | undefined {
	const useful = objectsIn(schemas).filter(({ type }) => type !== 'null');
	if (useful.length < 2) return useful[0];
	const types = new Set(useful.map(({ type }) => type));
	// `number or "auto"`, `"16:9" or [w, h]`: no single input of n8n's fits, so anything may be typed.
	if (types.size > 1 || useful.some(({ type }) => type === undefined)) return {};
	const isListed = useful.every((one) => Array.isArray(one.enum));
	const values = useful.flatMap((one) => asArray(one.enum));
	return { ...useful[0], enum: isListed ? values : undefined };
}

function merged(schemas: unknown): JsonObject | undefined {
	const parts = objectsIn(schemas);
	return parts.length > 0 ? (Object.assign({}, ...parts) as JsonObject) : undefined;
}

function toField(name: string, schema: JsonObject, isRequired: boolean, document: JsonObject): ModelField {
	const rawItems = asObject(schema.items);
	const items = rawItems && resolve(rawItems, document);
	const media = mediaRuleOf(name, schema, items);
	const enumValues = asArray(schema.enum).filter(isEnumValue);
	return {
		name,
		title: asString(schema.title) ?? titleOf(name),
		description: asString(schema.description) ?? '',
		type: typeOf(schema, enumValues),
		isRequired,
		isHidden: schema.hidden === true || schema.disabled === true || schema['x-hidden'] === true,
		enumValues: enumValues.length > 0 ? enumValues : null,
		defaultValue: schema.default,
		minimum: asNumber(schema.minimum),
		maximum: asNumber(schema.maximum),
		minItems: asNumber(schema.minItems),
		maxItems: asNumber(schema.maxItems),
		media,
	};
}

function isEnumValue(value: unknown): value is EnumValue {
	return ['string', 'number', 'boolean'].includes(typeof value);
}

function typeOf({ type, properties, items }: JsonObject, enumValues: EnumValue[]): FieldType {
	// OpenAPI 3.1 writes "text or nothing" as a list of types.
	const named = Array.isArray(type) ? (type as unknown[]).filter((one) => one !== 'null') : [type];
	if (named.length > 1) return 'any';
	switch (named[0]) {
		case 'string':
			return 'text';
		case 'number':
		case 'integer':
		case 'boolean':
			return named[0];
		case 'array':
		case 'object':
			return 'json';
		default:
			if (properties !== undefined || items !== undefined) return 'json';
			return typeOfEnum(enumValues);
	}
}

/** Without a type, the listed values tell it. */
function typeOfEnum(enumValues: EnumValue[]): FieldType {
	const types = new Set(enumValues.map((value) => typeof value));
	if (types.size !== 1) return 'any';
	if (types.has('string')) return 'text';
	return types.has('number') ? 'number' : 'boolean';
}

/** `generate_audio` → `Generate Audio` */
function titleOf(name: string): string {
	return name
		.split(/[_\s-]+/)
		.filter((word) => word !== '')
		.map((word) => word[0].toUpperCase() + word.slice(1))
		.join(' ');
}
