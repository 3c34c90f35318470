import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { describeValue, isBlank, readBoolean, readNumber, readText } from '../api/cells';
import { inputError } from '../api/errors';
import { listNames } from '../api/text';
import { asNumber, asObject, parseJson, type JsonObject } from '../api/json';
import type { PurchaseRequest } from '../api/purchases/request';

/** Where all nodes are described. */
export const DOCS_URL = 'https://github.com/n8n-nodes-seedream/n8n-nodes-seedream#readme';

/** Items at once where nothing is bought: uploads and reads have no limit that could be found out. */
export const DEFAULT_CONCURRENCY = 20;
export const DEFAULT_TIMEOUT_SECONDS = 300;
export const MAX_TIMEOUT_SECONDS = 86_400;
/** Videos take minutes. */
export const SLOW_TIMEOUT_SECONDS = 1_800;

/** The longest that Atlas keeps files and records (docs/atlas-cloud-api.md, Submit). */
export const MAX_RETENTION_HOURS = 336;

/** Never more items at once than this, by the run's first item; null for automatic. @throws AtlasError (`input`) */
export function readConcurrency(context: IExecuteFunctions, fields: INodeProperties[]): number | null {
	return (readOption(context, 0, fields, 'concurrency') as number | null | undefined) || null;
}

/**
 * An option that limits costs; null if it is not set.
 * @throws AtlasError (`input`) if it is blank: an expression that gives nothing must not lift a limit
 */
function readLimit(title: string, value: unknown): number | null {
	if (value === undefined) return null;
	if (value !== null) return value as number;
	throw inputError(`'${title}' is empty`, 'Enter a number under Options, or remove the option.');
}

/** The option Max Cost per Run, in USD. A budget that is used up gives 0 or less, and then nothing may cost anything. */
export const readMaxCostUsd = ({ maxCostUsd }: IDataObject) =>
	readLimit('Max Cost per Run (USD)', maxCostUsd);

export const readReuseHours = ({ reuseHours }: IDataObject) =>
	readLimit('Reuse Paid Results (Hours)', reuseHours) ?? 0;

/** How long an item waits, and whether an unfinished prediction is then an error. */
export type TimeoutOptions = Pick<PurchaseRequest, 'timeoutMs' | 'failsOnTimeout'>;

/** The options Timeout and On Timeout. @param defaultSeconds used where Timeout is not set */
export function readTimeout(options: IDataObject, defaultSeconds: number): TimeoutOptions {
	const seconds = asNumber(options.timeoutSeconds) ?? defaultSeconds;
	return { timeoutMs: seconds * 1_000, failsOnTimeout: options.onTimeout !== 'continue' };
}

/** The option Extra Body Fields. @param ownFields what the node sets itself @throws AtlasError (`input`) */
export function readExtraBodyFields({ extraBodyFields }: IDataObject, ownFields: string[]): JsonObject {
	if (isBlank(extraBodyFields)) return {};
	const extra = asObject(typeof extraBodyFields === 'string' ? parseJson(extraBodyFields) : extraBodyFields);
	if (!extra) {
		throw inputError(
			"'Extra Body Fields' must be a JSON object",
			'Write it like {"enable_base64_output": true}.',
		);
	}
	const forbidden = Object.keys(extra).filter((name) => ownFields.includes(name));
	if (forbidden.length === 0) return extra;
	throw inputError(
		`'Extra Body Fields' can’t set ${listNames(forbidden)}`,
		forbidden.includes('enable_sync_mode')
			? 'This node waits for the result itself and doesn’t support sync mode.'
			: 'Use the fields of this node instead.',
	);
}

/*
 * Fields are read by what the panel itself says of them: type, range, and choices. An expression may give any of them as
 * text, as spreadsheets and forms do.
 */

const CHECK_OPTION = 'Correct it under Options, or remove the option.';
const CHECK_PARAMETER = 'Correct it. If you use an expression, check what it returns for this item.';

const optionsIn = (fields: INodeProperties[]) =>
	(fields.find(({ name }) => name === 'options')?.options ?? []) as INodeProperties[];

/** The options of an item that its operation offers; null for one that is there, but blank. @throws AtlasError (`input`) */
export function readOptions(
	context: IExecuteFunctions,
	itemIndex: number,
	fields: INodeProperties[],
): IDataObject {
	return readCollection(optionsIn(fields), context.getNodeParameter('options', itemIndex, {}), CHECK_OPTION);
}

/** One of them, whatever is wrong with the others. @throws AtlasError (`input`) */
export function readOption(
	context: IExecuteFunctions,
	itemIndex: number,
	fields: INodeProperties[],
	name: string,
): unknown {
	const field = optionsIn(fields).find((one) => one.name === name);
	return (
		field && readField(field, context.getNodeParameter(`options.${name}`, itemIndex, null), CHECK_OPTION)
	);
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
