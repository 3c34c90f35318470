import type { TimeSpan } from '../time/atlasClock';
import type { Prediction } from '../predictions/prediction';
import { mayHaveCreated } from './match';
import {
	flightTimesOf,
	isUnresolved,
	predictionIdsOf,
	type Intent,
	type IntentDetails,
	type IntentRecords,
	type IntentScope,
} from './intent';
import { undeliveredOf, type Undelivered } from './undelivered';

/**
 * The intents of one node, by item. They survive an attempt of Retry On Fail and a person's retry of the execution.
 * A crash of n8n loses them: n8n 2.41 and 1.123 save nothing while a node runs.
 */
export class Intents {
	/**
	 * A tool call is identified by its request: an agent with a batch size calls several tools at once, all with the
	 * same run index (n8n 2.41, ToolsAgent V2).
	 */
	private readonly callTags = new Map<number, string>();

	constructor(
		private readonly records: IntentRecords,
		private readonly scope: IntentScope,
		/** Called when a submit of this attempt turns out to have created a prediction. */
		private readonly onBought: (predictionId: string, model: string) => void = () => {},
	) {}

	get executionId(): string {
		return this.scope.executionId;
	}

	get runIndex(): number {
		return this.scope.runIndex;
	}

	/** The key under which an item's intent is stored. */
	key(itemIndex: number): string {
		return `${this.scope.runIndex}/${itemIndex}${this.callTags.get(itemIndex) ?? ''}`;
	}

	/** The item's intent, whatever it was for. */
	of(itemIndex: number): Intent | undefined {
		return this.records[this.key(itemIndex)];
	}

	/** Whether an earlier attempt of this execution bought the item's prediction, so that it is resumed. */
	isBought(itemIndex: number): boolean {
		const { state, executionId } = this.of(itemIndex) ?? {};
		return executionId === this.scope.executionId && (state === 'accepted' || state === 'done');
	}

	/**
	 * The intent of an earlier attempt that this item resumes; undefined if its purchase is a new one.
	 * @param fingerprint of the item's request
	 */
	find(itemIndex: number, fingerprint: string): Intent | undefined {
		return this.scope.isTool
			? this.findForTool(itemIndex, fingerprint)
			: this.findForItem(itemIndex, fingerprint);
	}

	private findForItem(itemIndex: number, fingerprint: string): Intent | undefined {
		const intent = this.of(itemIndex);
		if (!intent) return undefined;
		const isOwnExecution = intent.executionId === this.scope.executionId;
		if (isOwnExecution || intent.fingerprint === fingerprint) return intent;
		// A person changed the request before retrying the execution: that is a new purchase.
		delete this.records[this.key(itemIndex)];
		return undefined;
	}

	private findForTool(itemIndex: number, fingerprint: string): Intent | undefined {
		this.callTags.set(itemIndex, `/${fingerprint.slice(0, 16)}`);
		const isOpen = (intent: Intent) => intent.fingerprint === fingerprint && !intent.isDelivered;
		const own = this.of(itemIndex);
		if (own && isOpen(own)) return own;

		const key = this.key(itemIndex);
		delete this.records[key];
		const earlier = Object.entries(this.records).find(
			([, intent]) => isOpen(intent) && (intent.state !== 'failed' || intent.isModerated),
		);
		if (!earlier) return undefined;
		const [earlierKey, intent] = earlier;
		delete this.records[earlierKey];
		this.records[key] = intent;
		return intent;
	}

	/** IDs that items of this node have: no lost submit may claim them. */
	claimedIds(): string[] {
		return Object.values(this.records).flatMap(predictionIdsOf);
	}

	/**
	 * Whether a prediction of this body may be the one an unresolved purchase waits for. One created at another time is
	 * not: a later retry bought it for another item with the same request.
	 */
	isSought(hash: string, created: TimeSpan | null): boolean {
		if (created === null) return false;
		return Object.values(this.records).some(
			(intent) =>
				isUnresolved(intent) && intent.bodyHash === hash && mayHaveCreated(flightTimesOf(intent), created),
		);
	}

	/** How many purchases of this body are unknown, not counting those with these keys. */
	unknownCount(hash: string, exceptKeys: string[]): number {
		return Object.entries(this.records).filter(
			([key, { bodyHash, state }]) => state === 'unknown' && bodyHash === hash && !exceptKeys.includes(key),
		).length;
	}

	/** Predictions that items of this run of the node reused. */
	reusedIds(): Set<string> {
		const reused = this.ofThisRun().filter(({ isReused, state }) => isReused && state !== 'failed');
		return new Set(reused.flatMap(({ predictionId }) => predictionId ?? []));
	}

	/** What this run of the node has bought, or may have, and has not delivered yet. */
	undelivered(): Undelivered {
		return undeliveredOf(this.ofThisRun());
	}

	private ofThisRun(): Intent[] {
		const prefix = `${this.scope.runIndex}/`;
		return Object.entries(this.records).flatMap(([key, intent]) => (key.startsWith(prefix) ? [intent] : []));
	}

	/**
	 * Starts an attempt of this run: n8n threw away what an earlier attempt delivered. Each attempt of a tool is a run
	 * of its own.
	 */
	startAttempt(): void {
		if (this.scope.isTool) return;
		for (const intent of this.ofThisRun()) this.update(intent, { isDelivered: false });
	}

	/** Must be called before the submit leaves. */
	startSending(itemIndex: number, details: IntentDetails): Intent {
		return this.store(itemIndex, { ...details, state: 'sending', executionId: this.scope.executionId });
	}

	/** Stores a purchase that an earlier execution made. @param isReused whether it lost it in no crash */
	adopt(itemIndex: number, details: IntentDetails, prediction: Prediction, isReused = false): Intent {
		const { predictionId, status, isModerated } = prediction;
		return this.store(itemIndex, {
			...details,
			state: status === 'failed' ? 'failed' : 'accepted',
			executionId: this.scope.executionId,
			predictionId,
			isModerated,
			...(isReused ? { isReused } : {}),
		});
	}

	/** The answer came, or was given up on. */
	markEnded(intent: Intent, endedAtMs: number): void {
		this.update(intent, { endedAtMs });
	}

	/** The answer proves that this submit created the prediction. */
	markAccepted(intent: Intent, predictionId: string): void {
		this.update(intent, { state: 'accepted', predictionId });
		this.onBought(predictionId, intent.model);
	}

	/** The answer proves that this submit created nothing. An earlier one of a resubmitted purchase still may have. */
	markNotCreated(intent: Intent): void {
		this.update(intent, { state: intent.isResubmitted ? 'unknown' : 'failed' });
	}

	/** @param reportedId the ID in an answer that reports an error */
	markUnknown(intent: Intent, reportedId: string | undefined): void {
		const reported = reportedId === undefined ? {} : { reportedId, candidateIds: [reportedId] };
		this.update(intent, { state: 'unknown', ...reported });
	}

	/** Several predictions fit the unknown purchase. */
	addCandidates(intent: Intent, ids: string[]): void {
		this.update(intent, { candidateIds: [...new Set([...ids, ...(intent.candidateIds ?? [])])] });
	}

	/** The unknown purchase turned out to be this prediction. */
	markFound(intent: Intent, predictionId: string): void {
		this.update(intent, { state: 'accepted', predictionId, candidateIds: undefined });
		this.onBought(predictionId, intent.model);
	}

	/** Atlas does not know the ID it gave: the purchase is unknown again. */
	withdrawId(intent: Intent, predictionId: string): void {
		this.update(intent, { state: 'unknown', predictionId: undefined, candidateIds: [predictionId] });
	}

	markCompleted(intent: Intent): void {
		this.update(intent, { state: 'done' });
	}

	markFailed(intent: Intent, failure: string, isModerated: boolean): void {
		this.update(intent, { state: 'failed', failure, isModerated });
	}

	/** n8n has the item's output. */
	markDelivered(itemIndex: number): void {
		const intent = this.of(itemIndex);
		if (intent) this.update(intent, { isDelivered: true });
	}

	/** Replaces an item's intent, but keeps what must not be forgotten of the one before. */
	private store(itemIndex: number, intent: Intent): Intent {
		const before = this.of(itemIndex);
		const formerIds = before ? predictionIdsOf(before) : [];
		const isResubmitted = before?.isResubmitted === true || before?.state === 'unknown';
		const stored = {
			...intent,
			...(formerIds.length > 0 ? { formerIds } : {}),
			...(isResubmitted ? { isResubmitted, candidateIds: before.candidateIds } : {}),
		};
		this.records[this.key(itemIndex)] = stored;
		return stored;
	}

	/** In place, because a tool call may move an intent to another key while its submit is in flight. */
	private update(intent: Intent, changes: Partial<Intent>): void {
		Object.assign(intent, changes);
	}
}
