/*
 * What the node means to buy, and what came of it, per item. Kept in n8n's node context, which lives in the
 * execution's data: it outlives a try of Retry On Fail, and goes along when a person retries a failed execution.
 * A crash of n8n loses it (n8n 2.41 and 1.123 save nothing while a node runs).
 */

/** Why an intent was given up without a picture. */
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
	/** Atlas's clock minus ours in ms as known then; null when no answer had come yet. */
	clockOffsetMs: number | null;
	/** The pictures' URLs as sent; of a data URI only its beginning. */
	images: string[];
	predictionId?: string;
	/** Content moderation ended it: submitting the same again only costs time. */
	isModerated?: boolean;
	failure?: string;
	/** The item's output was handed to n8n. */
	isDelivered?: boolean;
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
	constructor(
		private readonly records: IntentRecords,
		private readonly scope: IntentScope,
	) {}

	private key(itemIndex: number): string {
		return `${this.scope.runIndex}/${itemIndex}`;
	}

	/**
	 * What this item is known to have bought already, or undefined for a new edit.
	 * Within one execution run index and item decide alone; an intent of an earlier execution counts only for the
	 * same request.
	 */
	find(itemIndex: number, fingerprint: string): Intent | undefined {
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
			([, intent]) => intent.fingerprint === fingerprint && !intent.isDelivered && intent.state !== 'failed',
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
		this.records[this.key(itemIndex)] = intent;
		return intent;
	}

	/** Ids that items of this node have already: no lost submit may claim them. */
	claimedIds(): string[] {
		return Object.values(this.records).flatMap(({ predictionId }) => predictionId ?? []);
	}

	/** Ids that this run of the node has bought and not handed on yet. */
	openIds(): string[] {
		const prefix = `${this.scope.runIndex}/`;
		return Object.entries(this.records).flatMap(([key, { predictionId, state, isDelivered }]) =>
			key.startsWith(prefix) && predictionId !== undefined && state !== 'failed' && !isDelivered
				? [predictionId]
				: [],
		);
	}

	/** Notes that an item's output was handed to n8n. */
	delivered(itemIndex: number): void {
		const intent = this.of(itemIndex);
		if (intent) intent.isDelivered = true;
	}

	get executionId(): string {
		return this.scope.executionId;
	}
}
