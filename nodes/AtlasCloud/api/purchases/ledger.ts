import type { TimeSpan } from '../time/atlasClock';
import { mayHaveCreated } from './match';
import {
	flightOf,
	idOf,
	idsOf,
	isPaid,
	isUnresolved,
	spentUsd,
	type Fate,
	type Origin,
	type PurchaseFacts,
	type PurchaseRecord,
	type PurchaseRecords,
} from './record';

/** What n8n keeps of purchases with the execution. */
export interface KeptPurchases {
	/** Of one node. */
	records: PurchaseRecords;
	/** Predictions that items of any node of the execution have: two nodes may send the same request. */
	takenIds: Record<string, true>;
}

/** Which execution and run of the node the items belong to. */
export interface LedgerScope {
	executionId: string;
	/** `$runIndex`: differs between loop rounds, but not between attempts of Retry On Fail. */
	runIndex: number;
	/**
	 * Whether an agent calls the node as its tool. n8n then counts up the run index for each attempt, too
	 * (`makeHandleToolInvocation`, n8n-core 2.41), so it does not tell a retry from a new request.
	 */
	isTool: boolean;
}

/** Which purchase of which item: one that asks for several images may take several. */
export interface Slot {
	itemIndex: number;
	/** Default: 0. */
	imageIndex?: number;
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

/** What the ledgers of one node know in this process: parallel calls of a tool have one each. */
interface Live {
	/** Keys whose purchases are under way: an equal call of a tool at the same time is one of its own. */
	inUse: Set<string>;
	/** Records that are unresolved; null after a change. */
	unresolved: PurchaseRecord[] | null;
}

const liveOf = new WeakMap<PurchaseRecords, Live>();

/**
 * Who has bought what in a node: the only writer of records, and the only judge of whose a prediction is. Records survive
 * an attempt of Retry On Fail and a person's retry of the execution. A crash of n8n loses them: n8n 2.41 and 1.123 save
 * nothing while a node runs.
 */
export class Ledger {
	/** Keys of the items' purchases by their number within the item. A tool's calls have only their own. */
	private readonly keys = new Map<number, Map<number, string>>();

	private readonly live: Live;

	constructor(
		private readonly kept: KeptPurchases,
		private readonly scope: LedgerScope,
		/** Called when a submit of this attempt turns out to have created a prediction. */
		private readonly onBought: (predictionId: string, model: string) => void = () => {},
	) {
		this.live = liveOf.get(kept.records) ?? { inUse: new Set(), unresolved: null };
		liveOf.set(kept.records, this.live);
		if (scope.isTool) return;
		for (const key of Object.keys(kept.records)) {
			const [, run, item, image = '0'] = /^(\d+)\/(\d+)(?:\.(\d+))?$/.exec(key) ?? [];
			if (Number(run) === scope.runIndex)
				this.note({ itemIndex: Number(item), imageIndex: Number(image) }, key);
		}
	}

	get executionId(): string {
		return this.scope.executionId;
	}

	get runIndex(): number {
		return this.scope.runIndex;
	}

	/** Whether an agent calls the node as its tool. */
	get isTool(): boolean {
		return this.scope.isTool;
	}

	/** The purchases of an item, whatever they were for. */
	of(itemIndex: number): PurchaseRecord[] {
		const keys = [...(this.keys.get(itemIndex)?.values() ?? [])];
		return keys.flatMap((key) => this.kept.records[key] ?? []);
	}

	/** Whether an earlier attempt of this execution bought it, so that it is resumed. */
	isBought(slot: Slot): boolean {
		return this.ofThisExecution([this.current(slot)]).some(isPaid);
	}

	/** Whether it would be bought now, rather than resumed. @param mayResubmit whether also while it is lost */
	mayBuy(slot: Slot, mayResubmit: boolean): boolean {
		const isLost = this.ofThisExecution([this.current(slot)]).some(isUnresolved);
		return !this.isBought(slot) && (mayResubmit || !isLost);
	}

	/** Whether some of an item's purchases are made, or in doubt, and others are still to be made. */
	isPartlyBought(slots: Slot[]): boolean {
		// A tool's purchases are known by their requests, so any open one may be the item's.
		const known = this.scope.isTool
			? Object.values(this.kept.records).filter((record) => this.isOpenCall(record))
			: this.ofThisExecution(slots.map((slot) => this.current(slot)));
		const isMade = known.some((record) => isPaid(record) || isUnresolved(record));
		return isMade && slots.some((slot) => this.mayBuy(slot, false));
	}

	/** What earlier attempts of this run may have spent, in USD. */
	spentUsd(): number {
		return this.ofThisExecution(this.ofThisRun()).reduce((sum, record) => sum + spentUsd(record), 0);
	}

	/**
	 * The record that the item's request continues; undefined if its purchase is a new one. Call {@link close} when its
	 * purchase is over.
	 * @param fingerprint of the request
	 */
	open(slot: Slot, fingerprint: string): PurchaseRecord | undefined {
		const record = this.scope.isTool ? this.openCall(slot, fingerprint) : this.openItem(slot, fingerprint);
		this.live.inUse.add(this.keyOf(slot));
		return record;
	}

	/** The record of a purchase, whatever it was for. */
	current(slot: Slot): PurchaseRecord | undefined {
		return this.kept.records[this.keyOf(slot)];
	}

	/** Nobody works on the purchase any more. */
	close(slot: Slot): void {
		this.live.inUse.delete(this.keyOf(slot));
	}

	private openItem(slot: Slot, fingerprint: string): PurchaseRecord | undefined {
		const record = this.kept.records[this.keyOf(slot)];
		const isOwn = record?.executionId === this.scope.executionId;
		if (isOwn || record?.fingerprint === fingerprint) return record;
		// A person changed the request before retrying the execution: that is a new purchase.
		this.remove(this.keyOf(slot));
		return undefined;
	}

	/** A tool call is identified by its request: parallel calls have the same run index (n8n 2.41, ToolsAgent V2). */
	private openCall(slot: Slot, fingerprint: string): PurchaseRecord | undefined {
		const { records } = this.kept;
		const base = `${this.plainKey(slot)}/${fingerprint.slice(0, 16)}`;
		let key = base;
		for (let n = 2; this.live.inUse.has(key); n++) key = `${base}~${n}`;
		// This call's other images are none of an earlier call, even once they are bought.
		const own = [...this.keys.values()].flatMap((keys) => [...keys.values()]);
		const others = new Set([...this.live.inUse, ...own]);
		this.note(slot, key);
		const isOpen = ([itsKey, record]: [string, PurchaseRecord]) =>
			record.fingerprint === fingerprint && this.isOpenCall(record) && !others.has(itsKey);
		const entries = Object.entries(records).filter(isOpen);
		const found =
			entries.find(([itsKey]) => itsKey === key) ??
			entries.find(
				([, { fate }]) => fate.state !== 'refused' && (fate.state !== 'failed' || fate.isModerated),
			);
		if (!found || found[0] !== key) this.remove(key);
		if (!found) return undefined;
		const [earlierKey, record] = found;
		this.remove(earlierKey);
		this.kept.records[key] = record;
		return record;
	}

	/** A call that was answered is over, but not if a person retries the execution: then the agent makes it again. */
	private isOpenCall({ isDelivered, executionId }: PurchaseRecord): boolean {
		return !isDelivered || executionId !== this.scope.executionId;
	}

	/** Makes what the retried execution bought this execution's. */
	resume(record: PurchaseRecord): void {
		this.update(record, { executionId: this.scope.executionId, isDelivered: false });
	}

	/** Must be called before the submit leaves. Keeps of the record before what must not be forgotten. */
	begin(slot: Slot, facts: PurchaseFacts): PurchaseRecord {
		return this.store(slot, facts, { state: 'sending' }, 'own');
	}

	/** Writes down what has become known. The one way to change a record's state. */
	settle(record: PurchaseRecord, fate: Fate): void {
		// That the second submit created nothing says nothing about the first.
		const isStillOpen = fate.state === 'refused' && record.wasResubmitted;
		this.update(record, { fate: isStillOpen ? { state: 'lost' } : fate });
		if (!('id' in fate)) return;
		this.update(record, { maybeIds: [] });
		if (fate.state === 'bought') this.onBought(fate.id, record.model);
	}

	/** The answer to its submit came, or was given up on. */
	noteEnd(record: PurchaseRecord, endedAtMs: number): void {
		this.update(record, { endedAtMs });
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
		return this.unresolved(bodyHash).some((record) => mayHaveCreated(flightOf(record), created));
	}

	/** How many purchases of this body are lost, not counting these. */
	otherLostCount(bodyHash: string, except: PurchaseRecord[]): number {
		const lost = this.unresolved(bodyHash).filter(({ fate }) => fate.state === 'lost');
		return lost.filter((record) => !except.includes(record)).length;
	}

	/** Whether a submit of this body is in flight: a prediction in the history may be its. */
	isSending(bodyHash: string): boolean {
		return Object.entries(this.kept.records).some(
			([key, { fate, ...record }]) =>
				record.bodyHash === bodyHash && fate.state === 'sending' && this.live.inUse.has(key),
		);
	}

	/** What items of this run took instead of buying it, from an origin. */
	takenFrom(origin: Origin): PurchaseRecord[] {
		return this.ofThisRun().filter((record) => record.origin === origin && record.fate.state !== 'failed');
	}

	/** What a prediction of this run costs by the list price, in USD; null if that is not known. */
	estimateOf(predictionId: string): number | null {
		return this.ofThisRun().find((record) => idOf(record) === predictionId)?.estimateUsd ?? null;
	}

	/** What this run of the node has bought, or may have, and has not delivered yet. */
	undelivered(): Undelivered {
		const open = this.ofThisRun().filter(({ isDelivered }) => !isDelivered);
		const withoutId = open.filter((record) => idOf(record) === undefined);
		return {
			paid: open.filter(isPaid),
			failedIds: [...open.flatMap((record) => (isPaid(record) ? record.formerIds : idsOf(record)))],
			maybeIds: [...new Set(withoutId.flatMap(({ maybeIds }) => maybeIds))],
			lostCount: withoutId.filter(isUnresolved).length,
		};
	}

	/** What this run has paid for, and neither returned nor has still in work. */
	leftOver(): PurchaseRecord[] {
		const { inUse } = this.live;
		const entries = Object.entries(this.kept.records).filter(
			([key]) => this.isOfThisRun(key) && !inUse.has(key),
		);
		return entries.flatMap(([, record]) => (isPaid(record) && !record.isDelivered ? [record] : []));
	}

	/** What this run has handed to n8n. */
	delivered(): PurchaseRecord[] {
		return this.ofThisRun().filter(({ isDelivered }) => isDelivered);
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
		for (const record of this.ofThisRun()) this.update(record, { isDelivered: false });
	}

	private ofThisExecution(records: Array<PurchaseRecord | undefined>): PurchaseRecord[] {
		return records.filter((record) => record?.executionId === this.scope.executionId) as PurchaseRecord[];
	}

	private unresolved(bodyHash: string): PurchaseRecord[] {
		this.live.unresolved ??= Object.values(this.kept.records).filter(isUnresolved);
		return this.live.unresolved.filter((record) => record.bodyHash === bodyHash);
	}

	private ofThisRun(): PurchaseRecord[] {
		const entries = Object.entries(this.kept.records);
		return entries.flatMap(([key, record]) => (this.isOfThisRun(key) ? [record] : []));
	}

	private isOfThisRun(key: string): boolean {
		return key.startsWith(`${this.scope.runIndex}/`);
	}

	private keyOf(slot: Slot): string {
		return this.keys.get(slot.itemIndex)?.get(slot.imageIndex ?? 0) ?? this.plainKey(slot);
	}

	private note({ itemIndex, imageIndex = 0 }: Slot, key: string): void {
		const ofItem = this.keys.get(itemIndex) ?? new Map<number, string>();
		this.keys.set(itemIndex, ofItem.set(imageIndex, key));
	}

	private remove(key: string): void {
		delete this.kept.records[key];
		this.live.unresolved = null;
	}

	private plainKey({ itemIndex, imageIndex = 0 }: Slot): string {
		const key = `${this.scope.runIndex}/${itemIndex}`;
		return imageIndex === 0 ? key : `${key}.${imageIndex}`;
	}

	private store(slot: Slot, facts: PurchaseFacts, fate: Fate, origin: Origin): PurchaseRecord {
		const key = this.keyOf(slot);
		const before = this.kept.records[key];
		const isLost = before?.fate.state === 'lost';
		const record: PurchaseRecord = {
			...facts,
			fate,
			origin,
			executionId: this.scope.executionId,
			formerIds: before ? idsOf(before) : [],
			// An MCP client's call has no execution ID (n8n 2.41).
			formerUsd: before && before.executionId === this.scope.executionId ? spentUsd(before) : 0,
			maybeIds: isLost ? before.maybeIds : [],
			wasResubmitted: isLost || before?.wasResubmitted === true,
			isDelivered: false,
		};
		this.kept.records[key] = record;
		this.note(slot, key);
		this.live.unresolved = null;
		return record;
	}

	/** In place, because a tool call may move a record to another key while its submit is in flight. */
	private update(record: PurchaseRecord, changes: Partial<PurchaseRecord>): void {
		Object.assign(record, changes);
		this.live.unresolved = null;
	}
}
