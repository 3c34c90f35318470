import { AtlasError } from '../errors';
import type { Exchange } from '../http/answer';
import {
	adviceOn,
	answerDetails,
	describeExchange,
	headlineOf,
	isRunWide,
	TOO_MANY_REQUESTS,
} from '../http/errorTexts';
import { BLOCKED, BLOCKED_ADVICE } from '../predictions/errors';
import type { Intent } from './intent';
import type { LostResult } from './lostSubmits';

/** The error of a submit that did not leave: Atlas asks for a longer pause than the item's time. */
export function throttledError(intent: Intent | undefined): AtlasError {
	return new AtlasError(TOO_MANY_REQUESTS, {
		kind: 'refused',
		description: `Atlas Cloud asks for a longer pause than Timeout allows. Increase Timeout under Options, or run the workflow again later. ${describeBill(intent)}`,
		statusCode: 429,
		...firstSubmitDetails(intent),
	});
}

/** The error of a submit that created nothing. */
export function notCreatedError(exchange: Exchange, intent: Intent): AtlasError {
	const isModerated = isModeration(exchange);
	const what = isModerated ? BLOCKED : 'Atlas Cloud rejected the request';
	const advice = isModerated ? BLOCKED_ADVICE : adviceOn(exchange);
	return new AtlasError(headlineOf(what, exchange), {
		kind: 'refused',
		description: `${advice} ${describeBill(intent)}`,
		isRunWide: isRunWide(exchange),
		...answerDetails(exchange),
		...firstSubmitDetails(intent),
	});
}

/** Content moderation can also refuse a submit at once (docs/atlas-cloud-api.md, Errors). */
function isModeration({ answer }: Exchange): boolean {
	return answer?.statusCode === 400 && /sensitive ?content|moderation/i.test(answer.reason ?? '');
}

/** What a submit that created nothing means for the bill. */
function describeBill(intent: Intent | undefined): string {
	return intent?.isResubmitted
		? 'The first request of this item may have been accepted and billed: check with Prediction > Get Many.'
		: 'Nothing was billed for this item.';
}

/** What is known of a first submit that stays unknown although the second created nothing. */
function firstSubmitDetails(intent: Intent | undefined) {
	return { predictionId: intent?.isResubmitted ? intent.candidateIds?.[0] : null, status: null };
}

/** The error of a submit that Atlas may have accepted. */
export function unknownError(intent: Intent, exchange: Exchange | null, result: LostResult): AtlasError {
	const why = exchange ? `: ${describeExchange(exchange)}` : '';
	const details = exchange ? answerDetails(exchange) : {};
	if (result.kind === 'ambiguous') {
		return new AtlasError(
			`Several predictions could belong to this item: ${result.predictionIds.join(', ')}`,
			{
				...details,
				kind: 'unknown',
				status: 'unknown',
				description: [
					'The response to this request was lost, and your history has several identical ones.',
					'1. Check each of these predictions with Prediction > Get.',
					'2. Get the result of the right one with Prediction > Wait for Completion.',
					'3. Only if none of them is right, run this item again in a new execution: that is a new, billed request.',
				].join('\n'),
			},
		);
	}
	const unread = result.kind === 'unreadable' ? ` ${result.error.message}.` : '';
	return new AtlasError(`Couldn’t confirm whether Atlas Cloud accepted the request${why}`, {
		...details,
		kind: 'unknown',
		status: 'unknown',
		predictionId: intent.candidateIds?.[0],
		description: [
			`To avoid billing you twice, it was not sent again.${unread}`,
			`1. Look for it with Prediction > Get Many: a prediction of ${intent.model}, created at ${describeTime(intent.sentAtMs)} or shortly after.`,
			'2. If it’s there, get its result with Prediction > Wait for Completion.',
			'3. If it isn’t, nothing was billed: run this item again in a new execution.',
		].join('\n'),
	});
}

/** E.g. `2026-11-21 11:26:31 UTC`, to be compared with `createdAt` of Get Many. */
function describeTime(ms: number): string {
	return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
