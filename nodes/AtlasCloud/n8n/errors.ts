import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { AtlasError, CancelledError } from '../api/errors';
import { asNumber, asObject, asString } from '../api/json';
import { dollars } from '../api/models/prices';
import type { Ledger } from '../api/purchases/ledger';
import {
	idOf,
	idsOf,
	isPaid,
	isUnresolved,
	type PurchaseRecord,
	type Undelivered,
} from '../api/purchases/record';
import { truncate, plural } from '../api/text';

/** The message of an error that has none. */
export const NO_REASON = 'The item failed for an unknown reason';

/**
 * Any error as an AtlasError.
 * @param records what the item bought: whatever fails after a submit, its error names the prediction
 */
export function asAtlasError(error: unknown, records: PurchaseRecord[] = []): AtlasError {
	const atlasError = error instanceof AtlasError ? error : wrapError(error);
	const { message, description, predictionId, isLostTold } = atlasError;
	// Several are those of the item's images: what came of the others is not told here.
	const [only] = records.length === 1 ? records : [];
	const id = only && idOf(only);
	const isMissing = id !== undefined && !message.includes(id);
	const isBilled = isMissing && records.some(isPaid);
	const formerIds = only?.formerIds ?? [];
	const failedIds = isMissing && !isBilled ? [...formerIds, id] : formerIds;
	const isNew = (one: string) => !`${message} ${description}`.includes(one);
	const otherIds = only ? [] : records.flatMap(idsOf).filter(isNew);
	const isLost = !isLostTold && records.some(isUnresolved);
	const sentences = [
		isBilled &&
			'This prediction was already submitted and won’t be billed again: get its result with Prediction > Wait for Completion.',
		failedIds.length > 0 && `Earlier predictions of this item that failed: ${failedIds.join(', ')}.`,
		otherIds.length > 0 && `Other predictions of this item: ${otherIds.join(', ')}.`,
		isLost &&
			'An earlier request of this item may have been accepted and billed: check with Prediction > Get Many.',
	].filter((sentence) => sentence !== false);
	if (sentences.length === 0) return atlasError;
	return new AtlasError(message, {
		...atlasError,
		description: [description, ...sentences].join(' ').trim(),
		predictionId: predictionId ?? id,
		isLostTold: isLostTold || isLost,
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

const KEEP_ROWS =
	'To keep finished rows when one fails, set On Error to Continue in the node’s Settings. The IDs are in the error’s details.';

type ErrorContext = Pick<IExecuteFunctions, 'getMode' | 'getNode'>;

/** Whether an AI agent or an MCP client calls the node. */
export const isTool = (context: Pick<IExecuteFunctions, 'getNode'>) =>
	context.getNode().type.endsWith('Tool');

const NOTHING: Undelivered = { paid: [], failedIds: [], maybeIds: [], lostCount: 0 };

/** The error that n8n shows for the node. @param undelivered what the run bought and has not returned */
export function toNodeError(
	context: ErrorContext,
	error: unknown,
	itemIndex?: number,
	undelivered = NOTHING,
): NodeOperationError {
	const atlasError = asAtlasError(error);
	const { isLostTold } = atlasError;
	const { message, description, ...details } = errorJson(atlasError);
	const isOther = (id: string) => !message.includes(id);
	const others: Undelivered = {
		paid: undelivered.paid.filter((record) => isOther(idOf(record) ?? '')),
		failedIds: undelivered.failedIds.filter(isOther),
		maybeIds: undelivered.maybeIds.filter(isOther),
		// The error of an item whose submit is unknown says so itself.
		lostCount: undelivered.lostCount - (isLostTold ? 1 : 0),
	};
	const advice = [
		description,
		...describeUndelivered(others, context, 'other ', isLostTold ? 'other ' : ''),
		others.paid.length > 0 && KEEP_ROWS,
	]
		.filter((sentence) => sentence !== false)
		.join('\n')
		.trim();
	const nodeError = new NodeOperationError(context.getNode(), message, {
		itemIndex,
		// n8n shows the description as HTML.
		description: isTool(context) ? advice : advice.replace(/\n/g, '<br>'),
	});
	// n8n replaces a message that contains ECONNRESET or the like, and the prediction ID would be lost. An agent sees nothing
	// but the message (n8n 2.41).
	nodeError.message = isTool(context) ? `${message}\n${advice}`.trim() : message;
	// n8n takes that word for a cancel of the execution, and then offers no Retry (n8n-core 2.41).
	if (!(error instanceof CancelledError))
		nodeError.message = nodeError.message.replaceAll('canceled', 'cancelled');
	const otherIds = idsIn(others);
	// n8n shows messages under the error's details.
	if (otherIds.length > 0)
		nodeError.messages.push(`Other prediction IDs of this run: ${otherIds.join(', ')}`);
	Object.assign(nodeError.context, { ...details, otherPredictionIds: otherIds });
	return nodeError;
}

function idsIn({ paid, failedIds, maybeIds }: Undelivered): string[] {
	return [...paid.flatMap((record) => idOf(record) ?? []), ...failedIds, ...maybeIds];
}

/** IDs that were logged for a cancel, by execution: with Retry On Fail, a cancelled node runs several times. */
const loggedIds = new WeakMap<object, Set<string>>();

/** The error of a cancelled execution. n8n keeps no output or error of it, so what is billed goes to n8n's log. */
export function cancelError(
	context: IExecuteFunctions,
	nodeName: string,
	ledger: Ledger,
): NodeOperationError {
	const undelivered = ledger.undelivered();
	const execution = context.getContext('node');
	const logged = loggedIds.get(execution) ?? new Set<string>();
	// What is lost has no ID.
	const ids = [...idsIn(undelivered), ...(undelivered.lostCount > 0 ? ['lost'] : [])];
	if (ids.some((id) => !logged.has(id))) {
		loggedIds.set(execution, new Set([...logged, ...ids]));
		const predictionIds = idsIn(undelivered);
		const sentences = describeUndelivered(undelivered, context);
		const said = [`${nodeName} was canceled.`, ...sentences].join(' ');
		context.logger.warn(`${said} Prediction IDs: ${predictionIds.join(', ')}`, { predictionIds });
	}
	return toNodeError(context, new CancelledError(), undefined, undelivered);
}

/** How the next run gets what was paid for: see {@link Leftovers}. In words that go on with "to get them". */
function howToGet(paid: PurchaseRecord[], context: ErrorContext): string {
	// A call that is repeated may be a new, billed request.
	if (isTool(context))
		return `Use Prediction > Wait for Completion with ${paid.flatMap((record) => idOf(record) ?? []).join(', ')}`;
	if (paid.some(({ hasUrl }) => hasUrl))
		return context.getMode() === 'integrated'
			? 'Select Retry for this sub-workflow’s own execution in the Executions tab'
			: 'Run the node again by hand within 15 minutes, or select Retry in the Executions tab,';
	const hours = Math.min(
		24,
		...paid.map(({ keptUntilMs, sentAtMs }) => (keptUntilMs - sentAtMs) / 3_600_000),
	);
	return `Run the node again within ${hours < 24 ? plural(Math.max(1, Math.floor(hours)), 'hour') : 'a day'}`;
}

/** Sentences about what is billed, or may be. @param other what tells it from the item whose error has them */
function describeUndelivered(
	{ paid, failedIds, maybeIds, lostCount }: Undelivered,
	context: ErrorContext,
	other: 'other ' | '' = '',
	otherLost = other,
): string[] {
	const known = paid.flatMap(({ estimateUsd }) => estimateUsd ?? []);
	const usd = known.length === paid.length ? known.reduce((sum, one) => sum + one, 0) : 0;
	const cost = usd > 0 ? ` (about ${dollars(usd)})` : '';
	const [these, are, them] =
		paid.length === 1
			? [`One ${other}prediction`, 'is', 'it']
			: [plural(paid.length, `${other}prediction`), 'are', 'them'];
	const sentences = [
		paid.length > 0 &&
			`${these} of this run ${are} billed${cost} and not lost. ${howToGet(paid, context)} to get ${them}.`,
		failedIds.length > 0 && `Also failed: ${failedIds.join(', ')}.`,
		lostCount > 0 &&
			`For ${plural(lostCount, `${otherLost}item`)}, it’s unclear whether Atlas Cloud accepted the request: check with Prediction > Get Many.`,
		maybeIds.length > 0 && `Possible matches: ${maybeIds.join(', ')}.`,
	];
	return sentences.filter((sentence) => sentence !== false);
}
