import type { TimeSpan } from '../time/atlasClock';
import { Slots, type LedgerScope, type Slot } from './slots';
import {
	submitTimesOf,
	idOf,
	idsOf,
	isModerated,
	isPaid,
	isUnresolved,
	mayHaveCreated,
	spentUsd,
	undeliveredOf,
	type Fate,
	type KeptPurchases,
	type Origin,
	type PurchaseFacts,
	type PurchaseRecord,
	type Undelivered,
} from './record';

/**
 * Who has bought what in a node: the only writer of records, and the only judge of whose a prediction is. Records survive
 * attempts and a person's retry of the execution, but no crash: n8n 2.41 and 1.123 save nothing while a node runs.
 */
export class Ledger {
	private readonly slots: Slots;

	constructor(
		private readonly kept: KeptPurchases,
		readonly scope: LedgerScope,
		/** Called when a submit of this attempt turns out to have created a prediction. */
		private readonly onBought: (predictionId: string, model: string) => void = () => {},
	) {
		this.slots = new Slots(kept.records, scope);
	}

	/** The purchases of an item, whatever they were for. */
	of(itemIndex: number): PurchaseRecord[] {
		return this.slots.keysOf(itemIndex).flatMap((key) => this.kept.records[key] ?? []);
	}

	/** Whether an earlier attempt of this execution bought it, so that it is resumed. */
	isBought(slot: Slot): boolean {
		return this.ofThisExecution([this.current(slot)]).some(isPaid);
	}

	/** Whether it would be bought now, rather than resumed. @param mayResubmit whether also while it is lost */
	mayBuy(slot: Slot, mayResubmit: boolean): boolean {
		const [own] = this.ofThisExecution([this.current(slot)]);
		// What was bought before this execution may fail while it is waited for.
		const mayFail = own?.fate.state === 'bought' && own.origin !== 'own';
		return !own || mayFail || !(isPaid(own) || isModerated(own) || (isUnresolved(own) && !mayResubmit));
	}

	/** Whether some of an item's purchases are made, or in doubt, and others are still to be made. */
	isPartlyBought(slots: Slot[]): boolean {
		// A tool's purchases are known by their requests, so any open one may be the item's.
		const known = this.scope.isTool
			? this.slots.openCalls().map(([, record]) => record)
			: this.ofThisExecution(slots.map((slot) => this.current(slot)));
		const isMade = known.some((record) => isPaid(record) || isUnresolved(record));
		return isMade && slots.some((slot) => this.mayBuy(slot, false));
	}

	/** What earlier attempts of this run may have spent, in USD. */
	spentUsd(): number {
		return this.ofThisExecution(this.slots.ofThisRun()).reduce((sum, record) => sum + spentUsd(record), 0);
	}

	/** Begins a purchase: {@link current} is then the record that it continues. @param fingerprint of the request */
	open(slot: Slot, fingerprint: string): void {
		const before = this.current(slot);
		this.slots.open(slot, fingerprint);
		// What is given up for a changed request is free again for whoever asks for the same.
		const isGivenUp = before && before !== this.current(slot) && isPaid(before) && !before.isDelivered;
		// It could be mistaken for a lost one of the same body.
		if (isGivenUp && !this.withBody(before.bodyHash).some(isUnresolved)) this.release(idOf(before) ?? '');
	}

	/** The slot's record; undefined if its purchase is a new one. */
	current(slot: Slot): PurchaseRecord | undefined {
		return this.kept.records[this.slots.keyOf(slot)];
	}

	/** This attempt is over: nobody works on its purchases any more, and what it returns is known. */
	close(): void {
		this.slots.close();
	}

	/** Makes what the retried execution bought this execution's. */
	resume(record: PurchaseRecord): void {
		this.update(record, { executionId: this.scope.executionId, isDelivered: false });
	}

	/** Must be called before the submit leaves. Keeps of the record before what must not be forgotten. */
	begin(slot: Slot, facts: PurchaseFacts): PurchaseRecord {
		return this.store(slot, facts, { state: 'sending' }, 'own');
	}

	/**
	 * Writes down what has become known. The one way to change a record's state.
	 * @param endedAtMs when the answer to its submit came, or was given up on
	 */
	settle(record: PurchaseRecord, fate: Fate, endedAtMs = record.endedAtMs): void {
		// That the second submit created nothing says nothing about the first.
		const isStillOpen = fate.state === 'refused' && record.firstSubmit !== undefined;
		this.update(
			record,
			isStillOpen ? { fate: { state: 'lost' }, ...record.firstSubmit } : { fate, endedAtMs },
		);
		if (!('id' in fate)) return;
		this.update(record, { maybeIds: [] });
		if (fate.state === 'bought') this.onBought(fate.id, record.model);
	}

	/** Predictions that may be the lost one. */
	noteMaybe(record: PurchaseRecord, ids: string[]): void {
		this.update(record, { maybeIds: [...new Set([...ids, ...record.maybeIds])] });
	}

	/**
	 * Makes a prediction that was bought before the item's.
	 * @returns null if another item has it
	 */
	adopt(
		slot: Slot,
		facts: PurchaseFacts,
		fate: Fate & { id: string },
		origin: Origin,
	): PurchaseRecord | null {
		return this.claim(fate.id) ? this.store(slot, facts, fate, origin) : null;
	}

	/** @returns false if an item of this execution has it, or is asking for it: a gateway may repeat an answer */
	claim(predictionId: string): boolean {
		if (this.isTaken(predictionId)) return false;
		this.kept.takenIds[predictionId] = true;
		return true;
	}

	/** Undoes a claim that turned out wrong. */
	release(predictionId: string): void {
		delete this.kept.takenIds[predictionId];
	}

	isTaken(predictionId: string): boolean {
		return Object.hasOwn(this.kept.takenIds, predictionId);
	}

	/**
	 * Whether a prediction of this body may be the one that a lost purchase waits for. One created at another time is not:
	 * a later retry bought it for another item with the same request.
	 */
	isSought(bodyHash: string, created: TimeSpan | null): boolean {
		if (created === null) return false;
		return this.withBody(bodyHash).some(
			(record) => isUnresolved(record) && mayHaveCreated(submitTimesOf(record), created),
		);
	}

	/** How many purchases of this body are lost, not counting these. */
	otherLostCount(bodyHash: string, except: PurchaseRecord[]): number {
		const lost = this.withBody(bodyHash).filter(({ fate }) => fate.state === 'lost');
		return lost.filter((record) => !except.includes(record)).length;
	}

	/** Whether a submit of this body is in flight: a prediction in the history may be its. */
	isSending(bodyHash: string): boolean {
		return Object.entries(this.kept.records).some(
			([key, { fate, ...record }]) =>
				record.bodyHash === bodyHash && fate.state === 'sending' && this.slots.isInUse(key),
		);
	}

	/** What items of this run took instead of buying it, from an origin. */
	takenFrom(origin: Origin): PurchaseRecord[] {
		return this.slots
			.ofThisRun()
			.filter((record) => record.origin === origin && record.fate.state !== 'failed');
	}

	/** What this run of the node has bought, or may have, and has not delivered yet. */
	undelivered(): Undelivered {
		return undeliveredOf(this.slots.ofThisRun());
	}

	/** What this run has paid for, and not returned. What a retry did not come to is left as it was. */
	leftOver(): PurchaseRecord[] {
		const ofThisAttempt = this.ofThisExecution(this.slots.ofThisRun());
		return ofThisAttempt.filter((record) => isPaid(record) && !record.isDelivered);
	}

	delivered(): PurchaseRecord[] {
		return this.slots.ofThisRun().filter(({ isDelivered }) => isDelivered);
	}

	/** n8n has the output of these predictions of an item. */
	deliver(itemIndex: number, predictionIds: Set<unknown>): void {
		for (const record of this.of(itemIndex))
			if (predictionIds.has(idOf(record))) this.update(record, { isDelivered: true });
	}

	/**
	 * Starts an attempt of this run: n8n threw away what an earlier attempt delivered. Each attempt of a tool is a run of
	 * its own.
	 */
	startAttempt(): void {
		if (this.scope.isTool) return;
		for (const record of this.slots.ofThisRun()) this.update(record, { isDelivered: false });
	}

	private ofThisExecution(records: Array<PurchaseRecord | undefined>): PurchaseRecord[] {
		return records.flatMap((one) => (one && one.executionId === this.scope.executionId ? [one] : []));
	}

	private withBody(bodyHash: string): PurchaseRecord[] {
		return Object.values(this.kept.records).filter((record) => record.bodyHash === bodyHash);
	}

	private store(slot: Slot, facts: PurchaseFacts, fate: Fate, origin: Origin): PurchaseRecord {
		const key = this.slots.keyOf(slot);
		const before = this.kept.records[key];
		const lost = before?.fate.state === 'lost' ? before : undefined;
		const record: PurchaseRecord = {
			...facts,
			fate,
			origin,
			executionId: this.scope.executionId,
			parametersHash: this.scope.parametersHash,
			formerIds: before ? idsOf(before) : [],
			// An MCP client's call has no execution ID (n8n 2.41).
			formerUsd: before && before.executionId === this.scope.executionId ? spentUsd(before) : 0,
			maybeIds: lost?.maybeIds ?? [],
			firstSubmit: lost
				? { sentAtMs: lost.sentAtMs, endedAtMs: lost.endedAtMs, bodyHash: lost.bodyHash, images: lost.images }
				: before?.firstSubmit,
			isDelivered: false,
		};
		this.kept.records[key] = record;
		this.slots.note(slot, key);
		return record;
	}

	/** In place, because a tool call may move a record to another key while its submit is in flight. */
	private update(record: PurchaseRecord, changes: Partial<PurchaseRecord>): void {
		Object.assign(record, changes);
	}
}
