import { truncate } from '../text';
import { asNumber, asObject, asString, parseJson, type JsonObject } from '../json';
import type { TimedAnswer } from '../time/atlasClock';
import { MAX_RETRY_AFTER_MS, type TransportError } from './http';
import type { Redaction } from './redaction';

/** An answer of Atlas: completely read, its content not yet trusted. */
export interface Answer extends TimedAnswer {
	statusCode: number;
	/** `X-Request-ID`, or the envelope's `request_id`. */
	requestId: string | null;
	/** Milliseconds of a `Retry-After` header. Atlas sends none today, but a gateway in front of it may. */
	retryAfterMs: number | null;
	/** The body's JSON value; undefined if it is not JSON or was cut off. */
	json: unknown;
	/** Whether the body is Atlas's own envelope rather than some gateway's page. */
	isEnvelope: boolean;
	/** The envelope's `code`, which can differ from the HTTP status. */
	envelopeCode: number | null;
	/** Atlas's own error message. */
	reason: string | null;
}

/** An answer, or why there was none. */
export type Exchange = { answer: Answer; fault?: undefined } | { answer?: undefined; fault: TransportError };

const DATA_URI = /data:[a-z0-9.+/-]+[;,][^\s"']*/gi;

/** Atlas nests an error's message two levels deep at most; a hostile body could go on forever. */
const MAX_REASON_DEPTH = 10;

/** Atlas's messages have a sentence or two. Items repeat them, and n8n stores every item. */
const MAX_REASON_LENGTH = 2_000;

/** The message in any of the shapes an error has (see docs/atlas-cloud-api.md, Errors). */
export function reasonOf(value: unknown, depth = 0): string | null {
	if (depth > MAX_REASON_DEPTH) return null;
	if (typeof value === 'string')
		return asString(value.slice(0, MAX_REASON_LENGTH).trim().replace(DATA_URI, truncate));
	const object = asObject(value);
	if (!object) return null;
	for (const key of ['message', 'msg', 'error', 'detail', 'reason']) {
		const reason = reasonOf(object[key], depth + 1);
		if (reason) return reason;
	}
	return null;
}

/** A request ID is for support: it has to fit into a message. */
function requestIdOf(value: unknown): string | null {
	const text = asString(value);
	return text === null ? null : asString(truncate(text));
}

/** Parses an answer, and removes the API key from everything that can reach an item or a message. */
export function toAnswer(
	statusCode: number,
	headers: Record<string, string>,
	text: string,
	redaction: Redaction,
): Omit<Answer, keyof TimedAnswer> {
	// Redacted after parsing: JSON text can spell each letter of the key in several ways.
	const json = redaction.json(parseJson(text));
	const envelope: JsonObject = asObject(json) ?? {};
	const envelopeCode = typeof envelope.code === 'number' ? envelope.code : null;
	const retryAfterS = asNumber(headers['retry-after']);
	return {
		statusCode,
		requestId: requestIdOf(redaction.text(headers['x-request-id'] ?? '')) ?? requestIdOf(envelope.request_id),
		retryAfterMs: retryAfterS !== null && retryAfterS >= 0 ? retryAfterS * 1_000 : null,
		json,
		// Both shapes are in docs/atlas-cloud-api.md: Errors, and Account for paths under /public/.
		isEnvelope:
			(envelopeCode !== null && ('msg' in envelope || 'message' in envelope || 'data' in envelope)) ||
			(asObject(envelope.error) !== undefined && 'request_id' in envelope),
		envelopeCode,
		reason: reasonOf(envelope.msg) ?? reasonOf(envelope.message) ?? reasonOf(envelope.error),
	};
}

/** The HTTP status, or the envelope's error code when the status itself claims success. */
export function effectiveStatus({ statusCode, envelopeCode }: Answer): number {
	return statusCode < 300 && envelopeCode !== null && envelopeCode >= 400 ? envelopeCode : statusCode;
}

/** Atlas answers with one of these about a prediction that it does not know (docs/atlas-cloud-api.md, Result). */
export const NOT_FOUND_STATUS_CODES = new Set([400, 404, 410]);

/** Whether Atlas reports success and sent a JSON object. */
export function isSuccess(answer: Answer): boolean {
	return effectiveStatus(answer) < 300 && asObject(answer.json) !== undefined;
}

/** Whether reading was stopped because the answer exceeded its size limit. */
export function isTooLarge({ fault }: Exchange): boolean {
	return fault?.code === 'EMSGSIZE';
}

/** The pause in ms that an answer asks for before the next read, within reason; null if it asks for none. */
export function cappedRetryAfterMs(answer: Answer | undefined): number | null {
	const retryAfterMs = answer?.retryAfterMs ?? null;
	return retryAfterMs === null ? null : Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
}
