import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { asNumber, asObject, parseJson, type JsonObject } from '../api/json';

/** What the options of all nodes allow and default to, and how they are read. */

/** Items at once where nothing is bought: uploads and reads have no limit that could be found out. */
export const DEFAULT_CONCURRENCY = 20;
export const DEFAULT_MAX_EDITS = 250;
export const DEFAULT_TIMEOUT_SECONDS = 300;
export const MAX_TIMEOUT_SECONDS = 86_400;
export const DEFAULT_MAX_DOWNLOAD_MB = 100;

/** The longest that Atlas keeps files and records (docs/atlas-cloud-api.md, Submit). */
export const MAX_RETENTION_HOURS = 336;

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
		`${displayName} is not a whole number from ${min} to ${max}`,
		'Set it under Options, or remove it there.',
	);
}

/** Never more items at once than this; null for automatic. @throws AtlasError (`input`) */
export function readConcurrency({ concurrency = 0 }: IDataObject): number | null {
	if (typeof concurrency === 'number' && Number.isInteger(concurrency) && concurrency >= 0)
		return concurrency === 0 ? null : concurrency;
	throw inputError(
		'Concurrency must be a whole number, 0 or higher',
		'Set it under Options, or remove it there: 0 means automatic.',
	);
}

/** The option Max Edits per Run. @throws AtlasError (`input`) */
export function readMaxEdits({ maxEdits }: IDataObject): number {
	return readWholeNumber(maxEdits, 'Max Edits per Run', 1, Number.MAX_SAFE_INTEGER) ?? DEFAULT_MAX_EDITS;
}

/** The option Max Download Size, in bytes. @throws AtlasError (`input`) */
export function readMaxDownloadBytes(options: IDataObject): number {
	const maxDownloadMb = asNumber(options.maxDownloadMb ?? DEFAULT_MAX_DOWNLOAD_MB);
	if (maxDownloadMb !== null && maxDownloadMb > 0) return maxDownloadMb * 1_000_000;
	throw inputError(
		'Max Download Size is not a number of megabytes',
		`Set it under Options, or remove it there for the default of ${DEFAULT_MAX_DOWNLOAD_MB}.`,
	);
}

/** How long Atlas is to keep files and record of a prediction, as request headers. @throws AtlasError (`input`) */
export function readRetentionHeaders(options: IDataObject): Record<string, string> {
	const { fileExpirationHours, recordRetentionHours } = options;
	const files = readWholeNumber(fileExpirationHours, 'File Expiration', 1, MAX_RETENTION_HOURS);
	const record = readWholeNumber(recordRetentionHours, 'Record Retention', 1, MAX_RETENTION_HOURS);
	return {
		...(files === undefined ? {} : { 'X-AtlasCloud-Object-Expiration-Hours': String(files) }),
		...(record === undefined ? {} : { 'X-AtlasCloud-Request-Retention-Hours': String(record) }),
	};
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
			'Extra Body Fields is not a JSON object',
			'Write it like {"enable_base64_output": true}.',
		);
	}
	const forbidden = Object.keys(extra).filter((name) => ownFields.includes(name));
	if (forbidden.length === 0) return extra;
	throw inputError(
		`Extra Body Fields may not set ${forbidden.join(', ')}`,
		forbidden.includes('enable_sync_mode')
			? 'The node asks for the result itself; with enable_sync_mode it could lose it.'
			: 'Use the node’s own fields for these.',
	);
}
