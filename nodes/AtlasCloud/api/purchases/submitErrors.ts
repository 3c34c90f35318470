import { AtlasError } from '../errors';
import type { Exchange } from '../http/answer';
import { adviceFor, answerDetails, describeExchange, NOT_SENT_ADVICE } from '../http/errorTexts';
import type { Intent } from './intent';
import type { LostResult } from './lostSubmits';
import type { NotCreated } from './submitOutcome';

/** The error of a submit that did not leave: Atlas asks for a longer pause than the item's time. */
export function throttledError(intent: Intent | undefined, itemIndex: number): AtlasError {
	return new AtlasError('Atlas Cloud did not take the edit: it asks for a longer pause than Timeout allows', {
		kind: 'refused',
		description: `${adviceFor(429)} ${describeBill(intent, itemIndex)}`,
		statusCode: 429,
		...firstSubmitDetails(intent),
	});
}

/** The error of a submit that created nothing. */
export function notCreatedError(
	outcome: NotCreated,
	exchange: Exchange,
	intent: Intent,
	itemIndex: number,
): AtlasError {
	const { message, advice } = explain(outcome, exchange);
	return new AtlasError(`${message}: ${describeExchange(exchange)}`, {
		kind: 'refused',
		description: `${advice} ${describeBill(intent, itemIndex)}`,
		...answerDetails(exchange),
		...firstSubmitDetails(intent),
	});
}

function explain(outcome: NotCreated, exchange: Exchange): { message: string; advice: string } {
	switch (outcome.kind) {
		case 'throttled':
			return { message: 'Atlas Cloud did not take the edit', advice: adviceFor(429) };
		case 'refused':
			return { message: 'Atlas Cloud did not take the edit', advice: adviceFor(outcome.code) };
		case 'notSent':
			return { message: 'n8n did not send the edit', advice: exchange.fault?.advice ?? NOT_SENT_ADVICE };
		case 'unreachable':
			return {
				message: 'Atlas Cloud could not be reached',
				advice: 'Check the Base URL of the credential and the network of this n8n.',
			};
	}
}

/** What a submit that created nothing means for the bill. */
function describeBill(intent: Intent | undefined, itemIndex: number): string {
	return intent?.isResubmitted
		? `It is unknown whether Atlas Cloud took the first submit of item ${itemIndex}, before this one: run Get Many to see.`
		: 'Nothing was created or billed.';
}

/** What is known of a first submit that stays unknown although the second created nothing. */
function firstSubmitDetails(intent: Intent | undefined) {
	return { predictionId: intent?.isResubmitted ? intent.candidateIds?.[0] : null, status: null };
}

/** The error of a submit that Atlas may have accepted. */
export function unknownError(
	intent: Intent,
	exchange: Exchange | null,
	result: LostResult,
	itemIndex: number,
): AtlasError {
	const why = exchange ? ` (${describeExchange(exchange)})` : '';
	const details = exchange ? answerDetails(exchange) : {};
	if (result.kind === 'ambiguous') {
		return new AtlasError(
			`It is unknown which prediction is this item’s${why}: ${result.predictionIds.join(', ')} all fit`,
			{
				...details,
				kind: 'unknown',
				status: 'unknown',
				description:
					'More predictions of the same request are in the history than answers were lost. Look at them with the operation Get, and fetch the right one with Wait for Completion.',
			},
		);
	}
	const sentAt = new Date(intent.sentAtMs).toISOString();
	const unread = result.kind === 'unreadable' ? `${result.error.message}. ` : '';
	return new AtlasError(`It is unknown whether Atlas Cloud took the edit${why}`, {
		...details,
		kind: 'unknown',
		status: 'unknown',
		predictionId: intent.candidateIds?.[0],
		description: `${unread}It was not sent again, because that could be billed twice. Run Get Many, or look at atlascloud.ai, for a prediction of ${intent.model} created at ${sentAt} or shortly after (item ${itemIndex}). If there is one, fetch it with Wait for Completion; if there is none, nothing was billed and the item can be run again as a new execution.`,
	});
}
