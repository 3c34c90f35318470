import type { AtlasClient } from '../http/client';
import { sha256 } from '../hash';
import { canonicalJson } from '../json';
import { Semaphore } from '../time/semaphore';
import { placeOf, valueOf } from './body';
import type { EarlierInputs, InputMatch } from './earlierInputs';
import { doubtError } from './errors';
import type { Ledger } from './ledger';
import { confirm, pageSizeOf, readBackTo, type Reading, type Row } from './reading';
import type { FileInput, IdentifiedInput, Identity } from './request';
import { RowIndex } from './rowIndex';

/** Rows whose inputs are compared at the same time. */
const COMPARED_AT_ONCE = 8;

/** After so many rows others get a turn: about a millisecond. */
const ROWS_AT_ONCE = 2_000;

/** A row that can be taken. */
export type FoundRow = Row & { id: string };

/** A purchase that may have been made before. */
export interface Wish {
	identity: Identity;
	/** Our clock, in ms: since when. */
	sinceMs: number;
	/** Whether one that failed counts, too, if there is no other. */
	mayHaveFailed: boolean;
	/** Our clock, in ms: the search ends then. */
	giveUpAtMs: number;
}

/** An input that a row has to have. */
interface Wanted {
	input: IdentifiedInput;
	/** Where it stands in a body. */
	place: string;
	/** The value of a URL. */
	sent: string | undefined;
}

/** A row that may be ours, and why that cannot be told. */
export interface Doubt {
	id: string | null;
	why: string;
}

/** The history back to a time: read once, and once more before anything is bought. */
interface Readings {
	first: Promise<RowIndex>;
	whole: Promise<RowIndex> | null;
	confirm: () => Promise<RowIndex>;
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
	async take<T>(wish: Wish, adopt: (row: FoundRow) => T | null): Promise<T | null> {
		return await this.lockOf(wish.identity).use(this.client.signal, async () => {
			const readings = this.readingsSince(wish);
			const found = readings.whole ? null : await this.takePaid(await readings.first, wish, adopt);
			if (found && found.taken !== null) return found.taken;
			readings.whole ??= readings.confirm();
			// One that is not whole is read again for the next item.
			readings.whole.catch(() => this.readings.delete(wish.sinceMs));
			const whole = await readings.whole;
			const { taken, doubts } = await this.takePaid(whole, wish, adopt);
			if (taken !== null) return taken;
			if (doubts.length > 0) throw doubtError(doubts);
			return wish.mayHaveFailed ? await this.takeFailed(whole, wish, adopt) : null;
		});
	}

	private async takePaid<T>(
		index: RowIndex,
		wish: Wish,
		adopt: (row: FoundRow) => T | null,
	): Promise<{ taken: T | null; doubts: Doubt[] }> {
		const { same, maybe } = index.matching(wish.identity);
		const sure = await this.takeAmong(same, 'paid', wish, adopt);
		if (sure.taken !== null) return sure;
		const unsure = await this.takeAmong(maybe, 'paid', wish, () => null);
		return { taken: null, doubts: [...sure.doubts, ...unsure.doubts] };
	}

	private async takeFailed<T>(
		index: RowIndex,
		wish: Wish,
		adopt: (row: FoundRow) => T | null,
	): Promise<T | null> {
		const { same } = index.matching(wish.identity);
		for (const state of ['moderated', 'failed'] as const) {
			const { taken } = await this.takeAmong(same, state, wish, adopt);
			if (taken !== null) return taken;
		}
		return null;
	}

	/** Whether a row is of the time, and no item has it or may have it. */
	private isFree({ createdAtMs, bodyHash }: Row, { sinceMs }: Wish): boolean {
		// Without a time it counts as recent.
		if (createdAtMs === null) return true;
		const { likely, possible } = this.client.atlasClock.toOurClock(createdAtMs);
		if (possible.toMs < sinceMs) return false;
		return bodyHash === null || !this.ledger.isSought(bodyHash, likely ?? possible);
	}

	private isTaken({ id }: Row): boolean {
		return id !== null && this.ledger.isTaken(id);
	}

	/** Takes the first row of a state that is the same for sure. */
	private async takeAmong<T>(
		rows: Row[],
		state: Row['state'],
		wish: Wish,
		adopt: (row: FoundRow) => T | null,
	): Promise<{ taken: T | null; doubts: Doubt[] }> {
		const wanted = wish.identity.inputs.map(toWanted);
		const doubts: Doubt[] = [];
		let some: Row[] = [];
		for (const [i, row] of rows.entries()) {
			if (++this.rowsSeen % ROWS_AT_ONCE === 0) await this.client.clock.sleepMs(0);
			const isOpen = row.state === state && !this.isTaken(row);
			const known = isOpen ? this.inputsOf(row, wanted) : 'other';
			if (known !== 'other' && known !== 'gone' && this.isFree(row, wish)) some.push(row);
			if (some.length < COMPARED_AT_ONCE && known !== 'same' && i + 1 < rows.length) continue;
			const taken = await this.takeOne(some, wanted, adopt, doubts);
			if (taken !== null) return { taken, doubts };
			some = [];
		}
		return { taken: null, doubts };
	}

	/** @param doubts gets the rows that cannot be told from what is wanted */
	private async takeOne<T>(
		rows: Row[],
		wanted: Wanted[],
		adopt: (row: FoundRow) => T | null,
		doubts: Doubt[],
	): Promise<T | null> {
		const results = await Promise.all(rows.map(async (row) => await this.compareInputs(row, wanted)));
		for (const [i, result] of results.entries()) {
			const { id } = rows[i];
			if (result === 'other' || result === 'gone') continue;
			// The row itself may fit two items of the same body.
			const taken = result === 'same' && id !== null ? adopt({ ...rows[i], id }) : null;
			if (taken !== null) return taken;
			if (this.isTaken(rows[i])) continue;
			const why = result === 'same' ? 'its request can’t be distinguished from this one' : result.unreadable;
			doubts.push({ id, why });
		}
		return null;
	}

	/** What is known of a row's inputs without a request; undefined if nothing is. */
	private inputsOf({ body }: Row, wanted: Wanted[]): InputMatch | undefined {
		return worst(wanted.map((input) => this.inputOf(body.values.get(input.place) ?? '', input)));
	}

	private inputOf(value: string, { input, sent }: Wanted): InputMatch | undefined {
		if (value === sent) return 'same';
		if (!isReadable(value)) return { unreadable: 'its inputs couldn’t be read' };
		return input.sha256 === undefined ? 'other' : this.inputs.known(value, input);
	}

	private async compareInputs({ body }: Row, wanted: Wanted[]): Promise<InputMatch> {
		const results = await Promise.all(
			wanted.map(async (one): Promise<InputMatch> => {
				const value = body.values.get(one.place) ?? '';
				const known = this.inputOf(value, one);
				return known ?? (await this.inputs.compare(value, one.input as FileInput));
			}),
		);
		return worst(results) ?? 'same';
	}

	private readingsSince({ sinceMs, giveUpAtMs }: Wish): Readings {
		const known = this.readings.get(sinceMs);
		if (known) return known;
		const reading = readBackTo(this.client, sinceMs, giveUpAtMs, pageSizeOf(0));
		const confirmed = async (): Promise<Reading> =>
			await confirm(this.client, sinceMs, giveUpAtMs, await reading);
		const readings: Readings = {
			first: reading.then((rows) => new RowIndex(rows)),
			whole: null,
			confirm: async () => new RowIndex(await confirmed()),
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

function toWanted(input: IdentifiedInput): Wanted {
	return {
		input,
		place: placeOf(input.path),
		sent: input.url === undefined ? undefined : valueOf(input.url),
	};
}

/** What inputs come to together: one that is another file decides; then one that is not known. */
function worst(results: Array<InputMatch | undefined>): InputMatch | undefined {
	const sure = results.find((result) => result === 'other' || result === 'gone');
	if (sure || results.includes(undefined)) return sure;
	return results.find((result) => result !== 'same') ?? 'same';
}

/** Whether a value of an earlier body can be an input as it was sent. */
function isReadable(value: string): boolean {
	return /^(https?:|data:|#)/i.test(value) && !/(…|\.\.\.)$/.test(value);
}
