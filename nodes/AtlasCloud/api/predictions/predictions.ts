import { reasonOf, type Answer } from '../http/answer';
import { AtlasError } from '../errors';
import { asArray, asNumber, asObject, asString, isShallow, type JsonObject } from '../json';

/** One picture of a finished prediction: at a URL, or in the answer itself (`enable_base64_output` [C]). */
export type PredictionOutput = { url: string; base64?: undefined } | { url?: undefined; base64: string };

/** Atlas's record of one edit. What it did not tell is null. */
export interface Prediction {
	predictionId: string;
	status: 'processing' | 'completed' | 'failed';
	/** Atlas's own word. */
	rawStatus: string | null;
	model: string | null;
	prompt: string | null;
	/** `W*H` */
	size: string | null;
	outputs: PredictionOutput[];
	/** Per output, whether it was found to be not safe for work. Where there are no outputs, as Atlas told it. */
	nsfw: Array<boolean | null>;
	/** Atlas's words about a failure. */
	failureReason: string | null;
	/** Whether content moderation ended it: error code 1039 [D], or nsfw without an output [C]. */
	isModerated: boolean;
	/** ISO 8601, as told. */
	createdAt: string | null;
	completedAt: string | null;
	predictTimeSeconds: number | null;
	/** Of the whole prediction. */
	priceUsd: number | null;
}

const DONE = new Set(['completed', 'succeeded', 'success']);
const OVER = new Set(['failed', 'canceled', 'cancelled', 'error', 'timeout']);
const MODERATION_CODE = 1039;

/** The most outputs that are taken: models make fifteen at most [C]. */
const MAX_OUTPUTS = 100;

/** How many first letters tell base64 from a URL. */
const TOLD_BY_LETTERS = 4096;

/** The shortest text that is taken for a picture in base64. */
const MIN_BASE64 = 64;

/** An id as Atlas's look like: it goes into a path, so nothing else is let through. */
export function isPredictionId(value: unknown): value is string {
	return (
		typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/.test(value) && !value.includes('..')
	);
}

/** The prediction in an answer: in `data`, or bare [S][C]. Undefined where there is none. */
export function predictionObject(json: unknown): JsonObject | undefined {
	const root = asObject(json);
	const data = asObject(root?.data);
	if (data) return 'id' in data || 'status' in data || 'outputs' in data ? data : undefined;
	// A gateway's own `{"status": "error", "message": …}` is no verdict on a prediction.
	return root && ('id' in root || 'outputs' in root) ? root : undefined;
}

/**
 * The id of the prediction that the answer to a submit tells of; null where there is none. In an envelope it stands in
 * `data`; bare it comes with a status and a model, and only in a good answer: gateways give their own requests ids.
 */
export function idInAnswer({ json, statusCode }: Pick<Answer, 'json' | 'statusCode'>): string | null {
	const root = asObject(json);
	const data = asObject(root?.data);
	if (data) return isPredictionId(data.id) ? data.id : null;
	if (!root || statusCode >= 400 || asString(root.status) === null || asString(root.model) === null)
		return null;
	return isPredictionId(root.id) ? root.id : null;
}

const ISO_TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/i;

/** A time as Unix milliseconds: told in seconds, milliseconds, either as a text, or in ISO 8601. Null for anything else. */
export function unixMs(value: unknown): number | null {
	const number = asNumber(value);
	let ms = NaN;
	// As seconds it would be after the year 5000.
	if (number !== null) ms = number > 1e11 ? number : number * 1_000;
	else if (typeof value === 'string') {
		const iso = ISO_TIME.exec(value);
		// Without a zone it is Atlas's time, not the time of this machine.
		if (iso) ms = Date.parse(`${value.replace(' ', 'T')}${iso[1] || value.length <= 10 ? '' : 'Z'}`);
	}
	return ms > 0 && ms < 8.64e15 ? ms : null;
}

function toTime(value: unknown): string | null {
	const ms = unixMs(value);
	if (ms === null) return null;
	// An ISO text with a zone is left as it was told.
	const isWhole = typeof value === 'string' && ISO_TIME.exec(value)?.[1] !== undefined;
	return isWhole ? value : new Date(ms).toISOString();
}

function toOutput(value: unknown): PredictionOutput | null {
	const object = asObject(value);
	const text = asString(object ? (object.url ?? object.download_url) : value);
	if (text === null) return null;
	if (/^data:/i.test(text)) return { base64: text.slice(text.indexOf(',') + 1) };
	return isBase64(text) ? { base64: text } : { url: text };
}

/** Whether a text is bare base64 (of a JPEG it begins with a slash). No URL gets so far without a colon or a dot. */
function isBase64(text: string): boolean {
	// Looking for what does not belong: a pattern that repeats over many millions of letters overflows the stack.
	return text.length >= MIN_BASE64 && !/[^A-Za-z0-9+/=\s_-]/.test(text.slice(0, TOLD_BY_LETTERS));
}

/** The outputs that are of use, each with what was found of it. */
function toOutputs(
	data: JsonObject,
	flags: Array<boolean | null>,
): Array<{ output: PredictionOutput; nsfw: boolean | null }> {
	const listed = Array.isArray(data.outputs) ? data.outputs : data.outputs ? [data.outputs] : [];
	const outputs = listed.length > 0 ? listed : asArray(data.output ? [data.output].flat() : []);
	return outputs.slice(0, MAX_OUTPUTS).flatMap((value, index) => {
		const output = toOutput(value);
		return output ? [{ output, nsfw: flags[index] ?? null }] : [];
	});
}

/** A price in USD, mostly a text [M]; null where it is none. */
function toPrice(value: unknown): number | null {
	const price = asNumber(value);
	return price !== null && price >= 0 ? price : null;
}

/** Whether a record says that it is another prediction's. One that leaves its id out, or empty, is what was asked for. */
function isOthers(predictionId: string, { id }: JsonObject): boolean {
	return id !== undefined && id !== null && id !== '' && id !== predictionId;
}

/** A failure told as HTTP 500 has its reason in the envelope, beside the record. */
function envelopeReason(json: unknown): string | null {
	const { code, message, msg } = asObject(json) ?? {};
	return typeof code === 'number' && code >= 500 ? reasonOf(message ?? msg) : null;
}

function toPredictTime(data: JsonObject): number | null {
	const metrics = asObject(data.metrics);
	const seconds = asNumber(metrics?.predict_time) ?? asNumber(data.executionTime);
	return seconds !== null && seconds >= 0 ? seconds : null;
}

/**
 * Reads a prediction out of Atlas's answer, whatever of the seen shapes it has [S][C].
 * @param predictionId the id that was asked for: a record of another one is a broken answer
 * @param isWhole whether a finished one's pictures would be in it; a history may leave them out
 * @returns null where the answer holds no prediction
 */
export function toPrediction(predictionId: string, json: unknown, isWhole = true): Prediction | null {
	const data = predictionObject(json);
	if (!data || isOthers(predictionId, data)) return null;
	if (typeof data.status !== 'string' && !Array.isArray(data.outputs)) return null;
	const rawStatus = asString(data.status);
	const word = (rawStatus ?? '').toLowerCase();
	const flags = asArray(data.has_nsfw_contents)
		.slice(0, MAX_OUTPUTS)
		.map((flag) => (typeof flag === 'boolean' ? flag : null));
	const outputs = toOutputs(data, flags);
	const failureReason = (isShallow(data.error) ? reasonOf(data.error) : null) ?? envelopeReason(json);
	const errorObject = asObject(data.error);
	const errorCode =
		asNumber(data.error_code) ?? asNumber(errorObject?.code) ?? asNumber(errorObject?.error_code);
	const isDone = DONE.has(word);
	const isEmpty = isDone && outputs.length === 0;
	// A record that leaves its outputs out says nothing of them by that.
	const isBlocked = isEmpty && (isWhole || Array.isArray(data.outputs)) && flags.includes(true);
	const isFailed = OVER.has(word) || isBlocked || (isEmpty && isWhole);
	const status = isFailed ? 'failed' : isDone ? 'completed' : 'processing';
	const request = asObject(data.input);
	return {
		predictionId,
		status,
		rawStatus,
		model: asString(data.model),
		prompt: asString(request?.prompt),
		size: asString(request?.size),
		outputs: status === 'completed' ? outputs.map(({ output }) => output) : [],
		nsfw: status === 'completed' && outputs.length > 0 ? outputs.map(({ nsfw }) => nsfw) : flags,
		failureReason:
			failureReason ??
			(isBlocked
				? 'The picture was found not safe for work'
				: isDone && status === 'failed'
					? 'It says completed and holds no picture'
					: null),
		isModerated: status === 'failed' && (errorCode === MODERATION_CODE || isBlocked),
		createdAt: toTime(data.created_at ?? data.createdAt),
		completedAt: toTime(data.completed_at ?? data.completedAt),
		predictTimeSeconds: toPredictTime(data),
		priceUsd: toPrice(data.price),
	};
}

/** The error that a failed prediction is. */
export function failedError(
	prediction: Prediction,
	requestId: string | null = null,
	statusCode: number | null = null,
): AtlasError {
	const { predictionId, isModerated, failureReason, rawStatus } = prediction;
	if (!isModerated && DONE.has((rawStatus ?? '').toLowerCase())) {
		// Not one of the shapes in which Atlas tells a failure: paid for, so it is never bought anew.
		return new AtlasError('Atlas Cloud says the edit is done and gives no picture', {
			kind: 'read',
			description:
				'It may have been billed. Look at the prediction with the operation Get, or ask Atlas’s support with this id.',
			predictionId,
			status: 'completed',
			requestId,
			statusCode,
		});
	}
	const reason = failureReason ?? (rawStatus ? `its status is "${rawStatus}"` : null);
	return new AtlasError(
		isModerated
			? `Content moderation stopped the edit${reason ? `: ${reason}` : ''}`
			: `Atlas Cloud could not make the edit${reason ? `: ${reason}` : ''}`,
		{
			kind: isModerated ? 'moderation' : 'failed',
			description: isModerated
				? 'Change the prompt or the picture: the same request is stopped again.'
				: 'The prediction is over and brings no picture. Run the item again for a new one; Atlas’s words above say what to change.',
			predictionId,
			status: 'failed',
			reason,
			requestId,
			statusCode,
		},
	);
}
