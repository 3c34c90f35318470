import { describeValue, isBlank, readBoolean, readNumber, readRatio, readText } from '../cells';
import { inputError, type AtlasError } from '../errors';
import { asNumber, parseJson, type JsonObject } from '../json';
import { truncate } from '../text';
import type { EnumValue, ModelField } from './inputSchema';
import type { MediaRule } from './mediaFields';

/** What was given for a media field: addresses, names of binary fields, or binary objects. */
export interface MediaInput extends Pick<ModelField, 'name' | 'title' | 'isRequired'> {
	rule: MediaRule;
	value: unknown;
	/** How many files it takes. */
	min: number;
	max: number;
}

/** A model's inputs, checked and in the declared types. */
export interface ModelInputs {
	/** Everything but the files. */
	body: JsonObject;
	media: MediaInput[];
	/** Names that were given and that the model does not have: they are not sent. */
	dropped: string[];
}

/** Whether a value counts as not given. */
function isEmpty(value: unknown): boolean {
	return isBlank(value) || (Array.isArray(value) && value.length === 0);
}

/**
 * Checks what was given against a model's fields, and converts it to the declared types. Sends nothing.
 * @throws AtlasError (`input`) in words with the field's title
 */
export function checkInputs(fields: ModelField[], given: JsonObject): ModelInputs {
	const entries: Array<[string, unknown]> = [];
	const media: MediaInput[] = [];
	for (const field of fields) {
		const { name, title, isRequired, media: rule } = field;
		const value = Object.hasOwn(given, name) ? given[name] : undefined;
		if (isEmpty(value)) {
			const isMissing = value === undefined && Object.hasOwn(given, name);
			if (isMissing && name === 'prompt' && !isRequired) throw missingError(title);
			const fallback = isRequired ? defaultOf(field) : undefined;
			if (fallback !== undefined) entries.push([name, fallback]);
		} else if (rule) {
			const max = rule.isList ? (field.maxItems ?? Infinity) : 1;
			media.push({ name, title, isRequired, rule, value, min: field.minItems ?? 1, max });
		} else {
			entries.push([name, convert(field, value)]);
		}
	}
	const names = new Set(fields.map(({ name }) => name));
	const dropped = Object.keys(given).filter((name) => !names.has(name) && !isEmpty(given[name]));
	// A field may be called `__proto__`.
	return { body: Object.fromEntries(entries), media, dropped };
}

/** The error of a prompt that is undefined, unlike an empty one: most often, its expression misspells a field. */
function missingError(title: string): AtlasError {
	return inputError(
		`'${title}' is empty`,
		"Its expression returns nothing for this item. Check the name of the field it reads, or add ?? '' to it if the prompt may be empty.",
	);
}

/** Some schemas require a field and give its default. */
function defaultOf({ title, defaultValue, isHidden, media }: ModelField): unknown {
	// The default of a file is a sample, and nobody's own.
	if (!isEmpty(defaultValue) && (!media || isHidden)) return defaultValue;
	// Nobody can fill in what the panel does not show; Atlas decides.
	if (isHidden) return undefined;
	throw inputError(
		`'${title}' is empty`,
		'The model needs it. If you use an expression, check that it returns a value for this item.',
	);
}

const CHECK_VALUE = 'Correct it, or check what its expression returns for this item.';

function convert(field: ModelField, value: unknown): unknown {
	const { title, type } = field;
	if (field.enumValues) return enumValue(field, field.enumValues, value);
	switch (type) {
		case 'number':
		case 'integer': {
			const [min, max] = [field.minimum ?? undefined, field.maximum ?? undefined];
			return readNumber(title, value, { isWhole: type === 'integer', min, max }, CHECK_VALUE);
		}
		case 'boolean':
			return readBoolean(title, value, CHECK_VALUE);
		case 'text':
			return readText(title, value);
		case 'json':
			return jsonValue(field, value);
		case 'any':
			return typeof value === 'string' ? (parseJson(value) ?? value) : value;
	}
}

/** The listed value that reads the same: text `10` means the number 10, `720P` means `720p`, `16:09` means `16:9`. */
function enumValue({ title }: ModelField, allowed: EnumValue[], value: unknown): EnumValue {
	const text = String(value).trim();
	const exact = allowed.find((one) => one === value) ?? allowed.find((one) => String(one) === text);
	const number = asNumber(text);
	const found =
		exact ??
		allowed.find((one) => String(one).toLowerCase() === readRatio(text).toLowerCase()) ??
		allowed.find((one) => number !== null && asNumber(one) === number);
	if (found !== undefined) return found;
	throw inputError(
		`'${title}' can’t be ${describeValue(value)}`,
		`Choose one of these: ${truncate(allowed.map(String).join(', '))}.`,
	);
}

/** Lists and objects come as they are, or as JSON text. */
function jsonValue({ title }: ModelField, value: unknown): unknown {
	if (typeof value !== 'string') return value;
	const parsed = parseJson(value);
	if (parsed !== undefined) return parsed;
	throw inputError(
		`'${title}' must be JSON, but it is ${describeValue(value)}`,
		'Enter a list like ["a", "b"], or an object like {"key": "value"}.',
	);
}
