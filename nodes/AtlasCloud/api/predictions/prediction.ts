import { sentSize } from '../models/sizes';
import { reasonOf, type Answer } from '../http/answer';
import { asArray, asNumber, asObject, asString, isShallow, type JsonObject } from '../json';
import { MAX_OUTPUTS, readOutputs, type PredictionOutput } from './outputs';

/** Atlas's record of one prediction. What Atlas did not report is null. */
export interface Prediction {
	predictionId: string;
	status: PredictionStatus;
	/** Atlas's own word for the status. */
	rawStatus: string | null;
	model: string | null;
	prompt: string | null;
	/** `W*H` */
	size: string | null;
	/** Its files. */
	outputs: PredictionOutput[];
	/** How large its files are that are in the answer, if they are too large to be kept until they are stored. */
	embeddedBytes?: number;
	/** Its text result, such as a transcript or lyrics. */
	text: string | null;
	/** Per output, whether it was found not safe for work. Without outputs, the flags as they came. */
	nsfw: Array<boolean | null>;
	/** Why it failed, in Atlas's words. */
	failureReason: string | null;
	/** Whether content moderation stopped it. */
	isModerated: boolean;
	/** ISO 8601 */
	createdAt: string | null;
	completedAt: string | null;
	predictTimeSeconds: number | null;
	/** Of the whole prediction. */
	priceUsd: number | null;
	/**
	 * Whether another look may tell something else: without an ID it may be another one's record, and a completed one may
	 * get its outputs a moment later.
	 */
	isUnsure?: boolean;
	/** Atlas's own record, without files: base64 must not get into json. Null where it is nested too deeply. */
	raw: JsonObject | null;
}

/** Atlas's `error_code` for content moderation. */
const MODERATION_CODE = 1039;

/** Whether a message says, without its code, that content moderation would stop the same request again. */
export function saysModeration(reason: string | null): boolean {
	const text = reason ?? '';
	// Another result may pass.
	const mayPass = /\boutput|generated|time(d )?out|unavailable|try again/i.test(text);
	return !mayPass && /sensitive ?(content|information)|content (moderation|policy)/i.test(text);
}

const NOT_SAFE = 'The result was flagged as not safe for work';
const NO_OUTPUT = 'Completed without a result';

/**
 * Reads a prediction out of Atlas's answer, in any of its shapes: see docs/atlas-cloud-api.md, Result.
 * @param predictionId the ID that was asked for; the record of another one is a broken answer
 * @param expectsOutputs whether a completed record without outputs is a failure; the history may leave them out
 * @returns null if the answer holds no prediction
 */
export function toPrediction(predictionId: string, json: unknown, expectsOutputs = true): Prediction | null {
	const record = predictionObject(json);
	if (!record || isOfAnother(predictionId, record)) return null;
	if (typeof record.status !== 'string' && !Array.isArray(record.outputs)) return null;
	const rawStatus = asString(record.status);
	const reportedStatus = statusOf(rawStatus);
	const flags = nsfwFlags(record);
	const { files, text } = readOutputs(record, flags);
	const isEmpty = reportedStatus === 'completed' && files.length === 0 && text === null;
	const emptyReason = isEmpty ? reasonForNoOutput(record, flags, expectsOutputs) : null;
	const status = emptyReason === null ? reportedStatus : 'failed';
	const failureReason = reasonOf(record.error) ?? envelopeReason(json) ?? emptyReason;
	const request = asObject(record.input);
	return {
		predictionId,
		status,
		rawStatus,
		model: asString(record.model),
		prompt: asString(request?.prompt),
		size: request ? sentSize(request) : null,
		outputs: status === 'completed' ? files.map(({ output }) => output) : [],
		text: status === 'completed' ? text : null,
		nsfw: status === 'completed' && files.length > 0 ? files.map(({ nsfw }) => nsfw) : flags,
		failureReason,
		isModerated:
			status === 'failed' &&
			(errorCode(record) === MODERATION_CODE || emptyReason === NOT_SAFE || saysModeration(failureReason)),
		createdAt: isoTime(record.created_at) ?? isoTime(record.createdAt),
		completedAt: isoTime(record.completed_at) ?? isoTime(record.completedAt),
		predictTimeSeconds: asNonNegative(asObject(record.metrics)?.predict_time),
		priceUsd: asNonNegative(record.price),
		isUnsure: record.id !== predictionId || emptyReason === NO_OUTPUT,
		raw: isShallow(record) ? (asObject(withoutFiles(record)) ?? null) : null,
	};
}

/** How a data URI begins, or base64: no ID or hash is as long. */
const ENCODED_FILE = /^(?:data:|[A-Za-z0-9+/_-]{200})/i;

/** A copy of a record, without files that stand in it. */
function withoutFiles(value: unknown): unknown {
	if (typeof value === 'string') return ENCODED_FILE.test(value) ? '[file]' : value;
	if (Array.isArray(value)) return value.map(withoutFiles);
	const object = asObject(value);
	if (!object) return value;
	return Object.fromEntries(Object.entries(object).map(([key, inner]) => [key, withoutFiles(inner)]));
}

/** Whether a record is another prediction's, by its ID or else by its link. */
function isOfAnother(predictionId: string, { id, urls }: JsonObject): boolean {
	if (id !== undefined && id !== null && id !== '') return id !== predictionId;
	const [, linkedId] = /\/prediction\/([^/?#]+)/.exec(asString(asObject(urls)?.get) ?? '') ?? [];
	return linkedId !== undefined && ![predictionId, encodeURIComponent(predictionId)].includes(linkedId);
}

function nsfwFlags(record: JsonObject): Array<boolean | null> {
	return asArray(record.has_nsfw_contents)
		.slice(0, MAX_OUTPUTS)
		.map((flag) => (typeof flag === 'boolean' ? flag : null));
}

/** Why a completed record without outputs is a failure; null if its outputs may just have been left out. */
function reasonForNoOutput(
	record: JsonObject,
	flags: Array<boolean | null>,
	expectsOutputs: boolean,
): string | null {
	const listsOutputs = expectsOutputs || Array.isArray(record.outputs);
	if (listsOutputs && flags.includes(true)) return NOT_SAFE;
	return expectsOutputs ? NO_OUTPUT : null;
}

/** A failure that came as HTTP 500 has its reason in the envelope, beside the record. */
function envelopeReason(json: unknown): string | null {
	const { code, message, msg } = asObject(json) ?? {};
	return typeof code === 'number' && code >= 500 ? reasonOf(message ?? msg) : null;
}

function errorCode(record: JsonObject): number | null {
	const error = asObject(record.error);
	return asNumber(record.error_code) ?? asNumber(error?.code) ?? asNumber(error?.error_code);
}

function asNonNegative(value: unknown): number | null {
	const number = asNumber(value);
	return number !== null && number >= 0 ? number : null;
}

export type PredictionStatus = 'processing' | 'completed' | 'failed';

/**
 * Atlas's words for a prediction that has ended, in lower case: a new one goes here. Any other word counts as
 * processing. See docs/atlas-cloud-api.md, Result.
 */
const ENDED_STATUSES = new Map<string, PredictionStatus>([
	['completed', 'completed'],
	['succeeded', 'completed'],
	['success', 'completed'],
	['failed', 'failed'],
	['canceled', 'failed'],
	['cancelled', 'failed'],
	['error', 'failed'],
	['timeout', 'failed'],
]);

/** The status that Atlas's word for it means, in upper or lower case. */
export function statusOf(rawStatus: string | null): PredictionStatus {
	return ENDED_STATUSES.get((rawStatus ?? '').toLowerCase()) ?? 'processing';
}

const ISO_TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/i;

/** Seconds, milliseconds, microseconds and nanoseconds of a time before the year 5000, and their parts of a millisecond. */
const UNITS: Array<[max: number, perMs: number]> = [
	[1e11, 0.001],
	[1e14, 1],
	[1e17, 1e3],
	[Infinity, 1e6],
];

/** The latest time that a `Date` can hold. */
const MAX_DATE_MS = 8.64e15;

/** A time in Unix milliseconds, from a Unix time in any unit (as a number or text) or ISO 8601; null for anything else. */
export function unixMs(value: unknown): number | null {
	const ms = parseMs(value);
	return ms > 0 && ms < MAX_DATE_MS ? ms : null;
}

function parseMs(value: unknown): number {
	const number = asNumber(value);
	if (number !== null) return number / (UNITS.find(([max]) => number <= max)?.[1] ?? 1);
	const match = typeof value === 'string' ? ISO_TIME.exec(value) : null;
	if (!match) return NaN;
	const [text, zone] = match;
	// `Date.parse` reads a time of day without a zone as this machine's local time; Atlas means UTC.
	const needsZone = zone === undefined && text.length > 'YYYY-MM-DD'.length;
	return Date.parse(`${text.replace(' ', 'T')}${needsZone ? 'Z' : ''}`);
}

/** A time in ISO 8601, unchanged if it already is and has a zone; null for anything else. */
export function isoTime(value: unknown): string | null {
	const ms = unixMs(value);
	if (ms === null) return null;
	const hasZone = typeof value === 'string' && ISO_TIME.exec(value)?.[1] !== undefined;
	return hasZone ? value : new Date(ms).toISOString();
}

/** Whether a value is an ID of Atlas's form. IDs become part of a path, so nothing else is let through. */
export function isPredictionId(value: unknown): value is string {
	return (
		typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/.test(value) && !value.includes('..')
	);
}

/** The prediction's record in an answer: in `data`, or the answer itself. Undefined if there is none. */
export function predictionObject(json: unknown): JsonObject | undefined {
	const root = asObject(json);
	const data = asObject(root?.data);
	if (data) return 'id' in data || 'status' in data || 'outputs' in data ? data : undefined;
	// A gateway's own `{"status": "error", "message": …}` is not a prediction.
	return root && ('id' in root || 'outputs' in root) ? root : undefined;
}

/**
 * The ID of the prediction that a submit created; null if its answer holds none. Outside an envelope, an ID counts
 * only in a good answer and beside a status and a model: gateways give IDs to their own requests.
 */
export function idInAnswer({ json, statusCode }: Pick<Answer, 'json' | 'statusCode'>): string | null {
	const root = asObject(json);
	const data = asObject(root?.data);
	if (data) return isPredictionId(data.id) ? data.id : null;
	if (!root || statusCode >= 400 || asString(root.status) === null || asString(root.model) === null)
		return null;
	return isPredictionId(root.id) ? root.id : null;
}
