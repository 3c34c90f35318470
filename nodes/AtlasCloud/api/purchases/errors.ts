import { AtlasError } from '../errors';
import { effectiveStatus, type Exchange } from '../http/answer';
import {
	adviceOn,
	answerDetails,
	describeExchange,
	headlineOf,
	isRunWide,
	TOO_MANY_REQUESTS,
} from '../http/errorTexts';
import { adviceOnUnreadableFile, BLOCKED, BLOCKED_ADVICE } from '../predictions/errors';
import { saysModeration } from '../predictions/prediction';
import type { Found } from './lostSearch';
import { idOf, isUnresolved, type PurchaseRecord } from './record';
import type { Doubt } from './search';

/** The error of a submit that did not leave: Atlas asks for a longer pause than the item's time. */
export function throttledError(record: PurchaseRecord | undefined): AtlasError {
	return new AtlasError(TOO_MANY_REQUESTS, {
		kind: 'refused',
		description: `Atlas Cloud asks for a longer pause than this item may wait. Run the workflow again later, or increase 'Timeout (Seconds)' if this operation has it under Options. ${describeBill(record)}`,
		statusCode: 429,
		...firstSubmitDetails(record),
	});
}

/** The error of a submit that created nothing. */
export function notCreatedError(exchange: Exchange, record: PurchaseRecord): AtlasError {
	const isModerated = isModeration(exchange);
	const what = isModerated ? BLOCKED : 'Atlas Cloud rejected the request';
	const unreadable =
		exchange.answer && effectiveStatus(exchange.answer) === 400
			? adviceOnUnreadableFile(exchange.answer.reason)
			: null;
	const advice = isModerated ? BLOCKED_ADVICE : (unreadable ?? adviceOn(exchange));
	return new AtlasError(headlineOf(what, exchange), {
		kind: 'refused',
		description: `${advice} ${describeBill(record)}`,
		isRunWide: isRunWide(exchange),
		...answerDetails(exchange),
		...firstSubmitDetails(record),
	});
}

/** Content moderation can also refuse a submit at once (docs/atlas-cloud-api.md, Errors). */
function isModeration({ answer }: Exchange): boolean {
	return answer !== undefined && effectiveStatus(answer) === 400 && saysModeration(answer.reason);
}

/** Whether an earlier submit of the item may have created something. */
const mayBeBilled = (record: PurchaseRecord | undefined): record is PurchaseRecord =>
	record !== undefined && (record.firstSubmit !== undefined || isUnresolved(record));

/** What a submit that created nothing means for the bill. */
function describeBill(record: PurchaseRecord | undefined): string {
	return mayBeBilled(record)
		? 'The first request of this item may have been accepted and billed: check with Prediction > Get Many.'
		: 'Nothing was billed for this item.';
}

/** What is known of a first submit that stays unknown although the second created nothing. */
function firstSubmitDetails(record: PurchaseRecord | undefined) {
	const isLostTold = mayBeBilled(record);
	return { predictionId: isLostTold ? record.maybeIds[0] : null, status: null, isLostTold };
}

/** The error of a submit that Atlas may have accepted. */
export function lostError(record: PurchaseRecord, exchange: Exchange | null, found: Found): AtlasError {
	const why = exchange ? `: ${describeExchange(exchange)}` : '';
	const details = exchange ? answerDetails(exchange) : {};
	const known = { ...details, kind: 'unknown', status: 'unknown' } as const;
	if (found.kind === 'unclear') {
		const [one, ...others] = found.ids;
		const headline =
			others.length > 0
				? 'Several predictions could belong to this item'
				: 'One prediction could belong to this item';
		return new AtlasError(`${headline}: ${found.ids.join(', ')}`, {
			...known,
			predictionId: others.length > 0 ? undefined : one,
			description: [
				'The response to this request was lost, and your history doesn’t show for sure which prediction it created.',
				'1. Check each of these predictions with Prediction > Get.',
				'2. Get the result of the right one with Prediction > Wait for Completion.',
				'3. Only if none of them is right, run this item again in a new execution: that is a new, billed request.',
			].join('\n'),
		});
	}
	const times = new Set([record.firstSubmit?.sentAtMs ?? record.sentAtMs, record.sentAtMs].map(describeTime));
	const unread = found.kind === 'unreadable' ? ` ${found.error.message}.` : '';
	return new AtlasError(`Couldn’t confirm whether Atlas Cloud accepted the request${why}`, {
		...known,
		predictionId: idOf(record) ?? record.maybeIds[0],
		description: [
			`To avoid billing you twice, it was not sent again.${unread}`,
			`1. Look for it with Prediction > Get Many and 'Return All' on: a prediction of ${record.model}, created at ${[...times].join(' or ')} or shortly after.`,
			'2. If it’s there, get its result with Prediction > Wait for Completion.',
			`3. If it isn’t there (Atlas Cloud keeps it until ${describeTime(record.keptUntilMs)}), it was most likely never created: run this item again in a new execution.`,
		].join('\n'),
	});
}

/** E.g. `2026-11-21 11:26:31 UTC`, to be compared with `createdAt` of Get Many. */
function describeTime(ms: number): string {
	return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** IDs in a message: an agent sees nothing else of an error. */
const MAX_IDS = 5;

/** The error of a request that may have been bought before: that cannot be found out. */
export function doubtError(doubts: Doubt[]): AtlasError {
	const ids = [...new Set(doubts.flatMap(({ id }) => id ?? []))];
	const [first] = doubts;
	const named = ids.length > 0 ? `. It may be ${ids.slice(0, MAX_IDS).join(', ')}` : '';
	const more = ids.length > MAX_IDS ? ` or one of ${ids.length - MAX_IDS} others` : '';
	return new AtlasError(`${NOT_CHECKED}: ${first.why}${named}${more}`, {
		kind: 'unknown',
		status: 'unknown',
		// It is about a submit other than those that this run has lost.
		isLostTold: false,
		description:
			'Nothing was submitted. Retry the execution later, or check with Prediction > Get Many. To submit the request anyway, run the item in a new execution.',
	});
}

const NOT_CHECKED = 'Couldn’t check whether an earlier execution already submitted this request';

/** Buying without having searched could pay twice, so the item fails instead. */
export function notReusedError(error: unknown): unknown {
	if (!(error instanceof AtlasError)) return error;
	const { message, statusCode, requestId } = error;
	return new AtlasError(`Couldn’t search for results to reuse: ${message.replace(`${NOT_CHECKED}: `, '')}`, {
		kind: 'read',
		description:
			"Nothing was submitted or billed for this item. Run it again later, or lower 'Reuse Paid Results (Hours)' under Options. Without that option, a new prediction is submitted and billed.",
		statusCode,
		requestId,
	});
}
