import { isPaid, isUnresolved, type PurchaseRecord, type PurchaseRecords } from './record';

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
	/** Of the node's parameters as they are written, expressions and all. */
	parametersHash: string;
}

/** Which purchase of which item: one that asks for several images may take several. */
export interface Slot {
	itemIndex: number;
	/** Default: 0. */
	imageIndex?: number;
}

/** Keys of attempts that are under way in this process: an equal call of a tool at the same time is one of its own. */
const keysInUse = new WeakMap<PurchaseRecords, Set<string>>();

/** Which record is whose: by run and item, or, for the calls of a tool, by what they ask for. */
export class Slots {
	/** Keys by item, and by image within it. The calls of a tool have only their own. */
	private readonly keys = new Map<number, Map<number, string>>();

	private readonly inUse: Set<string>;

	private readonly own = new Set<string>();

	constructor(
		private readonly records: PurchaseRecords,
		private readonly scope: LedgerScope,
	) {
		this.inUse = keysInUse.get(records) ?? new Set();
		keysInUse.set(records, this.inUse);
		if (scope.isTool) return;
		for (const key of Object.keys(records)) {
			const [, run, item, image = '0'] = /^(\d+)\/(\d+)(?:\.(\d+))?$/.exec(key) ?? [];
			const slot = { itemIndex: Number(item), imageIndex: Number(image) };
			if (Number(run) === scope.runIndex) this.note(slot, key);
		}
	}

	keyOf(slot: Slot): string {
		return this.keys.get(slot.itemIndex)?.get(slot.imageIndex ?? 0) ?? this.plainKey(slot);
	}

	keysOf(itemIndex: number): string[] {
		return [...(this.keys.get(itemIndex)?.values() ?? [])];
	}

	note({ itemIndex, imageIndex = 0 }: Slot, key: string): void {
		const ofItem = this.keys.get(itemIndex) ?? new Map<number, string>();
		this.keys.set(itemIndex, ofItem.set(imageIndex, key));
	}

	/** Each call of a tool is a run of its own, and others may be under way. */
	ofThisRun(): PurchaseRecord[] {
		const { isTool, runIndex } = this.scope;
		const isIt = (key: string) => (isTool ? this.own.has(key) : key.startsWith(`${runIndex}/`));
		return Object.entries(this.records).flatMap(([key, record]) => (isIt(key) ? [record] : []));
	}

	isInUse(key: string): boolean {
		return this.inUse.has(key);
	}

	/**
	 * What a new call of a tool may continue, by key. A call that was answered is over, but not if a person retries the
	 * execution: then the agent makes it again.
	 */
	openCalls(): Array<[string, PurchaseRecord]> {
		const isOpen = ({ isDelivered, executionId }: PurchaseRecord) =>
			!isDelivered || executionId !== this.scope.executionId;
		return Object.entries(this.records).filter(([key, record]) => isOpen(record) && !this.inUse.has(key));
	}

	/** From here on, the record under the slot's key is the one that the request continues, if there is any. */
	open(slot: Slot, fingerprint: string): void {
		if (this.scope.isTool) this.openCall(slot, fingerprint);
		else this.openItem(slot, fingerprint);
		const key = this.keyOf(slot);
		this.inUse.add(key);
		this.own.add(key);
	}

	close(): void {
		for (const key of this.own) this.inUse.delete(key);
	}

	private openItem(slot: Slot, fingerprint: string): void {
		const record = this.records[this.keyOf(slot)];
		const { executionId, parametersHash } = this.scope;
		if (!record || record.fingerprint === fingerprint || record.executionId === executionId) return;
		// A person changed the node before retrying the execution: that is a new purchase. A prompt may also change by itself.
		const isSameNode = record.parametersHash === parametersHash;
		if (!isSameNode || !(isPaid(record) || isUnresolved(record))) delete this.records[this.keyOf(slot)];
	}

	/** A tool call is identified by its request: parallel calls have the same run index (n8n 2.41, ToolsAgent V2). */
	private openCall(slot: Slot, fingerprint: string): void {
		const { records, inUse } = this;
		const base = `${this.plainKey(slot)}/${fingerprint.slice(0, 16)}`;
		let key = base;
		for (let n = 2; inUse.has(key); n++) key = `${base}~${n}`;
		this.note(slot, key);
		const open = this.openCalls().filter(([, record]) => record.fingerprint === fingerprint);
		const isWorthIt = ({ fate }: PurchaseRecord) =>
			fate.state !== 'refused' && (fate.state !== 'failed' || fate.isModerated);
		const [earlierKey, record] =
			open.find(([itsKey]) => itsKey === key) ?? open.find(([, one]) => isWorthIt(one)) ?? [];
		delete records[key];
		if (earlierKey === undefined || record === undefined) return;
		delete records[earlierKey];
		records[key] = record;
	}

	private plainKey({ itemIndex, imageIndex = 0 }: Slot): string {
		const key = `${this.scope.runIndex}/${itemIndex}`;
		return imageIndex === 0 ? key : `${key}.${imageIndex}`;
	}
}
