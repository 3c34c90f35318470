import { AtlasError } from '../errors';
import type { AtlasClient } from '../http/client';
import { parseSize } from '../models/sizes';
import type { TimeSpan } from '../time/atlasClock';
import { pauseMs, throwIfAborted, type CancelSignal } from '../time/clock';
import { compareBodies, INPUT_LIKE, isCut, isShortened, valueOf, valuesOf } from './body';
import type { Ledger } from './ledger';
import { agree, pageSizeOf, readBackTo, type Reading, type Row } from './reading';
import {
	creationWindow,
	submitTimesOf,
	mayHaveCreated,
	type SubmitTimes,
	type PurchaseRecord,
} from './record';

/** What the history shows of a lost submit. */
export type Found =
	| Assignment
	/** Nothing that could be its prediction. */
	| { kind: 'none' }
	/** The history itself could not be read. */
	| { kind: 'unreadable'; error: AtlasError };

interface LostSubmit {
	record: PurchaseRecord;
	searchUntilMs: number;
	resolve: (found: Found) => void;
	reject: (error: unknown) => void;
}

/** How long a lost submit is searched for, in ms. Atlas does not say when the history shows a prediction. */
export const SEARCH_MS = 60_000;

/** Pauses before each reading of the history, in ms; the last one repeats. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** How often one reading is repeated until Atlas's clock is known. */
const MAX_REREADS = 2;

/**
 * Finds the predictions of submits that got no answer, in the account's history: same body, created while the submit was
 * in flight, and no other item's. One reading serves all lost submits.
 */
export class LostSearch {
	private readonly lost = new Set<LostSubmit>();

	private isSearching = false;

	private lastReading: Reading | null = null;

	constructor(
		private readonly client: AtlasClient,
		private readonly ledger: Ledger,
		private readonly signal: CancelSignal | undefined,
	) {}

	/** Whether a submit of this body is searched for: another one sent now could be mistaken for it. */
	isLooking(bodyHash: string): boolean {
		return [...this.lost].some(({ record }) => record.bodyHash === bodyHash);
	}

	/**
	 * Searches for the prediction of a lost submit, and claims it. Whatever goes wrong is a result, not an exception.
	 * @throws CancelledError
	 */
	async find(record: PurchaseRecord): Promise<Found> {
		return await new Promise<Found>((resolve, reject) => {
			const searchUntilMs = this.client.clock.nowMs() + SEARCH_MS;
			this.lost.add({ record, searchUntilMs, resolve, reject });
			if (!this.isSearching) void this.searchAll();
		});
	}

	private async searchAll(): Promise<void> {
		this.isSearching = true;
		try {
			for (let round = 0; this.lost.size > 0; round++) {
				await pauseMs(this.client.clock, PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)], this.signal);
				await this.searchOnce(round);
			}
		} catch (error) {
			for (const lost of this.lost) lost.reject(error);
			this.lost.clear();
		} finally {
			this.isSearching = false;
		}
	}

	private async searchOnce(round: number): Promise<void> {
		const { clock } = this.client;
		// Submits lost while the pages are read wait for the next round: the pages may be older than they are.
		const sought = [...this.lost];
		const expired = sought.filter(({ searchUntilMs }) => clock.nowMs() >= searchUntilMs);
		const before = this.lastReading;
		this.lastReading = null;
		let reading: Reading | AtlasError;
		try {
			reading = await this.read(sought, round);
			this.assignAll(sought, reading.rows);
			this.lastReading = reading;
		} catch (error) {
			throwIfAborted(this.signal);
			reading = toReadError(error);
		}
		for (const lost of expired) {
			if (!this.lost.has(lost) || this.isUndecided(lost.record.bodyHash, sought)) continue;
			if (reading instanceof AtlasError) this.settle(lost, { kind: 'unreadable', error: reading });
			else this.settle(lost, this.resultOf(lost, before, reading));
		}
	}

	private async read(sought: LostSubmit[], round: number): Promise<Reading> {
		const sinceMs = Math.min(...sought.map(({ record }) => creationWindow(submitTimesOf(record)).fromMs));
		const giveUpAtMs = Math.max(...sought.map(({ searchUntilMs }) => searchUntilMs));
		const size = pageSizeOf(round);
		let reading = await readBackTo(this.client, sinceMs, giveUpAtMs, size);
		// The clock of a single answer may be stale, and would make an older purchase look like this one.
		for (let i = 0; i < MAX_REREADS && !this.client.atlasClock.isSettled; i++)
			reading = await readBackTo(this.client, sinceMs, giveUpAtMs, size);
		return reading;
	}

	private assignAll(sought: LostSubmit[], rows: Row[]): void {
		for (const bodyHash of new Set(sought.map(({ record }) => record.bodyHash)))
			if (!this.isUndecided(bodyHash, sought)) this.assignBody(bodyHash, sought, rows);
	}

	private assignBody(bodyHash: string, sought: LostSubmit[], rows: Row[]): void {
		const waiting = sought.filter(({ record }) => record.bodyHash === bodyHash);
		const bySubmit = new Map(waiting.map((lost) => [submitTimesOf(lost.record), lost]));
		const candidates = rows.flatMap((row): Candidate[] => {
			if (row.id === null || row.bodyHash !== bodyHash || row.createdAtMs === null) return [];
			const { likely } = this.client.atlasClock.toOurClock(row.createdAtMs);
			return likely && !this.ledger.isTaken(row.id) ? [{ id: row.id, created: likely }] : [];
		});
		const othersCount = this.ledger.otherLostCount(
			bodyHash,
			waiting.map(({ record }) => record),
		);
		for (const [submit, result] of assign([...bySubmit.keys()], candidates, othersCount)) {
			if (result.kind === 'found') this.ledger.claim(result.id);
			this.settle(bySubmit.get(submit) as LostSubmit, result);
		}
	}

	/** What can be said of a submit that was not found in its time. */
	private resultOf({ record }: LostSubmit, before: Reading | null, reading: Reading): Found {
		const ids = reading.rows
			.filter((row) => this.mayBeOf(record, row))
			.map(({ id }) => id ?? 'one without an ID');
		if (ids.length > 0) return { kind: 'unclear', ids };
		if (before && reading.isFresh && agree(this.client, before, reading)) return { kind: 'none' };
		return { kind: 'unreadable', error: toReadError('it changes while it is read') };
	}

	/** Whether a row could be the prediction of a lost submit, although that is not sure. */
	private mayBeOf(record: PurchaseRecord, { id, createdAtMs, body, bodyHash, model }: Row): boolean {
		if (id !== null && this.ledger.isTaken(id)) return false;
		if (createdAtMs !== null) {
			const { possible } = this.client.atlasClock.toOurClock(createdAtMs);
			if (!mayHaveCreated(submitTimesOf(record), possible)) return false;
		}
		if (bodyHash === record.bodyHash) return true;
		const { model: ourModel, prompt, images } = record;
		// Of other fields, such as a tier and a ratio, the record's size is only a label.
		const size = body.values.has('size') && parseSize(record.size ?? '') ? record.size : null;
		const wanted = { values: valuesOf({ model: ourModel, prompt, size }), inputPlaces: new Set<string>() };
		if (compareBodies(wanted, body, model, () => true) === 'other') return false;
		const values = [...body.values].flatMap(([place, value]) => (wanted.values.has(place) ? [] : [value]));
		const isThere = (wanted: string) => values.some((one) => one === wanted || isShortened(one, wanted));
		// A long text may be an input, or not.
		const showsInputs = body.isWhole && values.some((one) => INPUT_LIKE.test(one) && !one.startsWith('#'));
		return !showsInputs || images.every((url) => isCut(url) || isThere(valueOf(url)));
	}

	/** Whether a prediction of this body may belong to a submit in flight, or to one lost since the round began. */
	private isUndecided(bodyHash: string, sought: LostSubmit[]): boolean {
		if (this.ledger.isSending(bodyHash)) return true;
		return [...this.lost].some((lost) => lost.record.bodyHash === bodyHash && !sought.includes(lost));
	}

	private settle(lost: LostSubmit, found: Found): void {
		this.lost.delete(lost);
		lost.resolve(found);
	}
}

function toReadError(error: unknown): AtlasError {
	if (error instanceof AtlasError) return error;
	const why = error instanceof Error ? error.message : String(error);
	return new AtlasError(`Couldn’t read the prediction history: ${why}`, { kind: 'read', description: '' });
}

/** A prediction in the history that has the body of a lost submit. */
export interface Candidate {
	id: string;
	/** When it was created, on our clock. */
	created: TimeSpan;
}

export type Assignment =
	| { kind: 'found'; id: string }
	/** More predictions fit than submits were lost, or it cannot be told whether one fits: nobody knows whose is whose. */
	| { kind: 'unclear'; ids: string[] };

/**
 * Assigns predictions to lost submits of the same body, the oldest to the oldest. Submits with equal bodies are
 * interchangeable.
 * @param othersCount other submits of this body that were given up as lost: predictions may be theirs, too
 * @returns by submit; a submit without a prediction is left out
 */
export function assign<T extends SubmitTimes>(
	waiting: T[],
	candidates: Candidate[],
	othersCount: number,
): Map<T, Assignment> {
	const free = candidates
		.filter(({ created }) => waiting.some((submit) => mayHaveCreated(submit, created)))
		.sort((a, b) => a.created.fromMs - b.created.fromMs);
	if (free.length > waiting.length + othersCount) {
		const ids = free.map(({ id }) => id);
		return new Map(waiting.map((submit) => [submit, { kind: 'unclear', ids }]));
	}
	const assigned = new Map<T, Assignment>();
	for (const submit of [...waiting].sort((a, b) => a.sentAtMs - b.sentAtMs)) {
		const index = free.findIndex(({ created }) => mayHaveCreated(submit, created));
		if (index < 0) continue;
		const [{ id }] = free.splice(index, 1);
		assigned.set(submit, { kind: 'found', id });
	}
	return assigned;
}
