import { AtlasError } from '../errors';
import type { CancelSignal } from '../time/cancellation';
import { pauseMs, throwIfAborted } from '../time/clock';
import type { AtlasClient } from '../http/client';
import { readHistory } from '../predictions/history';
import { assign, type Assignment, type Candidate, creationWindow, type FlightTimes } from './match';

/** A submit whose answer was lost: Atlas may have accepted it, and billed it. */
export interface UnansweredSubmit extends FlightTimes {
	/** Tells it apart from others of the same body. */
	key: string;
	bodyHash: string;
	model: string;
}

interface LostSubmit extends UnansweredSubmit {
	searchUntilMs: number;
	resolve: (result: LostResult) => void;
	reject: (error: unknown) => void;
}

/** What the history shows of a lost submit. */
export type LostResult =
	| Assignment
	| { kind: 'notFound' }
	/** The history itself could not be read. */
	| { kind: 'unreadable'; error: AtlasError };

/** The purchases that the items of this node made. */
export interface KnownSubmits {
	/** IDs that items have: no lost submit may claim them. */
	claimedIds(): string[];
	/** How many submits of this body were not found, not counting those with these keys. */
	unknownCount(hash: string, exceptKeys: string[]): number;
}

/** How long a lost submit is searched for, in ms. Atlas does not say when the history shows a prediction. */
export const SEARCH_MS = 60_000;

/** Pauses before each reading of the history, in ms; the last one repeats. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** How often one reading is repeated until Atlas's clock is known. */
const MAX_REREADS = 2;

/**
 * Finds the predictions of submits that got no answer, in the account's history: same model, same body, created while
 * the submit was in flight, and not claimed by another item. One reading serves all lost submits.
 */
export class LostSubmits {
	private readonly lost = new Set<LostSubmit>();

	/** Number of submits in flight by body: a prediction may be theirs. */
	private readonly inFlight = new Map<string, number>();

	private readonly claimed: Set<string>;

	private isSearching = false;

	constructor(
		private readonly client: AtlasClient,
		private readonly known: KnownSubmits,
		private readonly signal: CancelSignal | undefined,
	) {
		this.claimed = new Set(known.claimedIds());
	}

	/** Whether a submit of this body is searched for: another one sent now could be mistaken for it. */
	isLost(hash: string): boolean {
		return [...this.lost].some((lost) => lost.bodyHash === hash);
	}

	/** Call before a submit of this body leaves, so that its prediction is not mistaken for a lost one. */
	addInFlight(hash: string): void {
		this.inFlight.set(hash, (this.inFlight.get(hash) ?? 0) + 1);
	}

	/** Call when its answer came, or will not come. */
	removeInFlight(hash: string): void {
		this.inFlight.set(hash, (this.inFlight.get(hash) ?? 1) - 1);
	}

	/**
	 * Keeps lost submits from claiming this ID.
	 * @returns false if another item has it: a gateway may repeat an earlier answer
	 */
	claim(predictionId: string): boolean {
		if (this.claimed.has(predictionId)) return false;
		this.claimed.add(predictionId);
		return true;
	}

	/** Undoes {@link claim} for an ID that turns out not to be the item's. */
	release(predictionId: string): void {
		this.claimed.delete(predictionId);
	}

	/**
	 * Searches for the prediction of a lost submit. Whatever goes wrong is a result, not an exception.
	 * @throws CancelledError
	 */
	async find(submit: UnansweredSubmit): Promise<LostResult> {
		return await new Promise<LostResult>((resolve, reject) => {
			const searchUntilMs = this.client.clock.nowMs() + SEARCH_MS;
			this.lost.add({ ...submit, searchUntilMs, resolve, reject });
			if (!this.isSearching) void this.searchAll();
		});
	}

	private async searchAll(): Promise<void> {
		this.isSearching = true;
		try {
			for (let round = 0; this.lost.size > 0; round++) {
				await pauseMs(this.client.clock, PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)], this.signal);
				await this.searchOnce();
			}
		} catch (error) {
			for (const lost of this.lost) lost.reject(error);
			this.lost.clear();
		} finally {
			this.isSearching = false;
		}
	}

	private async searchOnce(): Promise<void> {
		const { clock } = this.client;
		// Submits lost while the pages are read wait for the next round: the pages may be older than they are.
		const sought = [...this.lost];
		const expired = sought.filter(({ searchUntilMs }) => clock.nowMs() >= searchUntilMs);
		let error: AtlasError | undefined;
		for (const model of new Set(sought.map((lost) => lost.model)))
			error = (await this.searchModel(model, sought)) ?? error;
		for (const lost of expired) {
			if (this.lost.has(lost) && !this.isUndecided(lost.bodyHash, sought))
				this.settle(lost, error ? { kind: 'unreadable', error } : { kind: 'notFound' });
		}
	}

	/** @returns why the model's history could not be read; undefined if it was */
	private async searchModel(model: string, sought: LostSubmit[]): Promise<AtlasError | undefined> {
		const ofModel = sought.filter((lost) => lost.model === model);
		try {
			let candidates = await this.readCandidates(model, ofModel);
			// The clock of a single answer may be stale, and would make an older purchase look like this one.
			for (let i = 0; i < MAX_REREADS && !this.client.atlasClock.isSettled; i++)
				candidates = await this.readCandidates(model, ofModel);
			for (const [hash, ofBody] of candidates)
				if (!this.isUndecided(hash, sought)) this.assignBody(hash, ofModel, ofBody);
			return undefined;
		} catch (error) {
			throwIfAborted(this.signal);
			return toReadError(error);
		}
	}

	/** Whether a prediction of this body may belong to a submit in flight, or to one lost since the round began. */
	private isUndecided(hash: string, sought: LostSubmit[]): boolean {
		if ((this.inFlight.get(hash) ?? 0) > 0) return true;
		return [...this.lost].some((lost) => lost.bodyHash === hash && !sought.includes(lost));
	}

	private assignBody(hash: string, ofModel: LostSubmit[], candidates: Candidate[]): void {
		const waiting = ofModel.filter((lost) => lost.bodyHash === hash);
		const keys = waiting.map(({ key }) => key);
		const claimed = new Set([...this.claimed, ...this.known.claimedIds()]);
		const free = candidates.filter(({ predictionId }) => !claimed.has(predictionId));
		for (const [lost, result] of assign(waiting, free, this.known.unknownCount(hash, keys))) {
			if (result.kind === 'found') this.claim(result.predictionId);
			this.settle(lost, result);
		}
	}

	private settle(lost: LostSubmit, result: LostResult): void {
		this.lost.delete(lost);
		lost.resolve(result);
	}

	/** By body: the predictions in the history whose creation time is known. */
	private async readCandidates(model: string, lost: LostSubmit[]): Promise<Map<string, Candidate[]>> {
		const candidates = new Map<string, Candidate[]>(lost.map(({ bodyHash }) => [bodyHash, []]));
		const sinceMs = Math.min(...lost.map((submit) => creationWindow(submit).fromMs));
		const giveUpAtMs = Math.max(...lost.map(({ searchUntilMs }) => searchUntilMs));
		for await (const task of readHistory(this.client, { model, giveUpAtMs })) {
			const { created, requestHash, predictionId } = task;
			// Without its time it may be any purchase with the same body.
			if (!created) continue;
			if (created.toMs < sinceMs) break;
			if (requestHash !== null) candidates.get(requestHash)?.push({ predictionId, created });
		}
		return candidates;
	}
}

function toReadError(error: unknown): AtlasError {
	if (error instanceof AtlasError) return error;
	const message = error instanceof Error ? error.message : String(error);
	return new AtlasError(`Couldn’t read the prediction history: ${message}`, {
		kind: 'read',
		description: '',
	});
}
