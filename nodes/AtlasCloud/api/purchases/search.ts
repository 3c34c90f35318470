import type { AtlasClient } from '../http/client';
import { sha256 } from '../hash';
import { canonicalJson } from '../json';
import { Semaphore } from '../time/semaphore';
import { placeOf, valueOf } from './body';
import type { EarlierInputs, InputMatch } from './earlierInputs';
import { doubtError } from './errors';
import type { Ledger } from './ledger';
import { confirm, pageSizeOf, readBackTo, type Reading, type Row } from './reading';
import type { IdentifiedInput, Identity } from './request';
import { RowIndex } from './rowIndex';

/** Rows whose inputs are compared at the same time. */
const COMPARED_AT_ONCE = 8;

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
			const found = await this.takePaid(await readings.first, wish, adopt);
			if (found.taken !== null) return found.taken;
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
		const { inputs } = wish.identity;
		const isOpen = (row: Row) =>
			row.state === 'paid' && !this.isKnownOther(row, inputs) && this.isFree(row, wish);
		const sure = await this.takeAmong(same.filter(isOpen), wish, adopt);
		if (sure.taken !== null) return sure;
		const unsure = await this.takeAmong(maybe.filter(isOpen), wish, () => null);
		return { taken: null, doubts: [...sure.doubts, ...unsure.doubts] };
	}

	private async takeFailed<T>(
		index: RowIndex,
		wish: Wish,
		adopt: (row: FoundRow) => T | null,
	): Promise<T | null> {
		const { same } = index.matching(wish.identity);
		for (const state of ['moderated', 'failed'] as const) {
			const rows = same.filter((row) => row.state === state && this.isFree(row, wish));
			const { taken } = await this.takeAmong(rows, wish, adopt);
			if (taken !== null) return taken;
		}
		return null;
	}

	/** Whether a row is of the time, and no item has it or may have it. */
	private isFree({ id, createdAtMs, bodyHash }: Row, { sinceMs }: Wish): boolean {
		if (id !== null && this.ledger.isTaken(id)) return false;
		// Without a time it counts as recent.
		if (createdAtMs === null) return true;
		const { likely, possible } = this.client.atlasClock.toOurClock(createdAtMs);
		if (possible.toMs < sinceMs) return false;
		return bodyHash === null || !this.ledger.isSought(bodyHash, likely ?? possible);
	}

	private async takeAmong<T>(
		rows: Row[],
		{ identity: { inputs } }: Wish,
		adopt: (row: FoundRow) => T | null,
	): Promise<{ taken: T | null; doubts: Doubt[] }> {
		const doubts: Doubt[] = [];
		for (let start = 0; start < rows.length; start += COMPARED_AT_ONCE) {
			const some = rows.slice(start, start + COMPARED_AT_ONCE);
			const results = await Promise.all(some.map(async (row) => await this.compareInputs(row, inputs)));
			for (const [i, result] of results.entries()) {
				const { id } = some[i];
				if (result === 'other' || result === 'gone') continue;
				// The row itself may fit two items of the same body.
				const taken = result === 'same' && id !== null ? adopt({ ...some[i], id }) : null;
				if (taken !== null) return { taken, doubts };
				if (id !== null && this.ledger.isTaken(id)) continue;
				doubts.push({
					id,
					why: result === 'same' ? 'its request can’t be distinguished from this one' : result.unreadable,
				});
			}
		}
		return { taken: null, doubts };
	}

	private isKnownOther({ body }: Row, inputs: IdentifiedInput[]): boolean {
		return inputs.some((input) => {
			const value = body.values.get(placeOf(input.path));
			if (value === undefined) return false;
			if (input.sha256 !== undefined) return this.inputs.isKnownOther(value, input);
			return isReadable(value) && value !== valueOf(input.url);
		});
	}

	private async compareInputs({ body }: Row, inputs: IdentifiedInput[]): Promise<InputMatch> {
		const results = await Promise.all(
			inputs.map(async (input): Promise<InputMatch> => {
				const value = body.values.get(placeOf(input.path)) ?? '';
				if (input.sha256 === undefined && value === valueOf(input.url)) return 'same';
				if (!isReadable(value)) return { unreadable: 'its inputs couldn’t be read' };
				return input.sha256 === undefined ? 'other' : await this.inputs.compare(value, input);
			}),
		);
		const sure = results.find((result) => result === 'other' || result === 'gone');
		return sure ?? results.find((result) => result !== 'same') ?? 'same';
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

/** Whether a value of an earlier body can be an input as it was sent. */
function isReadable(value: string): boolean {
	return /^(https?:|data:|#)/i.test(value) && !/(…|\.\.\.)$/.test(value);
}
