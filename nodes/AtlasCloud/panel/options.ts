import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { listNames } from '../api/text';
import { asNumber, asObject, parseJson, type JsonObject } from '../api/json';
import { checkWebhookUrl } from '../api/webhooks/webhookUrl';

/** Where all nodes are described. */
export const DOCS_URL = 'https://github.com/n8n-nodes-seedream/n8n-nodes-seedream#readme';

/** What the options of all nodes allow and default to, and how they are read. */

/** Items at once where nothing is bought: uploads and reads have no limit that could be found out. */
export const DEFAULT_CONCURRENCY = 20;
export const DEFAULT_TIMEOUT_SECONDS = 300;
export const MAX_TIMEOUT_SECONDS = 86_400;
/** Videos take minutes. */
export const SLOW_TIMEOUT_SECONDS = 1_800;

/** The longest that Atlas keeps files and records (docs/atlas-cloud-api.md, Submit). */
export const MAX_RETENTION_HOURS = 336;

/** What differs between the nodes where they have the same options: texts are made of these words. */
export interface NodeWords {
	/** What is bought: `edit`. */
	purchase: string;
	/** What is downloaded: `image`. */
	output: string;
	/** What a finished item is called in the hint: `edited image`. */
	result: string;
	/** The parameter that says whether files are downloaded. */
	downloadParameter: string;
	/** The option that limits how many are bought per run. */
	maxPurchases: { name: string; displayName: string; default: number };
	/** The default of Max Download Size, in megabytes (10^6 bytes). */
	maxDownloadMb: number;
}

export const EDIT_WORDS: NodeWords = {
	purchase: 'edit',
	output: 'image',
	result: 'edited image',
	downloadParameter: 'downloadImages',
	maxPurchases: { name: 'maxEdits', displayName: 'Max Edits per Run', default: 250 },
	maxDownloadMb: 100,
};

/** For any model, of videos too. */
export const MODEL_WORDS: NodeWords = {
	purchase: 'prediction',
	output: 'file',
	result: 'result',
	downloadParameter: 'downloadFiles',
	maxPurchases: { name: 'maxPredictions', displayName: 'Max Predictions per Run', default: 50 },
	maxDownloadMb: 1_000,
};

/** An item's options, as its fields say. */
export function readOptions(context: IExecuteFunctions, itemIndex: number): IDataObject {
	return (asObject(context.getNodeParameter('options', itemIndex, {})) ?? {}) as IDataObject;
}

/**
 * An option that is a whole number in a range; undefined where it is not set.
 * @param displayName the option's name in the panel
 * @throws AtlasError (`input`)
 */
export function readWholeNumber(
	value: unknown,
	displayName: string,
	min: number,
	max: number,
): number | undefined {
	if (value === undefined || value === null || value === '') return undefined;
	const number = asNumber(value);
	if (number !== null && Number.isInteger(number) && number >= min && number <= max) return number;
	throw inputError(
		`'${displayName}' must be a whole number${max === Number.MAX_SAFE_INTEGER ? `, ${min} or higher` : ` between ${min} and ${max}`}`,
		'Correct it under Options, or remove the option.',
	);
}

/** Never more items at once than this; null for automatic. @throws AtlasError (`input`) */
export function readConcurrency({ concurrency = 0 }: IDataObject): number | null {
	if (typeof concurrency === 'number' && Number.isInteger(concurrency) && concurrency >= 0)
		return concurrency === 0 ? null : concurrency;
	throw inputError(
		'Concurrency must be a whole number, 0 or higher',
		'Correct it under Options, or remove the option: 0 means automatic.',
	);
}

/** The option that limits how many are bought per run. @throws AtlasError (`input`) */
export function readMaxPurchases(options: IDataObject, { maxPurchases }: NodeWords): number {
	const { name, displayName, default: defaultMax } = maxPurchases;
	return readWholeNumber(options[name], displayName, 1, Number.MAX_SAFE_INTEGER) ?? defaultMax;
}

/**
 * The option Max Cost per Run, in USD; null if it is not set. A budget that is used up gives 0 or less, and then nothing
 * may cost anything.
 * @throws AtlasError (`input`) if it is no number: an expression that gives nothing must not lift a limit
 */
export function readMaxCostUsd(options: IDataObject): number | null {
	if (!('maxCostUsd' in options)) return null;
	const maxCostUsd = asNumber(options.maxCostUsd);
	if (maxCostUsd !== null) return maxCostUsd;
	throw inputError(
		"'Max Cost per Run' must be an amount in dollars",
		'Correct it under Options, or remove the option for no limit.',
	);
}

/**
 * The option Max Download Size, in bytes.
 * @param defaultMb the node's default, in megabytes (10^6 bytes)
 * @throws AtlasError (`input`)
 */
export function readMaxDownloadBytes(options: IDataObject, defaultMb: number): number {
	const maxDownloadMb = asNumber(options.maxDownloadMb ?? defaultMb);
	if (maxDownloadMb !== null && maxDownloadMb > 0) return maxDownloadMb * 1_000_000;
	throw inputError(
		'Max Download Size must be a number above 0',
		`Correct it under Options, or remove the option for the default of ${defaultMb} MB.`,
	);
}

/** How long Atlas is to keep a prediction’s files and record, as request headers. @throws AtlasError (`input`) */
export function readRetentionHeaders({ keepOnAtlasHours }: IDataObject): Record<string, string> {
	const hours = readWholeNumber(keepOnAtlasHours, 'Keep on Atlas Cloud (Hours)', 1, MAX_RETENTION_HOURS);
	if (hours === undefined) return {};
	return {
		'X-AtlasCloud-Object-Expiration-Hours': String(hours),
		'X-AtlasCloud-Request-Retention-Hours': String(hours),
	};
}

/** The option Reuse Paid Results, in hours; 0 for off. @throws AtlasError (`input`) */
export function readReuseHours({ reuseHours }: IDataObject): number {
	const hours = asNumber(reuseHours ?? 0);
	if (hours !== null && hours >= 0 && hours <= MAX_RETENTION_HOURS) return hours;
	throw inputError(
		`Reuse Paid Results (Hours) must be a number between 0 and ${MAX_RETENTION_HOURS}`,
		'Correct it under Options, or remove the option to turn it off.',
	);
}

/**
 * The option Webhook URL; undefined if it is not set.
 * @param extra Extra Body Fields, which could set it before the option existed
 * @param baseUrl the API's address
 * @throws AtlasError (`input`)
 */
export function readWebhookUrl(
	{ webhookUrl }: IDataObject,
	extra: JsonObject,
	baseUrl: string,
): string | undefined {
	const value = webhookUrl || extra.webhook_url;
	if (value === undefined || value === null || value === '') return undefined;
	return checkWebhookUrl(value, baseUrl);
}

/**
 * The option Extra Body Fields.
 * @param ownFields what the node sets itself
 * @throws AtlasError (`input`)
 */
export function readExtraBodyFields({ extraBodyFields }: IDataObject, ownFields: string[]): JsonObject {
	if (extraBodyFields === undefined || extraBodyFields === null || extraBodyFields === '') return {};
	const extra = asObject(typeof extraBodyFields === 'string' ? parseJson(extraBodyFields) : extraBodyFields);
	if (!extra) {
		throw inputError(
			'Extra Body Fields must be a JSON object',
			'Write it like {"enable_base64_output": true}.',
		);
	}
	const forbidden = Object.keys(extra).filter((name) => ownFields.includes(name));
	if (forbidden.length === 0) return extra;
	throw inputError(
		`Extra Body Fields can’t set ${listNames(forbidden)}`,
		forbidden.includes('enable_sync_mode')
			? 'This node waits for the result itself and doesn’t support sync mode.'
			: 'Use the fields of this node instead.',
	);
}

/**
 * The ID in an item's Model field.
 * @param example an ID for the message
 * @throws AtlasError (`input`)
 */
export function readModel(context: IExecuteFunctions, itemIndex: number, example: string): string {
	const model: unknown = context.getNodeParameter('model', itemIndex, '', { extractValue: true });
	if (typeof model === 'string' && /^[^\s?#<>"'`\\]{1,200}$/.test(model.trim())) return model.trim();
	throw inputError(
		'Model is empty or not a valid model ID',
		`Choose a model from the list, or enter an ID such as ${example}.`,
	);
}
