import type { TimeSpan } from '../http/atlasClock';
import { mayBeOf } from './lostSubmits';
import { SUBMIT_TIMEOUT_MS } from '../http/timeouts';

/*
 * What the node means to buy, and what came of it, per item. Kept in n8n's node context, which lives in the
 * execution's data: it outlives a try of Retry On Fail, and goes along when a person retries a failed execution.
 * A crash of n8n loses it (n8n 2.41 and 1.123 save nothing while a node runs).
 */

/** How far the purchase of an edit has come. */
export type IntentState =
	/** Written before the request leaves: whatever happens next, it may have been received. */
	| 'sending'
	/** Atlas gave an id. */
	| 'accepted'
	/** Atlas made the picture. */
	| 'done'
	/** Atlas did not take it, or the prediction failed: nothing to be had from it. */
	| 'failed'
	/** Atlas may have taken it; the history did not tell. */
	| 'unknown';

/** All of it is plain JSON: it is saved with the execution. No picture and no key is ever in here. */
export interface Intent {
	state: IntentState;
	executionId: string;
	/** Hash of the request as it was written: parameters and the pictures' content, not their uploaded URLs. */
	fingerprint: string;
	/** Hash of the body as it was sent, to find it in the history. */
	bodyHash: string;
	model: string;
	/** Our clock, in ms since the epoch, just before the request left. */
	sentAtMs: number;
	/** Our clock, in ms, when the answer came or was given up; missing where nobody lived to see it. */
	endedAtMs?: number;
	/** As sent. */
	prompt: string;
	/** As sent, `W*H`; null where the model chose. */
	size: string | null;
	/** The pictures' URLs as sent; of a data URI only its beginning. */
	images: string[];
	predictionId?: string;
	/** An id in an answer that says the submit failed: it may be the edit's, so nothing is ever sent over it. */
	reportedId?: string;
	/** It was unknown and has been sent once more: never again. Of the first submit it stays unknown. */
	isResubmitted?: boolean;
	/** Content moderation ended it: submitting the same again only costs time. */
	isModerated?: boolean;
	failure?: string;
	/** Predictions that may be this one: more of them fit than answers were lost. */
	candidateIds?: string[];
	/** Predictions of this item that ended without a picture, before it was bought anew. */
	formerIds?: string[];
	/** The item's output was handed to n8n. */
	isDelivered?: boolean;
}

/** Purchases of a node run that are paid for, or may be, and whose pictures n8n does not have. */
export interface Undelivered {
	/** SubmittedPrediction, and neither handed on nor over without a picture. */
	ids: string[];
	/** Over without a picture. */
	failedIds: string[];
	/** May belong to items of which it is unknown. */
	candidateIds: string[];
	/** Items of which it is unknown whether Atlas took them. */
	unknownCount: number;
}

/** Where intents are kept: an object inside n8n's node context. */
export type IntentRecords = Record<string, Intent>;

/** Says where an item's intent is filed, and who it belongs to. */
export interface IntentScope {
	executionId: string;
	/** `$runIndex`: loop rounds differ in it, tries of Retry On Fail do not. */
	runIndex: number;
	/**
	 * Whether an agent calls the node as its tool. n8n then counts the run index up for each try as well
	 * (`makeHandleToolInvocation`, n8n-core 2.41), so that it tells a retry from a new wish no more.
	 */
	isTool: boolean;
}

export class Intents {
	/**
	 * Of a tool's call the request belongs to its name: an agent with a batch size makes several tools at once, all with
	 * the same run index (n8n 2.41, ToolsAgent V2).
	 */
	private readonly callTags = new Map<number, string>();

	constructor(
		private readonly records: IntentRecords,
		private readonly scope: IntentScope,
	) {}

	/** What tells an item's record from others. */
	key(itemIndex: number): string {
		return `${this.scope.runIndex}/${itemIndex}${this.callTags.get(itemIndex) ?? ''}`;
	}

	/**
	 * What this item is known to have bought already, or undefined for a new edit.
	 * Within one execution run index and item decide alone; an intent of an earlier execution counts only for the
	 * same request.
	 */
	find(itemIndex: number, fingerprint: string): Intent | undefined {
		if (this.scope.isTool) this.callTags.set(itemIndex, `/${fingerprint.slice(0, 16)}`);
		const key = this.key(itemIndex);
		const own = this.records[key];
		if (own) {
			const isSame = own.fingerprint === fingerprint;
			if (
				this.scope.isTool ? isSame && !own.isDelivered : isSame || own.executionId === this.scope.executionId
			) {
				return own;
			}
			// A changed request after a person's retry is a new edit; the old record makes room.
			delete this.records[key];
		}
		if (!this.scope.isTool) return undefined;
		// The tool's earlier try: the same request, bought and never handed out.
		const earlier = Object.entries(this.records).find(
			([, intent]) =>
				intent.fingerprint === fingerprint &&
				!intent.isDelivered &&
				(intent.state !== 'failed' || intent.isModerated === true),
		);
		if (!earlier) return undefined;
		delete this.records[earlier[0]];
		this.records[key] = earlier[1];
		return earlier[1];
	}

	/** What is written down for an item. */
	of(itemIndex: number): Intent | undefined {
		return this.records[this.key(itemIndex)];
	}

	/** Writes an intent down. It is seen by the next try from this moment on. */
	set(itemIndex: number, intent: Intent): Intent {
		const key = this.key(itemIndex);
		const before = this.of(itemIndex);
		const formerIds = before ? idsOf(before) : [];
		const isResubmitted = before?.isResubmitted === true || before?.state === 'unknown';
		this.records[key] = {
			...intent,
			...(formerIds.length > 0 ? { formerIds } : {}),
			...(isResubmitted ? { isResubmitted, candidateIds: before.candidateIds } : {}),
		};
		return this.records[key];
	}

	/** Ids that items of this node have already: no lost submit may claim them. */
	claimedIds(): string[] {
		return Object.values(this.records).flatMap(idsOf);
	}

	/**
	 * Whether an item that looks for a task of this body may still find this one. One of another time is none of that
	 * submit: another retry has bought it since, for another item of the same request.
	 */
	isSought(hash: string, created: TimeSpan | null): boolean {
		return Object.values(this.records).some(
			({ state, bodyHash, sentAtMs, endedAtMs = sentAtMs + SUBMIT_TIMEOUT_MS }) =>
				(state === 'unknown' || state === 'sending') &&
				bodyHash === hash &&
				created !== null &&
				mayBeOf({ sentAtMs, endedAtMs }, created),
		);
	}

	/** How many submits of this body may have been taken without an answer, beside those of these items. */
	unknownCount(hash: string, exceptKeys: string[]): number {
		return Object.entries(this.records).filter(
			([key, { bodyHash, state }]) => state === 'unknown' && bodyHash === hash && !exceptKeys.includes(key),
		).length;
	}

	/** What this run of the node has bought, or may have, and not handed on yet. */
	undelivered(): Undelivered {
		const open = this.ofThisRound().filter(({ isDelivered }) => !isDelivered);
		const latestIds = (isWanted: (intent: Intent) => boolean) =>
			open.filter(isWanted).flatMap(({ predictionId }) => predictionId ?? []);
		return {
			ids: latestIds(({ state }) => state !== 'failed'),
			failedIds: [
				...open.flatMap(({ formerIds = [] }) => formerIds),
				...latestIds(({ state }) => state === 'failed'),
			],
			candidateIds: [
				...new Set(open.flatMap(({ predictionId, candidateIds = [] }) => (predictionId ? [] : candidateIds))),
			],
			unknownCount: open.filter(
				({ state, predictionId }) =>
					predictionId === undefined && (state === 'unknown' || state === 'sending'),
			).length,
		};
	}

	/**
	 * Says that n8n runs the node once more in the same round: what an earlier try handed out was thrown away.
	 * A tool's tries are rounds of their own.
	 */
	begin(): void {
		if (this.scope.isTool) return;
		for (const intent of this.ofThisRound()) delete intent.isDelivered;
	}

	private ofThisRound(): Intent[] {
		const prefix = `${this.scope.runIndex}/`;
		return Object.entries(this.records).flatMap(([key, intent]) => (key.startsWith(prefix) ? [intent] : []));
	}

	/** Notes that an item's output was handed to n8n. */
	delivered(itemIndex: number): void {
		const intent = this.of(itemIndex);
		if (intent) intent.isDelivered = true;
	}

	get executionId(): string {
		return this.scope.executionId;
	}

	get runIndex(): number {
		return this.scope.runIndex;
	}
}

/** All predictions of an item, the latest last. */
function idsOf({ predictionId, formerIds = [] }: Intent): string[] {
	return predictionId === undefined ? formerIds : [...formerIds, predictionId];
}
