import { Refusal } from './answers';
import type { InputSchema, Property } from './models/model';

export type Fields = Record<string, unknown>;

export function isFields(value: unknown): value is Fields {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The declared fields, with defaults for those that are missing. Refuses with 400 and names the field. */
export function checkFields(fields: Fields, schema: InputSchema): Fields {
	const entries = Object.entries(schema.properties).map(([name, property]) => {
		const value = fields[name] ?? property.default;
		const problem = isMissing(value) ? null : problemOf(value, property, schema);
		if (schema.required.includes(name) && isMissing(value)) throw new Refusal(400, `${name} is required`);
		if (problem !== null) throw new Refusal(400, `${name} ${problem}`);
		return [name, value] as const;
	});
	return Object.fromEntries(entries.filter(([, value]) => !isMissing(value)));
}

function isMissing(value: unknown): boolean {
	return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/** What follows the field's name in a refusal; null where the value is fine. */
function problemOf(value: unknown, property: Property, schema: InputSchema): string | null {
	const { $ref, anyOf, enum: values } = property;
	if ($ref !== undefined) {
		const shared = schema.shared?.[$ref.split('/').pop() ?? ''];
		return shared ? problemOf(value, shared, schema) : null;
	}
	if (anyOf) {
		const problems = anyOf.map((branch) => problemOf(value, branch, schema));
		return problems.includes(null) ? null : problems.join(', or ');
	}
	if (values && !values.includes(value)) return `must be one of ${values.join(', ')}`;
	return typeProblem(value, property, schema);
}

function typeProblem(value: unknown, property: Property, schema: InputSchema): string | null {
	switch (property.type) {
		case 'string':
			return typeof value === 'string'
				? rangeProblem(value.length, property.minLength, property.maxLength, ' characters')
				: 'must be a string';
		case 'boolean':
			return typeof value === 'boolean' ? null : 'must be a boolean';
		case 'integer':
			if (!Number.isInteger(value)) return 'must be an integer';
			if (Number(value) % (property.multipleOf ?? 1) !== 0)
				return `must be a multiple of ${property.multipleOf}`;
			return rangeProblem(Number(value), property.minimum, property.maximum);
		case 'number':
			if (typeof value !== 'number') return 'must be a number';
			return rangeProblem(value, property.minimum, property.maximum);
		case 'array':
			return Array.isArray(value) ? listProblem(value, property, schema) : 'must be an array';
		case 'object':
			return isFields(value) ? objectProblem(value, property, schema) : 'must be an object';
		case 'null':
			return value === null ? null : 'must be null';
		case undefined:
			return null;
	}
}

function listProblem(list: unknown[], property: Property, schema: InputSchema): string | null {
	const { items = {}, minItems, maxItems } = property;
	const problems = list.map((item) => problemOf(item, items, schema));
	const first = problems.find((problem) => problem !== null);
	return first === undefined ? rangeProblem(list.length, minItems, maxItems, ' items') : `items ${first}`;
}

function objectProblem(value: Fields, property: Property, schema: InputSchema): string | null {
	const { properties = {}, required = [] } = property;
	const missing = required.find((name) => isMissing(value[name]));
	if (missing !== undefined) return `${missing} is required`;
	const problems = Object.entries(properties)
		.filter(([name]) => value[name] !== undefined)
		.map(([name, inner]) => [name, problemOf(value[name], inner, schema)] as const);
	const first = problems.find(([, problem]) => problem !== null);
	return first ? first.join(' ') : null;
}

function rangeProblem(size: number, min = -Infinity, max = Infinity, unit = ''): string | null {
	if (size < min) return `must be at least ${min}${unit}, got ${size}`;
	return size > max ? `must be at most ${max}${unit}, got ${size}` : null;
}
