import type { TimeSpan } from '../http/atlasClock';
import type { CancelSignal } from '../flow/cancellation';
import type { AtlasClient } from '../http/client';
import { pauseMs, throwIfAborted } from '../flow/clock';
import { AtlasError } from '../errors';
import { readHistory } from '../predictions/history';

/** When a submit was on its way: our clock, in ms. */
export interface Sending {
	/** When it left. */
	sentAtMs: number;
	/** When its answer was lost or given up. */
	endedAtMs: number;
}

/** A submit whose answer was lost: it may have been taken, and billed. */
export interface UnansweredSubmit extends Sending {
	/** What tells it from others of the same body. */
	key: string;
	bodyHash: string;
	model: string;
}

interface LostSubmit extends UnansweredSubmit {
	lookUntilMs: number;
	settle: (result: LostResult) => void;
	reject: (error: unknown) => void;
}

/** What the history told about a lost submit. */
export type LostResult =
	| { kind: 'found'; predictionId: string }
	/** More tasks fit than submits were lost: whose is whose cannot be told. */
	| { kind: 'ambiguous'; predictionIds: string[] }
	| { kind: 'notFound' }
	/** The history itself could not be read. */
	| { kind: 'unreadable'; error: AtlasError };

/** What is known of other submits of this node. */
export interface KnownSubmits {
	/** Ids that items have: no lost submit may claim them. */
	claimedIds(): string[];
	/** How many submits of this body got no answer and were not found, beside those of these keys. */
	unknownCount(hash: string, exceptKeys: string[]): number;
}

/** A task in the history that has the body of a lost submit. */
export interface Candidate {
	predictionId: string;
	/** When it was created, on our clock. */
	created: TimeSpan;
}

/** How long the history is looked at for a lost submit, in ms; whether it shows a task at once is not known. */
export const LOOK_FOR_MS = 60_000;

/** Pauses between two looks into the history, in ms; the last one repeats. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** How far a task's time may lie outside its submit's: clocks differ a little, and a gateway may hold a request back. */
const EARLY_MS = 5_000;
const LATE_MS = 30_000;

/** When a lost submit's task can have been created. A task outside is an earlier or later edit with the same body. */
function creationWindow({ sentAtMs, endedAtMs }: Sending): TimeSpan {
	return { fromMs: sentAtMs - EARLY_MS, toMs: endedAtMs + LATE_MS };
}

function overlap(a: TimeSpan, b: TimeSpan): boolean {
	return a.fromMs <= b.toMs && b.fromMs <= a.toMs;
}

/** Whether a task of a submit's body may have come of it, by when it was created. */
export function mayBeOf(submit: Sending, created: TimeSpan): boolean {
	return overlap(creationWindow(submit), created);
}

/**
 * Gives tasks to lost submits of the same body: the oldest task to the oldest submit. Equal bodies make them
 * interchangeable.
 * @param others submits of the same body that were given up as unknown: tasks may be theirs too
 * @returns what is settled; a submit without a task is not in it
 */
export function assign<T extends UnansweredSubmit>(
	waiting: T[],
	candidates: Candidate[],
	others: number,
): Map<T, LostResult> {
	const fits = (lost: T, task: Candidate) => mayBeOf(lost, task.created);
	const fitting = candidates
		.filter((task) => waiting.some((lost) => fits(lost, task)))
		.sort((a, b) => a.created.fromMs - b.created.fromMs);
	const settled = new Map<T, LostResult>();
	if (fitting.length > waiting.length + others) {
		const predictionIds = fitting.map(({ predictionId }) => predictionId);
		for (const lost of waiting) settled.set(lost, { kind: 'ambiguous', predictionIds });
		return settled;
	}
	const free = [...fitting];
	for (const lost of [...waiting].sort((a, b) => a.sentAtMs - b.sentAtMs)) {
		const at = free.findIndex((task) => fits(lost, task));
		if (at < 0) continue;
		const [{ predictionId }] = free.splice(at, 1);
		settled.set(lost, { kind: 'found', predictionId });
	}
	return settled;
}

/**
 * Finds predictions of submits that got no answer, in the account's history: same model, same body, created while the
 * submit was on its way, and not claimed by another item. One reading serves all that are lost.
 */
export class LostSubmits {
	private readonly lost = new Set<LostSubmit>();

	/** Bodies whose submit is on its way right now, with their number: a task may be theirs. */
	private readonly underWay = new Map<string, number>();

	/** Ids that this run was answered, or found. */
	private readonly claimed = new Set<string>();

	private isSearching = false;

	constructor(
		private readonly client: AtlasClient,
		private readonly known: KnownSubmits,
		private readonly signal: CancelSignal | undefined,
	) {}

	/** Whether a submit of the same body is being looked for: another one sent now could be taken for it. */
	isLost(hash: string): boolean {
		return [...this.lost].some((lost) => lost.bodyHash === hash);
	}

	/** Says that a submit of this body leaves, so that its task is not taken for a lost one. */
	leaves(hash: string): void {
		this.underWay.set(hash, (this.underWay.get(hash) ?? 0) + 1);
	}

	/** Says that its answer came, or will not. */
	settled(hash: string, predictionId?: string): void {
		this.underWay.set(hash, (this.underWay.get(hash) ?? 1) - 1);
		if (predictionId !== undefined) this.claimed.add(predictionId);
	}

	/** Says that an id turned out to be no prediction's, or not to be believed. */
	release(predictionId: string): void {
		this.claimed.delete(predictionId);
	}

	/**
	 * Looks for the task of a lost submit. Whatever goes wrong on the way is a result, not an exception.
	 * @throws CancelledError
	 */
	async find(submit: UnansweredSubmit): Promise<LostResult> {
		return await new Promise<LostResult>((resolve, reject) => {
			const lost: LostSubmit = {
				...submit,
				lookUntilMs: this.client.clock.nowMs() + LOOK_FOR_MS,
				settle: (result) => {
					this.lost.delete(lost);
					resolve(result);
				},
				reject,
			};
			this.lost.add(lost);
			if (this.isSearching) return;
			this.isSearching = true;
			this.searchUntilSettled()
				.catch((error: unknown) => {
					for (const waiting of this.lost) waiting.reject(error);
					this.lost.clear();
				})
				.finally(() => {
					this.isSearching = false;
				});
		});
	}

	private async searchUntilSettled(): Promise<void> {
		const { clock } = this.client;
		for (let round = 0; this.lost.size > 0; round++) {
			await pauseMs(clock, PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)], this.signal);
			// Who joins while the pages are read waits for the next round: those pages may be older than its submit.
			const sought = [...this.lost];
			const expired = sought.filter(({ lookUntilMs }) => clock.nowMs() >= lookUntilMs);
			const error = await this.searchOnce(sought);
			for (const lost of expired) {
				// While others of the same body are on their way it cannot be told whose a task is: the end waits for them.
				if (!this.lost.has(lost) || this.isUndecided(lost.bodyHash, sought)) continue;
				lost.settle(error ? { kind: 'unreadable', error } : { kind: 'notFound' });
			}
		}
	}

	/** Whether a submit of this body is on its way, or was lost after the history was read: tasks may be its own. */
	private isUndecided(hash: string, sought: LostSubmit[]): boolean {
		if ((this.underWay.get(hash) ?? 0) > 0) return true;
		return [...this.lost].some((lost) => lost.bodyHash === hash && !sought.includes(lost));
	}

	/**
	 * Reads the history once per model, and settles the submits whose tasks it shows.
	 * @returns why a history could not be read; undefined where all went well
	 */
	private async searchOnce(sought: LostSubmit[]): Promise<AtlasError | undefined> {
		let unreadable: AtlasError | undefined;
		for (const model of new Set(sought.map((lost) => lost.model))) {
			const ofModel = sought.filter((lost) => lost.model === model);
			try {
				let candidates = await this.readCandidates(model, ofModel);
				// A single answer's clock may be stale, and an older edit would seem to be this one: more of them tell.
				for (let again = 0; again < 2 && !this.client.atlasClock.isSettled; again++)
					candidates = await this.readCandidates(model, ofModel);
				this.settleFound(ofModel, candidates, sought);
			} catch (error) {
				throwIfAborted(this.signal);
				unreadable = toReadError(error);
			}
		}
		return unreadable;
	}

	private settleFound(
		ofModel: LostSubmit[],
		candidates: Map<string, Candidate[]>,
		sought: LostSubmit[],
	): void {
		for (const [hash, ofBody] of candidates) {
			if (this.isUndecided(hash, sought)) continue;
			const waiting = ofModel.filter((lost) => lost.bodyHash === hash);
			const keys = waiting.map(({ key }) => key);
			const taken = new Set([...this.claimed, ...this.known.claimedIds()]);
			const free = ofBody.filter(({ predictionId }) => !taken.has(predictionId));
			for (const [lost, result] of assign(waiting, free, this.known.unknownCount(hash, keys))) {
				if (result.kind === 'found') this.claimed.add(result.predictionId);
				lost.settle(result);
			}
		}
	}

	/** Tasks of these submits' bodies whose time is known: by body. */
	private async readCandidates(model: string, lost: LostSubmit[]): Promise<Map<string, Candidate[]>> {
		const candidates = new Map<string, Candidate[]>(lost.map(({ bodyHash }) => [bodyHash, []]));
		const sinceMs = Math.min(...lost.map((submit) => creationWindow(submit).fromMs));
		const giveUpAtMs = Math.max(...lost.map(({ lookUntilMs }) => lookUntilMs));
		for await (const { created, requestHash, predictionId } of readHistory(this.client, {
			model,
			giveUpAtMs,
		})) {
			// A task whose time is not known may be any edit with the same body.
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
	return new AtlasError(`Could not read the prediction history: ${message}`, {
		kind: 'read',
		description: '',
	});
}
