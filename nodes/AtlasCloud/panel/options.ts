import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { isBlank } from '../api/cells';
import { inputError } from '../api/errors';
import { listNames } from '../api/text';
import { asNumber, asObject, parseJson, type JsonObject } from '../api/json';
import type { PurchaseRequest } from '../api/purchases/request';
import { checkWebhookUrl } from '../api/webhooks/webhookUrl';
import { readOptions } from './readFields';

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

/**
 * Never more items at once than this; null for automatic. What counts for the whole run is read from its first item.
 * @param fields of the operation
 * @throws AtlasError (`input`)
 */
export function readConcurrency(context: IExecuteFunctions, fields: INodeProperties[]): number | null {
	const { concurrency } = readOptions(context, 0, fields, 'concurrency');
	return (concurrency as number | null | undefined) || null;
}

/**
 * The option Max Cost per Run, in USD; null if it is not set. A budget that is used up gives 0 or less, and then nothing
 * may cost anything.
 * @throws AtlasError (`input`) if it is blank: an expression that gives nothing must not lift a limit
 */
export function readMaxCostUsd({ maxCostUsd }: IDataObject): number | null {
	if (maxCostUsd === undefined) return null;
	if (maxCostUsd !== null) return maxCostUsd as number;
	throw inputError(
		"'Max Cost per Run (USD)' is empty",
		'Enter an amount in dollars under Options, or remove the option for no limit.',
	);
}

/** How long an item waits, and whether an unfinished prediction is then an error. */
export type TimeoutOptions = Pick<PurchaseRequest, 'timeoutMs' | 'failsOnTimeout'>;

/** The options Timeout and On Timeout. @param defaultSeconds used where Timeout is not set */
export function readTimeout(options: IDataObject, defaultSeconds: number): TimeoutOptions {
	const seconds = asNumber(options.timeoutSeconds) ?? defaultSeconds;
	return { timeoutMs: seconds * 1_000, failsOnTimeout: options.onTimeout !== 'continue' };
}

/** How long Atlas is to keep a prediction’s files and record, as request headers. */
export function readRetentionHeaders({ keepOnAtlasHours }: IDataObject): Record<string, string> {
	const hours = asNumber(keepOnAtlasHours);
	if (hours === null) return {};
	return {
		'X-AtlasCloud-Object-Expiration-Hours': String(hours),
		'X-AtlasCloud-Request-Retention-Hours': String(hours),
	};
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
	const value = webhookUrl ?? extra.webhook_url;
	return isBlank(value) ? undefined : checkWebhookUrl(value, baseUrl);
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
