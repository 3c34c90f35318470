import type { CancelSignal } from '../time/cancellation';
import { backoffMs, pauseMs, untilAborted } from '../time/clock';
import { cappedRetryAfterMs, effectiveStatus, type Exchange } from '../http/answer';
import type { AtlasClient } from '../http/client';
import { readError } from '../http/errorTexts';
import { FINAL_STATUS_CODES, isRetryable } from '../http/retry';
import { AtlasError } from '../errors';
import { asObject, asString } from '../json';
import { toPrediction, type Prediction } from './prediction';

/** How long a new prediction may be answered 404 or 400, in ms. See docs/atlas-cloud-api.md, Result. */
export const WARM_UP_MS = 30_000;

/** Attempts of a single read. */
const MAX_ATTEMPTS = 6;

/** What one poll says about a prediction. */
export type PollResult =
	| { kind: 'ended'; prediction: Prediction }
	| { kind: 'inProgress'; prediction: Prediction }
	| { kind: 'notVisibleYet' }
	/** Atlas would give the same answer again. */
	| { kind: 'rejected' }
	/** No usable answer this time. */
	| { kind: 'pollFailed' };

/** @param isNew whether the prediction may not be visible yet, see {@link WARM_UP_MS} */
export function classifyPoll(predictionId: string, exchange: Exchange, isNew: boolean): PollResult {
	const prediction = predictionIn(predictionId, exchange);
	if (prediction) return { kind: prediction.status === 'processing' ? 'inProgress' : 'ended', prediction };
	const code = exchange.answer ? effectiveStatus(exchange.answer) : null;
	if (isNotFound(code)) return { kind: isNew ? 'notVisibleYet' : 'rejected' };
	return { kind: code !== null && FINAL_STATUS_CODES.has(code) ? 'rejected' : 'pollFailed' };
}

/** Sends one poll. */
export async function pollPrediction(client: AtlasClient, predictionId: string): Promise<Exchange> {
	return await client.poll(`/api/v1/model/prediction/${encodeURIComponent(predictionId)}`);
}

/**
 * Reads a prediction as it is now. Retries what may pass, and waits for a prediction that is not visible yet.
 * @throws AtlasError (`read`); CancelledError
 */
export async function readPrediction(
	client: AtlasClient,
	predictionId: string,
	signal: CancelSignal | undefined,
): Promise<Prediction> {
	const { clock } = client;
	const startMs = clock.nowMs();
	for (let attempt = 0; ; attempt++) {
		const exchange = await untilAborted(pollPrediction(client, predictionId), signal);
		const prediction = predictionIn(predictionId, exchange);
		if (prediction) return prediction;
		const { answer } = exchange;
		const isMissing = isNotFound(answer?.statusCode);
		const mayRetry = isMissing
			? clock.nowMs() - startMs < WARM_UP_MS
			: attempt + 1 < MAX_ATTEMPTS && isRetryable(exchange, 'paidResult');
		if (!mayRetry) throw pollError(predictionId, exchange);
		await pauseMs(
			clock,
			cappedRetryAfterMs(answer) ?? backoffMs(attempt, 500, isMissing ? 4_000 : 8_000),
			signal,
		);
	}
}

/** The error of a poll that has no usable answer. */
export function pollError(predictionId: string, exchange: Exchange): AtlasError {
	return readError(`read prediction ${predictionId}`, exchange, predictionId);
}

/** The prediction in a poll's answer, or null. Even an HTTP 5xx can hold a failed one: see docs/atlas-cloud-api.md, Result. */
function predictionIn(predictionId: string, { answer }: Exchange): Prediction | null {
	if (!answer) return null;
	if (answer.statusCode < 300) return toPrediction(predictionId, answer.json);
	// A gateway's error may have a status such as "error" or "timeout"; only Atlas's own word counts.
	const { status } = asObject(asObject(answer.json)?.data) ?? {};
	const isFailure = answer.statusCode >= 500 && asString(status)?.toLowerCase() === 'failed';
	return isFailure ? toPrediction(predictionId, answer.json) : null;
}

function isNotFound(code: number | null | undefined): boolean {
	return code === 404 || code === 400;
}
