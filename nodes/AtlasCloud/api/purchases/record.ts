import { SUBMIT_TIMEOUT_MS } from '../http/http';
import { asString } from '../json';
import { sentSize } from '../models/sizes';
import { truncate } from '../text';
import type { TimeSpan } from '../time/atlasClock';
import type { Identity, PurchaseRequest } from './request';

/** The one state machine of this package: how far a purchase has come. */
export type Fate =
	/** Written before the request leaves: whatever happens next, Atlas may have it. */
	| { state: 'sending' }
	/** No answer proves anything. `reportedId`: the ID in an answer that reports an error. It may be the prediction's. */
	| { state: 'lost'; reportedId?: string }
	/** Atlas gave the ID, or the history showed it. */
	| { state: 'bought'; id: string }
	/** The prediction completed. */
	| { state: 'done'; id: string }
	/** The prediction failed. `isModerated`: content moderation stopped it, and would again. */
	| { state: 'failed'; id: string; why: string; isModerated: boolean }
	/** Atlas created nothing. */
	| { state: 'refused' };

/** What a purchase is for. */
export interface PurchaseFacts {
	/** Hash of the request: its body, resolved, and its inputs by content or URL. */
	readonly fingerprint: string;
	/** Hash of the body as sent, to find it in the history. Empty for a purchase that was found by its content. */
	readonly bodyHash: string;
	readonly model: string;
	/** Our clock, in ms since the epoch, just before the request left. */
	readonly sentAtMs: number;
	/** Our clock, in ms: Atlas may have deleted it after this. */
	readonly keptUntilMs: number;
	/** As sent; null where the model takes none. */
	readonly prompt: string | null;
	/** As sent, `W*H`; null where the model chose. */
	readonly size: string | null;
	/** The inputs' URLs as sent; only the beginning of a data URI. */
	readonly images: string[];
	/** Whether a URL is among its inputs: what it shows may change. */
	readonly hasUrl: boolean;
	/** By a quote, where one was asked for, else by the list price, in USD; null if it is not known. */
	readonly estimateUsd: number | null;
}

/** Whose purchase it was at first. */
export type Origin =
	/** This item's, in this execution or the one that is retried. */
	| 'own'
	/** An earlier run's of this node, which failed and did not return it. */
	| 'failedRun'
	/** Any execution's: the option Reuse Paid Results took it. */
	| 'reused';

/**
 * What is known of one purchase of an item. Only {@link Ledger} changes it. Plain JSON without files or keys: n8n saves
 * it with the execution, so its property names must not change.
 */
export interface PurchaseRecord extends PurchaseFacts {
	readonly fate: Readonly<Fate>;
	readonly executionId: string;
	/** See `LedgerScope`. */
	readonly parametersHash: string;
	readonly origin: Origin;
	/** Our clock, in ms, when the answer came or was given up on; missing if n8n died first. */
	readonly endedAtMs?: number;
	/** Predictions that may be this one, or one of an earlier submit of it. */
	readonly maybeIds: string[];
	/** Predictions of this item that failed before it was bought again. */
	readonly formerIds: string[];
	/** What earlier submits of it may have cost in this execution, in USD. */
	readonly formerUsd: number;
	/**
	 * What the first submit is looked for by if it was lost, and submitted once more, which is the limit. What came of it
	 * stays unknown.
	 */
	readonly firstSubmit?: Pick<PurchaseRecord, 'sentAtMs' | 'endedAtMs' | 'bodyHash' | 'images'>;
	/** Whether n8n has its output. */
	readonly isDelivered: boolean;
}

/** Records by their key in the ledger. */
export type PurchaseRecords = Record<string, PurchaseRecord>;

/** The prediction of a purchase; undefined where none is known. */
export function idOf({ fate }: PurchaseRecord): string | undefined {
	return 'id' in fate ? fate.id : undefined;
}

/** All predictions of a purchase, the latest last. */
export function idsOf(record: PurchaseRecord): string[] {
	const id = idOf(record);
	return id === undefined ? record.formerIds : [...record.formerIds, id];
}

/** Whether Atlas may have accepted the submit although no answer says so. */
export function isUnresolved({ fate }: PurchaseRecord): boolean {
	return fate.state === 'sending' || fate.state === 'lost';
}

/** Whether it is paid for, as far as is known. */
export function isPaid({ fate }: PurchaseRecord): boolean {
	return fate.state === 'bought' || fate.state === 'done';
}

/** What it may have cost in this execution, earlier submits of it included, in USD. One that failed may be billed. */
export function spentUsd({ fate, origin, estimateUsd, formerUsd }: PurchaseRecord): number {
	return formerUsd + (origin === 'own' && fate.state !== 'refused' ? (estimateUsd ?? 0) : 0);
}

/** When a submit was in flight, on our clock. */
export interface SubmitTimes {
	sentAtMs: number;
	/** When its answer came, was lost or was given up on. */
	endedAtMs: number;
}

/** How far a creation time may lie outside a submit’s times: clocks differ a little, and a gateway may hold a request back. */
const EARLY_MS = 5_000;
const LATE_MS = 30_000;

/** When a submit's prediction can have been created. Outside of it, it is another purchase with the same body. */
export function creationWindow({ sentAtMs, endedAtMs }: SubmitTimes): TimeSpan {
	return { fromMs: sentAtMs - EARLY_MS, toMs: endedAtMs + LATE_MS };
}

/** Whether a submit may have created a prediction of the same body, judging by when that was created. */
export function mayHaveCreated(submit: SubmitTimes, created: TimeSpan): boolean {
	const { fromMs, toMs } = creationWindow(submit);
	return fromMs <= created.toMs && created.fromMs <= toMs;
}

/** When its submit left, and when its answer came. */
export function submitTimesOf({
	sentAtMs,
	endedAtMs = sentAtMs + SUBMIT_TIMEOUT_MS,
}: PurchaseRecord): SubmitTimes {
	return { sentAtMs, endedAtMs };
}

/** Whether content moderation stopped it. */
export function isModerated({ fate }: PurchaseRecord): boolean {
	return fate.state === 'failed' && fate.isModerated;
}

/** Longer ones would fill what n8n saves with an execution; a signed URL has some hundred characters. */
const MAX_URL_LENGTH = 2_000;

/** An input's URL as a record keeps it: whole, unless it is very long; of a data URI, only its type. */
export function shownInput(url: string): string {
	return /^https?:/i.test(url) && url.length <= MAX_URL_LENGTH ? url : truncate(url);
}

/** What a record says of a request. */
export function factsOf(
	{ body, model, inputs, keepHours, estimateUsd = null }: PurchaseRequest,
	{ fingerprint }: Identity,
	sent: Pick<PurchaseFacts, 'images' | 'bodyHash' | 'sentAtMs'>,
): PurchaseFacts {
	const hasUrl = inputs.some(({ url }) => url !== undefined && !/^data:/i.test(url));
	return {
		...sent,
		fingerprint,
		model,
		keptUntilMs: sent.sentAtMs + keepHours * 3_600_000,
		prompt: asString(body.prompt),
		size: sentSize(body),
		hasUrl,
		estimateUsd,
	};
}

/** What n8n keeps of purchases with the execution. */
export interface KeptPurchases {
	/** Of one node. */
	records: PurchaseRecords;
	/** Predictions that items of any node of the execution have: two nodes may send the same request. */
	takenIds: Record<string, true>;
}

/** What a run has bought, or may have, and has not returned. */
export interface Undelivered {
	/** Submitted and not known to have failed. */
	paid: PurchaseRecord[];
	/** Failed predictions. */
	failedIds: string[];
	/** Predictions that may belong to lost purchases. */
	maybeIds: string[];
	/** Purchases that Atlas may or may not have accepted. */
	lostCount: number;
}

/** @param records of a run */
export function undeliveredOf(records: PurchaseRecord[]): Undelivered {
	const open = records.filter(({ isDelivered }) => !isDelivered);
	const withoutId = open.filter((record) => idOf(record) === undefined);
	return {
		paid: open.filter(isPaid),
		failedIds: open.flatMap((record) => (isPaid(record) ? record.formerIds : idsOf(record))),
		maybeIds: [...new Set(withoutId.flatMap(({ maybeIds }) => maybeIds))],
		lostCount: withoutId.filter(isUnresolved).length,
	};
}
