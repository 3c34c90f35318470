import { SUBMIT_TIMEOUT_MS } from '../http/timeouts';
import type { FlightTimes } from './match';

/** How far a purchase has come. */
export type IntentState =
	/** Written before the request leaves: whatever happens next, Atlas may have received it. */
	| 'sending'
	/** Atlas gave an ID. */
	| 'accepted'
	/** The prediction completed. */
	| 'done'
	/** Atlas refused it, or the prediction failed. */
	| 'failed'
	/** Atlas may have accepted it; the history did not show it. */
	| 'unknown';

/** What a purchase is for. */
export interface IntentDetails {
	/** Hash of the request as the user wrote it: parameters and the inputs' content, not their uploaded URLs. */
	readonly fingerprint: string;
	/** Hash of the body as sent, to find it in the history. Empty for a purchase that Recovery found. */
	readonly bodyHash: string;
	readonly model: string;
	/** Our clock, in ms since the epoch, just before the request left. */
	readonly sentAtMs: number;
	/** As sent; null where the model takes none. */
	readonly prompt: string | null;
	/** As sent, `W*H`; null where the model chose. */
	readonly size: string | null;
	/** The inputs' URLs as sent; only the beginning of a data URI. */
	readonly images: string[];
}

/**
 * What the node means to buy for one item, and what came of it. Only {@link Intents} changes it.
 * Plain JSON without files or keys: n8n saves it with the execution, so its property names must not change.
 */
export interface Intent extends IntentDetails {
	readonly state: IntentState;
	readonly executionId: string;
	/** Our clock, in ms, when the answer came or was given up on; missing if n8n crashed first. */
	readonly endedAtMs?: number;
	readonly predictionId?: string;
	/** An ID in an answer that reports an error. It may be this purchase's, so it is never submitted again. */
	readonly reportedId?: string;
	/** It was unknown and was submitted once more, which is the limit. What came of the first submit stays unknown. */
	readonly isResubmitted?: boolean;
	/** Content moderation stopped it: submitting the same again only costs time. */
	readonly isModerated?: boolean;
	/** The message of the error it failed with. */
	readonly failure?: string;
	/** Predictions that may be this one. */
	readonly candidateIds?: string[];
	/** Predictions of this item that failed before it was bought again. */
	readonly formerIds?: string[];
	/** Whether it was bought before this execution, and the option Reuse Paid Results took it. */
	readonly isReused?: boolean;
	/** Whether n8n has the item's output. */
	readonly isDelivered?: boolean;
}

/** Intents by key. n8n's node context holds them. */
export type IntentRecords = Record<string, Intent>;

/** Which execution and run of the node the items belong to. */
export interface IntentScope {
	executionId: string;
	/** `$runIndex`: differs between loop rounds, but not between attempts of Retry On Fail. */
	runIndex: number;
	/**
	 * Whether an agent calls the node as its tool. n8n then counts up the run index for each attempt, too
	 * (`makeHandleToolInvocation`, n8n-core 2.41), so it does not tell a retry from a new request.
	 */
	isTool: boolean;
}

/** All predictions of an item, the latest last. */
export function predictionIdsOf({ predictionId, formerIds = [] }: Intent): string[] {
	return predictionId === undefined ? formerIds : [...formerIds, predictionId];
}

export function flightTimesOf({ sentAtMs, endedAtMs = sentAtMs + SUBMIT_TIMEOUT_MS }: Intent): FlightTimes {
	return { sentAtMs, endedAtMs };
}

/** Whether Atlas may have accepted the submit although no answer says so. */
export function isUnresolved({ state }: Intent): boolean {
	return state === 'sending' || state === 'unknown';
}
