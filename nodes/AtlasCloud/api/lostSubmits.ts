import type { CancelSignal } from './cancellation';
import type { AtlasClient } from './client';
import { pauseMs, throwIfAborted } from './clock';
import { AtlasError } from './errors';
import { bodyHash, readHistory } from './history';

/** A submit whose answer was lost: it may have been taken, and billed. */
interface LostSubmit {
	/** What tells it from others of the same body. */
	key: string;
	bodyHash: string;
	model: string;
	sentAtMs: number;
	clockOffsetMs: number | null;
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

/** How long the history is looked at for a lost submit, in ms; whether it shows a task at once is not known. */
export const LOOK_FOR_MS = 60_000;

/** Pauses between two looks into the history, in ms; the last one repeats. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * Finds predictions of submits that got no answer, in the account's history: same model, same body, created
 * since it was sent by Atlas's own clock, and not claimed by another item. One reading serves all that are lost.
 */
export class LostSubmits {
	private readonly lost = new Set<LostSubmit>();

	/** Bodies whose submit is on its way right now, with their number: a task may be theirs. */
	private readonly underWay = new Map<string, number>();

	/** Ids that this run was answered, or found. */
	private readonly claimed = new Set<string>();

	private looking = false;

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

	/**
	 * Looks for the task of a lost submit.
	 * @param lookForMs how long to look before giving up
	 */
	async find(
		submit: Pick<LostSubmit, 'key' | 'bodyHash' | 'model' | 'sentAtMs' | 'clockOffsetMs'>,
		lookForMs = LOOK_FOR_MS,
	): Promise<LostResult> {
		return await new Promise<LostResult>((resolve, reject) => {
			const lost: LostSubmit = {
				...submit,
				lookUntilMs: this.client.clock.nowMs() + lookForMs,
				settle: (result) => {
					this.lost.delete(lost);
					resolve(result);
				},
				reject,
			};
			this.lost.add(lost);
			if (this.looking) return;
			this.looking = true;
			this.lookUntilSettled()
				.catch((error: unknown) => {
					for (const waiting of this.lost) waiting.reject(error);
					this.lost.clear();
				})
				.finally(() => {
					this.looking = false;
				});
		});
	}

	private async lookUntilSettled(): Promise<void> {
		const { clock } = this.client;
		for (let look = 0; this.lost.size > 0; look++) {
			await pauseMs(clock, PAUSES_MS[Math.min(look, PAUSES_MS.length - 1)], this.signal);
			// Who joins while the pages are read waits for the next look: those pages may be older than its submit.
			const looked = [...this.lost];
			const isLast = new Set(looked.filter(({ lookUntilMs }) => clock.nowMs() >= lookUntilMs));
			const unreadable = await this.lookOnce(looked).then(
				() => undefined,
				(error: unknown) => {
					throwIfAborted(this.signal);
					if (error instanceof AtlasError) return error;
					throw error;
				},
			);
			for (const lost of looked) {
				// While others of the same body are on their way it cannot be told whose a task is: the end waits for them.
				if (!this.lost.has(lost) || !isLast.has(lost) || this.isUndecided(lost.bodyHash, looked)) continue;
				lost.settle(unreadable ? { kind: 'unreadable', error: unreadable } : { kind: 'notFound' });
			}
		}
	}

	/** Whether a submit of this body is on its way, or was lost after the history was read: tasks may be its own. */
	private isUndecided(hash: string, looked: LostSubmit[]): boolean {
		if ((this.underWay.get(hash) ?? 0) > 0) return true;
		return [...this.lost].some((lost) => lost.bodyHash === hash && !looked.includes(lost));
	}

	/** Reads the history once per model, and settles whom it tells of. */
	private async lookOnce(looked: LostSubmit[]): Promise<void> {
		for (const model of new Set(looked.map((lost) => lost.model))) {
			const ofModel = looked.filter((lost) => lost.model === model);
			const fitting = await this.readFitting(model, ofModel);
			for (const [hash, candidates] of fitting) {
				if (this.isUndecided(hash, looked)) continue;
				const waiting = ofModel
					.filter((lost) => lost.bodyHash === hash)
					.sort((a, b) => a.sentAtMs - b.sentAtMs);
				const taken = new Set([...this.claimed, ...this.known.claimedIds()]);
				const free = candidates.filter(({ predictionId }) => !taken.has(predictionId));
				this.claim(
					waiting,
					free,
					this.known.unknownCount(
						hash,
						waiting.map(({ key }) => key),
					),
				);
			}
		}
	}

	private async readFitting(model: string, lost: LostSubmit[]): Promise<Map<string, Candidate[]>> {
		const fitting = new Map<string, Candidate[]>(lost.map(({ bodyHash: hash }) => [hash, []]));
		for await (const task of readHistory(this.client, { model })) {
			const sinceSeconds = Math.min(...lost.map((submit) => this.sentAtAtlasSeconds(submit)));
			const createdAtSeconds = task.createdAtSeconds ?? Infinity;
			if (createdAtSeconds < sinceSeconds) break;
			if (task.request)
				fitting.get(bodyHash(task.request))?.push({ predictionId: task.predictionId, createdAtSeconds });
		}
		return fitting;
	}

	/** @param others submits of the same body that were given up as unknown: tasks may be theirs too */
	private claim(waiting: LostSubmit[], free: Candidate[], others: number): void {
		const open = [...free];
		const candidatesOf = (lost: LostSubmit) =>
			open.filter((task) => task.createdAtSeconds >= this.sentAtAtlasSeconds(lost));
		// Oldest task to the oldest submit; equal bodies make them exchangeable.
		open.sort((a, b) => a.createdAtSeconds - b.createdAtSeconds);
		const fitting = open.filter((task) =>
			waiting.some((lost) => task.createdAtSeconds >= this.sentAtAtlasSeconds(lost)),
		);
		if (fitting.length > waiting.length + others) {
			const predictionIds = fitting.map(({ predictionId }) => predictionId);
			for (const lost of waiting) lost.settle({ kind: 'ambiguous', predictionIds });
			return;
		}
		for (const lost of waiting) {
			const task = candidatesOf(lost)[0];
			if (!task) continue;
			open.splice(open.indexOf(task), 1);
			this.claimed.add(task.predictionId);
			lost.settle({ kind: 'found', predictionId: task.predictionId });
		}
	}

	/** When a submit left, on Atlas's clock: never later than it truly was, so that its task is not passed over. */
	private sentAtAtlasSeconds(lost: LostSubmit): number {
		const offsetMs = Math.min(lost.clockOffsetMs ?? Infinity, this.client.clockOffsetMs ?? Infinity);
		// Without any Date header nothing is known of Atlas's clock; an hour is more than clocks differ.
		return Math.floor((lost.sentAtMs + (Number.isFinite(offsetMs) ? offsetMs : -3_600_000)) / 1_000);
	}
}

interface Candidate {
	predictionId: string;
	createdAtSeconds: number;
}
