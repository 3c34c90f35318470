import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { describeValue, isBlank, readBoolean, readNumber, readText } from '../api/cells';
import { inputError } from '../api/errors';
import { asObject } from '../api/json';

/*
 * Fields are read by what the panel itself says of them: type, range, and choices. An expression may give any of them as
 * text, as spreadsheets and forms do.
 */

const CHECK_OPTION = 'Correct it under Options, or remove the option.';
const CHECK_PARAMETER = 'Correct it. If you use an expression, check what it returns for this item.';

/**
 * The options of an item that its operation offers.
 * @param fields of the operation
 * @param only the name of the one to read; by default all
 * @returns null for an option that is there, but blank
 * @throws AtlasError (`input`) that names the option
 */
export function readOptions(
	context: IExecuteFunctions,
	itemIndex: number,
	fields: INodeProperties[],
	only?: string,
): IDataObject {
	const options = fields.find(({ name }) => name === 'options')?.options as INodeProperties[] | undefined;
	const offered = options?.filter(({ name }) => only === undefined || name === only) ?? [];
	return readCollection(offered, context.getNodeParameter('options', itemIndex, {}), CHECK_OPTION);
}

/** A field of an item; its default where it is blank. @throws AtlasError (`input`) that names the field */
export function readParameter(
	context: IExecuteFunctions,
	itemIndex: number,
	field: INodeProperties,
): unknown {
	const value: unknown = context.getNodeParameter(field.name, itemIndex, field.default);
	return readField(field, value, CHECK_PARAMETER) ?? field.default;
}

/** `"3"` is 3, `TRUE` is true, `PNG` is `png`; null where it is blank. @throws AtlasError (`input`) */
function readField(field: INodeProperties, value: unknown, advice: string): unknown {
	const { displayName, type, typeOptions = {}, options } = field;
	if (isBlank(value)) return null;
	switch (type) {
		case 'boolean':
			return readBoolean(displayName, value, advice);
		case 'number': {
			const { minValue: min, maxValue: max, numberPrecision } = typeOptions;
			return readNumber(displayName, value, { isWhole: numberPrecision === 0, min, max }, advice);
		}
		case 'options':
			return readChoice(displayName, options as INodePropertyOptions[], value, advice);
		case 'string':
			return readText(displayName, value);
		case 'collection':
			return readCollection(options as INodeProperties[], value, advice);
		default:
			return value;
	}
}

function readCollection(fields: INodeProperties[], value: unknown, advice: string): IDataObject {
	const given = asObject(value) ?? {};
	const set = fields.filter(({ name }) => name in given);
	return Object.fromEntries(
		set.map((field) => [field.name, readField(field, given[field.name], advice)]),
	) as IDataObject;
}

function readChoice(title: string, choices: INodePropertyOptions[], given: unknown, advice: string): unknown {
	const wanted = String(given).trim().toLowerCase();
	const isMeant = ({ name, value }: INodePropertyOptions) =>
		[name, String(value)].some((one) => one.toLowerCase() === wanted);
	const found = choices.find(isMeant);
	if (found) return found.value;
	const names = choices.map(({ name }) => name).join(', ');
	throw inputError(`'${title}' must be one of ${names}, but it is ${describeValue(given)}`, advice);
}
