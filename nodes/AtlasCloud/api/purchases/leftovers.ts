import type { Clock } from '../time/clock';
import { idOf, type PurchaseFacts, type PurchaseRecord } from './record';

/** A prediction that is paid for and that nobody has got. */
export interface Leftover {
	id: string;
	facts: PurchaseFacts;
}

interface Kept extends Leftover {
	/** The node and account that bought it. */
	owner: string;
	/** When it was left over for the first time. */
	keptAtMs: number;
	/** Whether a run has it in work. */
	isTaken: boolean;
}

/** As many as a search of the history can find. */
const MAX_KEPT = 10_000;
const MAX_AGE_MS = 24 * 3_600_000;

/** What a URL shows may change: who runs a node again by hand within this time means the same, in ms. */
const MAX_AGE_WITH_URL_MS = 15 * 60_000;

/** By prediction ID, the oldest first. Lives as long as the process; holds no keys and no files. */
const kept = new Map<string, Kept>();

/** What failed or stopped runs of a node paid for and did not return: its next run takes it first. */
export class Leftovers {
	/**
	 * @param owner identifies node and account
	 * @param isRepeated whether somebody may just be repeating a run: a person by hand, an MCP client or an Agent its call
	 */
	constructor(
		private readonly owner: string,
		private readonly clock: Clock,
		private readonly isRepeated: boolean,
	) {}

	/** Takes one for a request, the oldest first; undefined if there is none. @param isFree whether an item may have it */
	take(fingerprint: string, isFree: (id: string) => boolean): Leftover | undefined {
		for (const one of kept.values()) {
			if (one.facts.fingerprint !== fingerprint || !this.mayTake(one) || !isFree(one.id)) continue;
			one.isTaken = true;
			return one;
		}
		return undefined;
	}

	/** Its own execution goes on with it. */
	resume(id: string): void {
		const one = kept.get(id);
		if (one) one.isTaken = true;
	}

	/** Whether there is one of a model, for any request. */
	hasAny(model: string): boolean {
		return [...kept.values()].some((one) => one.facts.model === model && this.mayTake(one));
	}

	private mayTake({ owner, keptAtMs, isTaken, facts: { hasUrl, keptUntilMs } }: Kept): boolean {
		const nowMs = this.clock.nowMs();
		const ageMs = Math.abs(nowMs - keptAtMs);
		if (isTaken || owner !== this.owner || ageMs > MAX_AGE_MS || nowMs > keptUntilMs) return false;
		return !hasUrl || (this.isRepeated && ageMs <= MAX_AGE_WITH_URL_MS);
	}

	/** Forgets what somebody has got by now. */
	forget(ids: unknown[]): void {
		for (const id of ids) kept.delete(String(id));
	}

	/** Notes what a run has returned, and what it has paid for and not returned. */
	note(delivered: PurchaseRecord[], paid: PurchaseRecord[]): void {
		this.forget(delivered.map(idOf));
		for (const record of paid) {
			const id = idOf(record);
			if (id === undefined || record.origin === 'reused') continue;
			const keptAtMs = kept.get(id)?.keptAtMs ?? this.clock.nowMs();
			// A copy: n8n's own record may change.
			kept.set(id, { facts: { ...record }, id, owner: this.owner, keptAtMs, isTaken: false });
		}
		const nowMs = this.clock.nowMs();
		for (const [id, { keptAtMs }] of kept)
			if (kept.size > MAX_KEPT || nowMs - keptAtMs > MAX_AGE_MS) kept.delete(id);
	}
}

/** Forgets all, as a restart of n8n does. For tests. */
export function forgetLeftovers(): void {
	kept.clear();
}
