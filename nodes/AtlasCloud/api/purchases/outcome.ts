import type { Exchange } from '../http/answer';
import { asObject } from '../json';
import { idInAnswer } from '../predictions/prediction';

/** Nothing was created, and nothing billed. */
export type NotCreated =
	/** Status 429. */
	| { kind: 'throttled' }
	/** Any other refusal in Atlas's own words. */
	| { kind: 'refused'; code: number }
	/** Atlas still prepares a file that was just uploaded. */
	| { kind: 'notReady' }
	/** No connection to Atlas was opened. */
	| { kind: 'unreachable' }
	/** n8n kept the request back. */
	| { kind: 'notSent' };

/** What the answer to a submit means for the bill. */
export type Outcome =
	| { kind: 'created'; id: string }
	| NotCreated
	/** `reportedId`: an ID in an answer that reports an error. It may be the prediction's all the same. */
	| { kind: 'inDoubt'; reportedId?: string };

/** Statuses that prove that nothing was created, in Atlas's own envelope (see docs/atlas-cloud-api.md, Errors). */
const NOT_CREATED_CODES = new Set([400, 401, 402, 403, 404, 413, 429, 451]);

/** Whatever is not proven is in doubt: a submit is never sent again on a guess. */
export function outcomeOf(exchange: Exchange): Outcome {
	const { answer, fault } = exchange;
	if (fault?.neverSent) return { kind: 'notSent' };
	if (fault?.neverOpened) return { kind: 'unreachable' };
	if (!answer) return { kind: 'inDoubt' };
	const { statusCode, envelopeCode, json, reason } = answer;
	const id = idInAnswer(answer);
	if (id !== null) {
		const isSuccess = statusCode < 300 && (envelopeCode ?? 200) < 300 && !reportsError(json);
		return isSuccess ? { kind: 'created', id } : { kind: 'inDoubt', reportedId: id };
	}
	if (!answer.isEnvelope) return { kind: 'inDoubt' };
	// A good status can carry a bad code. A bad status counts only where the envelope's code does not contradict it.
	const code = statusCode < 300 ? envelopeCode : statusCode;
	if (code === null) return { kind: 'inDoubt' };
	// Atlas also has numbers of its own, such as 1039.
	const codes = [code, ...(envelopeCode !== null && envelopeCode < 600 ? [envelopeCode] : [])];
	if (codes.every((one) => one >= 400 && one < 500) && /\bbeing prepared\b/i.test(reason ?? ''))
		return { kind: 'notReady' };
	if (!codes.every((one) => NOT_CREATED_CODES.has(one))) return { kind: 'inDoubt' };
	return code === 429 ? { kind: 'throttled' } : { kind: 'refused', code };
}

/** Whether an answer speaks of an error beside the record of a prediction. The record's own error is the prediction's. */
function reportsError(json: unknown): boolean {
	const { error, data } = asObject(json) ?? {};
	return (
		asObject(data) !== undefined && error !== undefined && error !== null && error !== '' && error !== false
	);
}
