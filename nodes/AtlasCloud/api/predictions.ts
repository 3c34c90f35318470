import { reasonOf, type Answer } from './client';
import { AtlasError } from './errors';
import { asArray, asNumber, asObject, asString, type JsonObject } from './json';

/** One picture of a finished prediction: at a URL, or in the answer itself (`enable_base64_output` [C]). */
export type PictureOutput = { url: string; base64?: undefined } | { url?: undefined; base64: string };

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
	outputs: PictureOutput[];
	/** Per output, whether it was found to be not safe for work. */
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

/** The id that the answer to a submit holds; null where there is none that could be one. */
export function idInAnswer(answer: Answer): string | null {
	const id = predictionObject(answer.json)?.id;
	return isPredictionId(id) ? id : null;
}

function toTime(value: unknown): string | null {
	if (typeof value === 'number' && Number.isFinite(value)) {
		// The history counts in seconds, other answers in ISO texts.
		const ms = value > 1e11 ? value : value * 1_000;
		return ms > 0 && ms < 8.64e15 ? new Date(ms).toISOString() : null;
	}
	return asString(value);
}

function toOutputs(data: JsonObject): PictureOutput[] {
	const listed = Array.isArray(data.outputs) ? data.outputs : data.outputs ? [data.outputs] : [];
	const outputs = listed.length > 0 ? listed : asArray(data.output ? [data.output].flat() : []);
	return outputs.flatMap((output): PictureOutput[] => {
		const object = asObject(output);
		const text = asString(object ? (object.url ?? object.download_url) : output);
		if (text === null) return [];
		if (/^data:/i.test(text)) return [{ base64: text.slice(text.indexOf(',') + 1) }];
		// Base64 of a JPEG begins with a slash.
		return /^[A-Za-z0-9+/=\s_-]{64,}$/.test(text) ? [{ base64: text }] : [{ url: text }];
	});
}

function toPredictTime(data: JsonObject): number | null {
	const metrics = asObject(data.metrics);
	const seconds = asNumber(metrics?.predict_time) ?? asNumber(data.executionTime);
	return seconds !== null && seconds >= 0 ? seconds : null;
}

/**
 * Reads a prediction out of Atlas's answer, whatever of the seen shapes it has [S][C].
 * @param predictionId the id that was asked for: an answer cannot change it
 * @param isWhole whether a finished one's pictures would be in it; a history may leave them out
 * @returns null where the answer holds no prediction
 */
export function toPrediction(predictionId: string, json: unknown, isWhole = true): Prediction | null {
	const data = predictionObject(json);
	if (!data || (typeof data.status !== 'string' && !Array.isArray(data.outputs))) return null;
	const rawStatus = asString(data.status);
	const word = (rawStatus ?? '').toLowerCase();
	const outputs = toOutputs(data);
	const flags = asArray(data.has_nsfw_contents).map((flag) => (typeof flag === 'boolean' ? flag : null));
	const failureReason = reasonOf(data.error);
	const errorObject = asObject(data.error);
	const errorCode =
		asNumber(data.error_code) ?? asNumber(errorObject?.code) ?? asNumber(errorObject?.error_code);
	const isDone = DONE.has(word);
	const isEmpty = isDone && outputs.length === 0;
	const isBlocked = isEmpty && flags.includes(true);
	const isFailed = OVER.has(word) || isBlocked || (isEmpty && isWhole);
	const status = isFailed ? 'failed' : isDone ? 'completed' : 'processing';
	const request = asObject(data.input);
	const price = asNumber(data.price);
	return {
		predictionId,
		status,
		rawStatus,
		model: asString(data.model),
		prompt: asString(request?.prompt),
		size: asString(request?.size),
		outputs: status === 'completed' ? outputs : [],
		nsfw: flags,
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
		priceUsd: price,
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
