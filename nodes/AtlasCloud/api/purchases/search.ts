import type { AtlasClient } from '../http/client';
import { sha256 } from '../hash';
import { canonicalJson } from '../json';
import { Semaphore } from '../time/semaphore';
import { INPUT_LIKE, isCut } from './body';
import type { EarlierInputs, InputMatch } from './earlierInputs';
import { doubtError } from './errors';
import type { Ledger } from './ledger';
import { confirm, pageSizeOf, readBackTo, type Row } from './reading';
import type { FileContent, IdentifiedInput, Identity } from './request';
import { RowIndex } from './rowIndex';

/** Rows whose inputs are compared at the same time. */
const COMPARED_AT_ONCE = 8;

/** After so many rows others get a turn: about a millisecond. */
const ROWS_AT_ONCE = 2_000;

/** An older reading is not one of now, in ms. Of predictions that fail one after another, few have it read again. */
const MAX_READING_AGE_MS = 5_000;

/** A row that can be taken. */
export type FoundRow = Row & { id: string };

/** A purchase that may have been made before. */
export interface SearchQuery {
	identity: Identity;
	/** Our clock, in ms: since when. */
	sinceMs: number;
	/** Whether one that failed counts, too, if there is no other. */
	mayHaveFailed: boolean;
	/** Our clock, in ms: the search ends then. */
	giveUpAtMs: number;
}

/** A row that may be ours, and why that cannot be told. */
export interface Doubt {
	id: string | null;
	why: string;
}

/** The history back to a time: read once, and once more before anything is bought. */
interface Readings {
	/** Our clock, in ms. */
	startedAtMs: number;
	first: Promise<RowIndex>;
	whole: Promise<RowIndex> | null;
	/** @param giveUpAtMs our clock */
	confirm: (giveUpAtMs: number) => Promise<RowIndex>;
}

/**
 * Finds purchases by their content: same fields, and inputs with the same bytes. Nothing is bought on the word of a
 * search that has not read all of its time, or that met a row that could be ours and could not be understood.
 */
export class Search {
	/** By how far they go back. */
	private readonly readings = new Map<number, Readings>();

	/** One item at a time for each body: two of them must not take the same prediction. */
	private readonly locks = new Map<string, Semaphore>();

	private rowsSeen = 0;

	constructor(
		private readonly client: AtlasClient,
		private readonly ledger: Ledger,
		private readonly inputs: EarlierInputs,
	) {}

	/**
	 * Takes a prediction of the same content that no item has.
	 * @param adopt makes it the item's; null if that has it already
	 * @returns what `adopt` returned; null if there is none for sure
	 * @throws AtlasError `read` if the history cannot be read, `unknown` if it cannot be told; CancelledError
	 */
	async take<T>(query: SearchQuery, adopt: (row: FoundRow) => T | null): Promise<T | null> {
		return await this.lockOf(query.identity).use(this.client.signal, async () => {
			const readings = this.readingsSince(query);
			if (!readings.whole) {
				const { same } = (await readings.first).matching(query.identity);
				const taken = await this.takeAmong(ofState(same, 'paid'), query, adopt);
				if (taken !== null) return taken;
			}
			readings.whole ??= readings.confirm(query.giveUpAtMs);
			// One that is not whole is read again for the next item.
			readings.whole.catch(() => this.readings.delete(query.sinceMs));
			const { same, maybe } = (await readings.whole).matching(query.identity);
			const doubts: Doubt[] = [];
			const taken = await this.takeAmong(ofState(same, 'paid'), query, adopt, doubts);
			if (taken !== null) return taken;
			await this.takeAmong(ofState(maybe, 'paid'), query, () => null, doubts);
			if (doubts.length > 0) throw doubtError(doubts);
			if (!query.mayHaveFailed) return null;
			const moderated = await this.takeAmong(ofState(same, 'moderated'), query, adopt);
			return moderated ?? (await this.takeAmong(ofState(same, 'failed'), query, adopt));
		});
	}

	/** Has the history read again, for what others have bought meanwhile. Items that ask together share it. */
	readAgain(): void {
		const { clock } = this.client;
		for (const [sinceMs, { startedAtMs }] of this.readings)
			if (clock.nowMs() - startedAtMs > MAX_READING_AGE_MS) this.readings.delete(sinceMs);
	}

	/**
	 * Takes one of these rows that is the same for sure; without a request, if possible.
	 * @param doubts gets the rows that cannot be told from what is wanted
	 */
	private async takeAmong<T>(
		rows: Row[],
		query: SearchQuery,
		adopt: (row: FoundRow) => T | null,
		doubts: Doubt[] = [],
	): Promise<T | null> {
		const { identity } = query;
		const isTaken = ({ id }: Row) => id !== null && this.ledger.isTaken(id);
		const takeOne = (row: Row, match: InputMatch): T | null => {
			if (match === 'other') return null;
			const { id } = row;
			// The row itself may fit two items of the same body.
			const taken = match === 'same' && id !== null ? adopt({ ...row, id }) : null;
			const why = match === 'same' ? 'its request can’t be distinguished from this one' : match.unreadable;
			if (taken === null && !isTaken(row)) doubts.push({ id, why });
			return taken;
		};
		const unread: Row[] = [];
		for (const row of rows) {
			if (++this.rowsSeen % ROWS_AT_ONCE === 0) await this.client.clock.sleepMs(0);
			const known = isTaken(row) ? 'other' : this.knownInputs(row, identity);
			if (known === 'other' || !this.isFree(row, query)) continue;
			if (known === undefined) unread.push(row);
			else {
				const taken = takeOne(row, known);
				if (taken !== null) return taken;
			}
		}
		for (let i = 0; i < unread.length; i += COMPARED_AT_ONCE) {
			const some = unread.slice(i, i + COMPARED_AT_ONCE);
			const matches = await Promise.all(some.map(async (row) => await this.readInputs(row, identity)));
			for (const [j, match] of matches.entries()) {
				const taken = takeOne(some[j], match);
				if (taken !== null) return taken;
			}
		}
		return null;
	}

	/** Whether a row is of the time, and no item may have it. */
	private isFree({ createdAtMs, bodyHash }: Row, { sinceMs }: SearchQuery): boolean {
		// Without a time it counts as recent.
		if (createdAtMs === null) return true;
		const { likely, possible } = this.client.atlasClock.toOurClock(createdAtMs);
		if (possible.toMs < sinceMs) return false;
		return bodyHash === null || !this.ledger.isSought(bodyHash, likely ?? possible);
	}

	/** What is known of a row's inputs without a request; undefined if nothing is. */
	private knownInputs({ body }: Row, { inputs }: Identity): InputMatch | undefined {
		return worst(inputs.map((input) => this.knownInput(body.values.get(input.place) ?? '', input)));
	}

	private knownInput(value: string, { value: wanted, file }: IdentifiedInput): InputMatch | undefined {
		if (value === wanted) return 'same';
		if (!isReadable(value)) return { unreadable: 'its inputs couldn’t be read' };
		return file ? this.inputs.known(value, file) : 'other';
	}

	private async readInputs({ body }: Row, { inputs }: Identity): Promise<InputMatch> {
		const results = await Promise.all(
			inputs.map(async (input): Promise<InputMatch> => {
				const value = body.values.get(input.place) ?? '';
				return this.knownInput(value, input) ?? (await this.inputs.compare(value, input.file as FileContent));
			}),
		);
		return worst(results) ?? 'same';
	}

	private readingsSince({ sinceMs, giveUpAtMs }: SearchQuery): Readings {
		const known = this.readings.get(sinceMs);
		if (known) return known;
		const reading = readBackTo(this.client, sinceMs, giveUpAtMs, pageSizeOf(0));
		const readings: Readings = {
			startedAtMs: this.client.clock.nowMs(),
			first: reading.then((rows) => new RowIndex(rows)),
			whole: null,
			confirm: async (untilMs) => new RowIndex(await confirm(this.client, sinceMs, untilMs, await reading)),
		};
		readings.first.catch(() => this.readings.delete(sinceMs));
		this.readings.set(sinceMs, readings);
		return readings;
	}

	private lockOf({ body }: Identity): Semaphore {
		const key = sha256(canonicalJson(body));
		const lock = this.locks.get(key) ?? new Semaphore(1);
		this.locks.set(key, lock);
		return lock;
	}
}

function ofState(rows: Row[], state: Row['state']): Row[] {
	return rows.filter((row) => row.state === state);
}

/** What inputs come to together: one that is another file decides; then one that is not known. */
function worst(results: Array<InputMatch | undefined>): InputMatch | undefined {
	if (results.includes('other')) return 'other';
	if (results.includes(undefined)) return undefined;
	return results.find((result) => result !== 'same') ?? 'same';
}

/** Whether a value of an earlier body can be an input as it was sent. */
function isReadable(value: string): boolean {
	return INPUT_LIKE.test(value) && !isCut(value);
}
