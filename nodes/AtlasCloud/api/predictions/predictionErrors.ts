import { AtlasError, type AtlasErrorDetails } from '../errors';
import type { Exchange } from '../http/answer';
import { answerDetails, describeExchange } from '../http/errorTexts';
import type { Prediction } from './predictions';
import { statusOf } from './statuses';

type ErrorContext = Omit<AtlasErrorDetails, 'kind' | 'description' | 'status'>;

/** The error of a prediction that content moderation stopped; `message` is what an earlier attempt reported. */
export function moderationError(
	context: ErrorContext,
	message = withReason('Content moderation stopped the edit', context.reason),
): AtlasError {
	return new AtlasError(message, {
		kind: 'moderation',
		description: 'Change the prompt or the picture: the same request is stopped again.',
		status: 'failed',
		...context,
	});
}

/** The error of a failed prediction. */
export function failedError(
	{ predictionId, isModerated, failureReason, rawStatus }: Prediction,
	requestId: string | null = null,
	statusCode: number | null = null,
): AtlasError {
	const answer = { predictionId, requestId, statusCode };
	const reason = failureReason ?? (rawStatus ? `its status is "${rawStatus}"` : null);
	if (isModerated) return moderationError({ ...answer, reason });
	if (statusOf(rawStatus) === 'completed') return noOutputError(answer);
	return new AtlasError(withReason('Atlas Cloud could not make the edit', reason), {
		kind: 'failed',
		description:
			'The prediction is over and brings no picture. Run the item again for a new one; Atlas’s words above say what to change.',
		status: 'failed',
		reason,
		...answer,
	});
}

/** A prediction that is reported as completed but has no output may be billed, so it must not be bought again. */
function noOutputError(context: ErrorContext): AtlasError {
	return new AtlasError('Atlas Cloud says the edit is done and gives no picture', {
		kind: 'read',
		description:
			'It may have been billed. Look at the prediction with the operation Get, or ask Atlas’s support with this id.',
		status: 'completed',
		...context,
	});
}

/** The error of a prediction that could not be read when its time was up: its status is unknown, not failed. */
export function unreachableError(predictionId: string, exchange: Exchange | null): AtlasError {
	const why = exchange ? describeExchange(exchange) : 'no answer came in time';
	return new AtlasError(`Could not see whether the edit is done in its time: ${why}`, {
		kind: 'timeout',
		description:
			'The prediction is paid for and may be done. Get its picture with the operation Wait for Completion and this id.',
		predictionId,
		status: 'unknown',
		...(exchange ? answerDetails(exchange) : {}),
	});
}

function withReason(message: string, reason: string | null | undefined): string {
	return reason ? `${message}: ${reason}` : message;
}
