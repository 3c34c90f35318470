import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { AtlasError, CancelledError } from '../api/errors';
import { asNumber, asObject, asString } from '../api/json';
import type { Intent } from '../api/purchases/intent';
import type { Intents } from '../api/purchases/intents';
import type { Undelivered } from '../api/purchases/undelivered';
import { truncate } from '../api/text';
import { plural } from '../api/words';

/** The message of an error that has none. */
export const NO_REASON = 'The item failed for an unknown reason';

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
			'This prediction was already submitted and won’t be billed again: run the item again, or get its result with Prediction > Wait for Completion.',
		);
	}
	if (failedIds.length > 0) {
		sentences.push(`Earlier predictions of this item that failed: ${failedIds.join(', ')}.`);
	}
	if (sentences.length === 0) return error;
	return new AtlasError(error.message, {
		...error,
		description: [error.description, ...sentences].join(' ').trim(),
		predictionId: error.predictionId ?? predictionId,
	});
}

/** Never throws, whatever was thrown: it may carry the ID of something billed. */
function wrapError(error: unknown): AtlasError {
	const read = (name: string): unknown => {
		try {
			return asObject(error)?.[name];
		} catch {
			return undefined;
		}
	};
	return new AtlasError(truncate(asString(read('message')) ?? asString(error) ?? NO_REASON), {
		kind: 'read',
		description: asString(read('description')) ?? '',
		// n8n's own errors have it as text.
		statusCode: asNumber(read('httpCode')),
	});
}

/** What a failed item says about its error. @param prompt null where it is not known */
export function errorJson(error: AtlasError, prompt: string | null = null) {
	const { message, description, predictionId, status, reason, statusCode, requestId } = error;
	return { message, description, prompt, predictionId, status, reason, statusCode, requestId };
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
	const isUnknown = atlasError.kind === 'unknown';
	const others: Undelivered = {
		ids: undelivered.ids.filter(isOther),
		failedIds: undelivered.failedIds.filter(isOther),
		candidateIds: undelivered.candidateIds.filter(isOther),
		// The error of an item whose submit is unknown says so itself.
		unknownCount: undelivered.unknownCount - (isUnknown ? 1 : 0),
	};
	const nodeError = new NodeOperationError(context.getNode(), message, {
		itemIndex,
		// n8n shows the description as HTML.
		description: [description, ...describeUndelivered(others, isUnknown ? 'other item' : 'item')]
			.join('\n')
			.trim()
			.replace(/\n/g, '<br>'),
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

/** The error of a cancelled execution. n8n keeps no output or error of it, so what is billed goes to n8n's log. */
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
		context.logger.warn(
			[`${nodeName} was canceled.`, ...describeUndelivered(undelivered, 'item')].join(' '),
			{
				predictionIds: [...ids, ...candidateIds],
			},
		);
	}
	return toNodeError(context, new CancelledError(), undefined, undelivered);
}

/** Sentences about what is billed, or may be. */
function describeUndelivered(
	{ ids, failedIds, candidateIds, unknownCount }: Undelivered,
	noun: string,
): string[] {
	const sentences = [
		ids.length > 0 &&
			`Already submitted and not lost: ${ids.join(', ')}. Retry the execution, or get the results with Prediction > Wait for Completion.`,
		failedIds.length > 0 && `Also failed: ${failedIds.join(', ')}.`,
		unknownCount > 0 &&
			`For ${plural(unknownCount, noun)}, it’s unclear whether Atlas Cloud accepted the request: check with Prediction > Get Many.`,
		candidateIds.length > 0 && `Possible matches: ${candidateIds.join(', ')}.`,
	];
	return sentences.filter((sentence) => sentence !== false);
}
