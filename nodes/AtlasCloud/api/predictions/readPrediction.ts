import { backoffMs, pauseMs, throwIfAborted, untilAborted, type CancelSignal } from '../time/clock';
import { cappedRetryAfterMs, effectiveStatus, NOT_FOUND_STATUS_CODES, type Exchange } from '../http/answer';
import type { AtlasClient } from '../http/client';
import type { Permit } from '../pace/rateLimiter';
import { Semaphore } from '../time/semaphore';
import { readError } from '../http/errorTexts';
import { FINAL_STATUS_CODES, isRetryable, MAX_READ_ATTEMPTS } from '../http/retry';
import { AtlasError } from '../errors';
import { asObject, asString } from '../json';
import { recentlyUsed } from '../memo';
import { readHistory } from './history';
import { toPrediction, type Prediction } from './prediction';

/** How long a new prediction may be answered 404 or 400, in ms. See docs/atlas-cloud-api.md, Result. */
export const WARM_UP_MS = 30_000;

/** The pause before another look at what may soon be told otherwise, in ms. */
export const LOOK_AGAIN_MS = 1_000;

/** An end that may not be the last word counts once it was told so often in a row. */
export const UNSURE_LOOKS = 3;

/** Sends one poll. */
export async function pollPrediction(client: AtlasClient, predictionId: string): Promise<Exchange> {
	return await client.poll(`/api/v1/model/prediction/${encodeURIComponent(predictionId)}`);
}

export interface ReadOptions {
	/** Our clock, in ms: no attempt starts after this. */
	giveUpAtMs?: number;
	/** Whether somebody else tells later if it is there, so that a missing one is not waited for. */
	isAskedAgain?: boolean;
}

/**
 * Reads a prediction as it is now. Retries what may pass, and waits for a prediction that is not visible yet.
 * @throws AtlasError (`read`); CancelledError
 */
export async function readPrediction(
	client: AtlasClient,
	predictionId: string,
	signal: CancelSignal | undefined,
	options?: ReadOptions,
): Promise<Prediction> {
	return withoutLargeFiles(await readWholePrediction(client, predictionId, signal, options));
}

/** The same with all its files, which may be very large: see {@link withoutLargeFiles}. */
async function readWholePrediction(
	client: AtlasClient,
	predictionId: string,
	signal: CancelSignal | undefined,
	{ giveUpAtMs = Infinity, isAskedAgain = false }: ReadOptions = {},
): Promise<Prediction> {
	const { clock } = client;
	const startMs = clock.nowMs();
	let missing = 0;
	let unsureEnds = 0;
	for (let attempt = 0; ; attempt++) {
		const exchange = await untilAborted(pollPrediction(client, predictionId), signal);
		const prediction = predictionIn(predictionId, exchange);
		if (prediction) {
			const isOver = prediction.status === 'processing' || clock.nowMs() + LOOK_AGAIN_MS > giveUpAtMs;
			if (!prediction.isUnsure || isOver || ++unsureEnds >= UNSURE_LOOKS) return prediction;
			await pauseMs(clock, LOOK_AGAIN_MS, signal);
			continue;
		}
		const isMissing = isNotFound(exchange);
		const backoff = isMissing ? backoffMs(attempt, 2_000, 4_000) : backoffMs(attempt, 500, 8_000);
		const pauseForMs = Math.max(cappedRetryAfterMs(exchange.answer) ?? 0, backoff);
		let mayRetry = attempt + 1 < MAX_READ_ATTEMPTS && isRetryable(exchange, 'paidResult');
		if (isMissing) {
			mayRetry = !isAskedAgain && clock.nowMs() - startMs < WARM_UP_MS;
			if (++missing === 2) mayRetry &&= await mayExist(client, predictionId);
		}
		if (!mayRetry || clock.nowMs() + pauseForMs > giveUpAtMs) throw pollError(predictionId, exchange);
		await pauseMs(clock, pauseForMs, signal);
	}
}

/** The same within a minute; null where it cannot be read. @throws CancelledError */
export async function tryReadPrediction(
	client: AtlasClient,
	predictionId: string,
): Promise<Prediction | null> {
	const { clock, signal } = client;
	const giveUpAtMs = clock.nowMs() + 2 * WARM_UP_MS;
	const prediction = await readPrediction(client, predictionId, signal, { giveUpAtMs }).catch(() => null);
	throwIfAborted(signal);
	return prediction;
}

/** When this process submitted a prediction, on our clock, in ms: the latest ten thousand. */
const submitted = recentlyUsed(() => ({ atMs: -Infinity }), 10_000);

/** Call when a submit has created a prediction: for a while, Atlas may not show it. */
export function noteSubmitted(predictionId: string, nowMs: number): void {
	submitted(predictionId).atMs = nowMs;
}

/**
 * Whether a prediction that Atlas does not find may only be too new. Otherwise its ID is mistyped, or another account's.
 * @throws CancelledError
 */
export async function mayExist(client: AtlasClient, predictionId: string): Promise<boolean> {
	const nowMs = client.clock.nowMs();
	if (nowMs - submitted(predictionId).atMs < WARM_UP_MS) return true;
	try {
		for await (const found of readHistory(client, { predictionId, giveUpAtMs: nowMs + WARM_UP_MS }, 1))
			if (found.predictionId === predictionId) return true;
		return false;
	} catch {
		throwIfAborted(client.signal);
		// A history that cannot be read proves nothing.
		return true;
	}
}

/** The error of a poll that has no usable answer. */
export function pollError(predictionId: string, exchange: Exchange): AtlasError {
	return readError(`read prediction ${predictionId}`, exchange, predictionId);
}

/** The prediction in a poll's answer, or null. Even an HTTP 5xx can hold a failed one: see docs/atlas-cloud-api.md, Result. */
export function predictionIn(predictionId: string, { answer }: Exchange): Prediction | null {
	if (!answer) return null;
	if (answer.statusCode < 300) return toPrediction(predictionId, answer.json);
	// A gateway's error may have a status such as "error" or "timeout"; only Atlas's own word counts.
	const { status } = asObject(asObject(answer.json)?.data) ?? {};
	const isFailure = answer.statusCode >= 500 && asString(status)?.toLowerCase() === 'failed';
	const prediction = isFailure ? toPrediction(predictionId, answer.json) : null;
	// Told like this, a failure never has its ID.
	return prediction && { ...prediction, isUnsure: false };
}

/** Smaller files in an answer are kept, in characters of base64. */
const MAX_KEPT_LENGTH = 1_000_000;

/** Leaves the files in Atlas's answer if they are large: the prediction may wait long until they can be stored. */
export function withoutLargeFiles(prediction: Prediction): Prediction {
	const length = prediction.outputs.reduce((sum, { base64 }) => sum + (base64?.length ?? 0), 0);
	if (length <= MAX_KEPT_LENGTH) return prediction;
	const outputs = prediction.outputs.map((output) =>
		output.base64 === undefined ? output : { base64: null },
	);
	return { ...prediction, outputs, embeddedBytes: length };
}

/** Files in answers that are being stored, in bytes; all executions of this process together. */
const storedBytes = new Semaphore(32_000_000);

/**
 * Does something with a prediction's files. Large ones in Atlas's answer were not kept: they are read again once there is
 * memory for them, so that a hundred finished predictions can wait.
 * @throws AtlasError (`read`); CancelledError; whatever `work` throws
 */
export async function withFiles<T>(
	client: AtlasClient,
	prediction: Prediction,
	signal: CancelSignal | undefined,
	work: (whole: Prediction) => Promise<T>,
): Promise<T> {
	const { embeddedBytes, predictionId } = prediction;
	if (embeddedBytes === undefined) return await work(prediction);
	const workOnWhole = async () => await work(await readWholePrediction(client, predictionId, signal));
	return await storedBytes.use(signal, workOnWhole, embeddedBytes);
}

/** Whether Atlas itself says that there is no such prediction, or not yet. A page of a proxy decides nothing. */
export function isNotFound({ answer }: Exchange): boolean {
	return answer !== undefined && answer.isEnvelope && NOT_FOUND_STATUS_CODES.has(effectiveStatus(answer));
}

/** Whether Atlas itself says that it does not tell of a prediction, and would say the same later. */
export function isDenied({ answer }: Exchange): boolean {
	return answer !== undefined && answer.isEnvelope && FINAL_STATUS_CODES.has(effectiveStatus(answer));
}

/** Tells the rate limiter what came of a look. @throws what the look throws */
export async function within(permit: Permit, look: Promise<Exchange>): Promise<Exchange> {
	const exchange = await look.catch((error: unknown) => {
		permit.released();
		throw error;
	});
	const { answer } = exchange;
	if (answer && effectiveStatus(answer) === 429) permit.rejected(cappedRetryAfterMs(answer));
	else if (answer) permit.accepted();
	else permit.released();
	return exchange;
}
