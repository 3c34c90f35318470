import { truncate } from '../text';
import { AtlasError, type AtlasErrorDetails } from '../errors';
import type { Exchange } from '../http/answer';
import { answerDetails, describeExchange } from '../http/errorTexts';
import { type Prediction, statusOf } from './prediction';

/** The headline of what content moderation blocked, and what to do about it. */
export const BLOCKED = 'Content moderation blocked this request';
export const BLOCKED_ADVICE =
	'Change the prompt or the input files. The same request would be blocked again.';

type ErrorContext = Omit<AtlasErrorDetails, 'kind' | 'description' | 'status'>;

/** The error of a prediction that content moderation blocked; `message` is what an earlier attempt reported. */
export function moderationError(context: ErrorContext, message = blockedMessage(context.reason)): AtlasError {
	return new AtlasError(message, {
		kind: 'moderation',
		description: BLOCKED_ADVICE,
		status: 'failed',
		...context,
	});
}

/** With the reason, unless it says the same again. */
function blockedMessage(reason: string | null | undefined): string {
	return /blocked by content moderation\.?$/i.test(reason ?? '') ? BLOCKED : withReason(BLOCKED, reason);
}

/** The error of a failed prediction. */
export function failedError(
	{ predictionId, isModerated, failureReason, rawStatus }: Prediction,
	{ requestId, statusCode }: Pick<ErrorContext, 'requestId' | 'statusCode'> = {},
): AtlasError {
	const answer = { predictionId, requestId, statusCode };
	const reason = failureReason ?? (rawStatus ? `its status is "${rawStatus}"` : null);
	if (isModerated) return moderationError({ ...answer, reason });
	// It may be billed, so it must not be bought again.
	if (statusOf(rawStatus) === 'completed')
		return new AtlasError('Atlas Cloud reported the prediction as completed but returned no file', {
			kind: 'read',
			description:
				'It may have been billed. Check it with Prediction > Get, or contact Atlas Cloud support with this prediction ID.',
			status: 'completed',
			...answer,
		});
	return new AtlasError(withReason('The prediction failed', reason), {
		kind: 'failed',
		description: `${adviceOnUnreadableFile(reason) ?? 'Change the prompt or the input files, then run the item again.'} A new run is a new, billed request.`,
		status: 'failed',
		reason,
		...answer,
	});
}

/** The error of a prediction that could not be read when its time was up: its status is unknown, not failed. */
export function unreachableError(predictionId: string, exchange: Exchange | null): AtlasError {
	const why = exchange ? describeExchange(exchange) : 'the request timed out';
	return new AtlasError(`Couldn’t check whether the prediction finished in time: ${why}`, {
		kind: 'timeout',
		description:
			'It was submitted and may be finished. Get its result with Prediction > Wait for Completion and this prediction ID.',
		predictionId,
		status: 'unknown',
		...(exchange ? answerDetails(exchange) : {}),
	});
}

function withReason(message: string, reason: string | null | undefined): string {
	return reason ? `${message}: ${truncate(reason)}` : message;
}

const READING = '(?:download|fetch|access|load|retriev|reach|connect|open|read)[a-z]*';
const FILE = '(?:image|video|audio|file|media|resource|url)';
const UNREADABLE = [
	new RegExp(`\\b${READING}\\b.{0,60}\\b${FILE}|${FILE}\\b.{0,60}\\b${READING}`, 'i'),
	/fail|unable|error|can ?not|can['’]t|could|\bnot\b|time(?:d )?out|forbidden|denied|\b40[34]\b/i,
];
const BAD_URL = /(?:invalid|not valid|expired)\b.{0,40}url\b|url\b.{0,40}(?:invalid|not valid|expired)/i;

/** What to do where Atlas says that it could not read an input file; null where it says anything else. */
export function adviceOnUnreadableFile(reason: string | null): string | null {
	const isMeant = reason !== null && (UNREADABLE.every((one) => one.test(reason)) || BAD_URL.test(reason));
	return isMeant
		? 'Atlas Cloud couldn’t read an input file. If you entered its URL, download it with an HTTP Request node, and use the file instead of the URL.'
		: null;
}
