import type { IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { AtlasError, CancelledError } from '../api/errors';
import { asNumber, asObject, asString } from '../api/json';
import type { Intent } from '../api/purchases/intent';
import type { Intents } from '../api/purchases/intents';
import type { Undelivered } from '../api/purchases/undelivered';

/** The message of an error that has none. */
export const NO_REASON = 'The item failed without a reason';

/**
 * Any error as an AtlasError.
 * @param intent what the item bought: whatever fails after a submit, its error names the prediction
 */
export function asAtlasError(error: unknown, intent?: Intent): AtlasError {
	const atlasError = error instanceof AtlasError ? error : wrapError(error);
	return intent ? withPurchase(atlasError, intent) : atlasError;
}

/** Adds the predictions of earlier attempts that the error does not mention yet. */
function withPurchase(error: AtlasError, { predictionId, formerIds = [], state }: Intent): AtlasError {
	const missingId = error.predictionId === null ? predictionId : undefined;
	const isLost = missingId !== undefined && state === 'failed';
	const failedIds = isLost ? [...formerIds, missingId] : formerIds;
	const sentences: string[] = [];
	if (missingId !== undefined && !isLost) {
		sentences.push(
			'An earlier try bought this prediction, and nothing has to be paid again: run the item again, or fetch it with Wait for Completion.',
		);
	}
	if (failedIds.length > 0) {
		sentences.push(`Predictions of earlier tries that failed: ${failedIds.join(', ')}.`);
	}
	if (sentences.length === 0) return error;
	return new AtlasError(error.message, {
		...error,
		description: [error.description, ...sentences].join(' ').trim(),
		predictionId: error.predictionId ?? predictionId,
	});
}

/** Never throws, whatever was thrown: it may carry the id of something paid for. */
function wrapError(error: unknown): AtlasError {
	const read = (name: string): unknown => {
		try {
			return asObject(error)?.[name];
		} catch {
			return undefined;
		}
	};
	return new AtlasError(asString(read('message')) ?? asString(error) ?? NO_REASON, {
		kind: 'read',
		description: asString(read('description')) ?? '',
		// n8n's own errors have it as text.
		statusCode: asNumber(read('httpCode')),
	});
}

/** What a failed item says about its error. */
export function errorJson(error: AtlasError) {
	const { message, description, predictionId, status, reason, statusCode, requestId } = error;
	return { message, description, predictionId, status, reason, statusCode, requestId };
}

/**
 * The error that n8n shows for the node.
 * @param undelivered what the run bought and has not returned
 */
export function toNodeError(
	context: IExecuteFunctions,
	error: unknown,
	itemIndex: number | undefined,
	undelivered: Undelivered,
): NodeOperationError {
	const atlasError = asAtlasError(error);
	const { message, description, ...details } = errorJson(atlasError);
	const isOther = (id: string) => !message.includes(id);
	const others: Undelivered = {
		ids: undelivered.ids.filter(isOther),
		failedIds: undelivered.failedIds.filter(isOther),
		candidateIds: undelivered.candidateIds.filter(isOther),
		// The error of an item whose submit is unknown says so itself.
		unknownCount: undelivered.unknownCount - (atlasError.kind === 'unknown' ? 1 : 0),
	};
	const nodeError = new NodeOperationError(context.getNode(), message, {
		itemIndex,
		description: `${description}${describeUndelivered(others)}`.trim(),
	});
	// n8n replaces a message that contains ECONNRESET or the like, and the prediction ID would be lost.
	nodeError.message = message;
	Object.assign(nodeError.context, {
		...details,
		otherPredictionIds: [...others.ids, ...others.failedIds, ...others.candidateIds],
	});
	return nodeError;
}

/** Executions whose cancel was logged. With Retry On Fail, a cancelled node runs several times. */
const loggedCancels = new WeakSet<object>();

/** The error of a cancelled execution. n8n keeps no output or error of it, so what is paid for goes to n8n's log. */
export function cancelError(
	context: IExecuteFunctions,
	nodeName: string,
	intents: Intents,
): NodeOperationError {
	const undelivered = intents.undelivered();
	const { ids, candidateIds, unknownCount } = undelivered;
	const execution = context.getContext('node');
	if (ids.length + unknownCount > 0 && !loggedCancels.has(execution)) {
		loggedCancels.add(execution);
		context.logger.warn(`${nodeName} was cancelled.${describeUndelivered(undelivered)}`, {
			predictionIds: [...ids, ...candidateIds],
		});
	}
	return toNodeError(context, new CancelledError(), undefined, undelivered);
}

/** Sentences about what is paid for, or may be, each after a space. */
function describeUndelivered({ ids, failedIds, candidateIds, unknownCount }: Undelivered): string {
	const sentences = [
		ids.length > 0 &&
			`Other edits were submitted and are not lost: ${ids.join(', ')}. Retry, or fetch them with Wait for Completion.`,
		failedIds.length > 0 && `These failed as well: ${failedIds.join(', ')}.`,
		unknownCount > 0 &&
			`Of ${unknownCount} ${unknownCount === 1 ? 'item' : 'items'} it is unknown whether Atlas Cloud took the edit; Get Many shows what it took.`,
		candidateIds.length > 0 && `These may be theirs: ${candidateIds.join(', ')}.`,
	];
	return sentences.map((sentence) => (sentence ? ` ${sentence}` : '')).join('');
}
