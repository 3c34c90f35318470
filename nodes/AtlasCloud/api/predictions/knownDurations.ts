import { recentlyUsed } from '../memo';
import { Durations } from './durations';

/** Kinds that are kept per account, the latest. */
const MAX_KINDS = 100;

/** What has been seen within this time, in ms, still holds. */
const FRESH_MS = 3_600_000;

/**
 * How long predictions took, by model, and by model and shape of the request where those are known. Other shapes of a
 * model stand in for one that has not been seen.
 */
export class KnownDurations {
	private readonly byKind = new Map<string, Durations>();

	private readonly seenAtMs = new Map<string, number>();

	/** Empty if nothing is known of the model. */
	of(model: string, shape = ''): Durations {
		const exact = this.byKind.get(kindOf(model, shape));
		return exact && exact.count > 0 ? exact : this.kept(model);
	}

	/** @param nowMs our clock, when a prediction was seen to end; null for one of the history */
	add(model: string, shape: string, durationMs: number, nowMs: number | null): void {
		if (nowMs !== null) this.seenAtMs.set(model, nowMs);
		this.kept(model).add(durationMs);
		if (shape !== '') this.kept(kindOf(model, shape)).add(durationMs);
	}

	/** Whether a prediction of the model was seen to end lately. The machine's clock may have been set back since. */
	isFresh(model: string, nowMs: number): boolean {
		return Math.abs(nowMs - (this.seenAtMs.get(model) ?? -Infinity)) < FRESH_MS;
	}

	/** Forgets all but the first of a kind: see {@link Durations.keepFirst}. */
	keepFirst(model: string, shape: string, count: number): void {
		for (const kind of new Set([model, kindOf(model, shape)])) this.kept(kind).keepFirst(count);
	}

	/** What was known proved wrong. */
	forget(model: string, shape: string): void {
		for (const kind of new Set([model, kindOf(model, shape)])) this.kept(kind).forget();
	}

	private kept(kind: string): Durations {
		const durations = this.byKind.get(kind) ?? new Durations();
		// The latest last.
		this.byKind.delete(kind);
		this.byKind.set(kind, durations);
		const [oldest] = this.byKind.keys();
		if (this.byKind.size > MAX_KINDS) {
			this.byKind.delete(oldest);
			this.seenAtMs.delete(oldest);
		}
		return durations;
	}
}

function kindOf(model: string, shape: string): string {
	return shape === '' ? model : `${model} ${shape}`;
}

/** Accounts of which durations are kept, the latest. */
const MAX_ACCOUNTS = 20;

/**
 * Outlives a run: a video that is made once an hour is polled by what the last ones took. Holds numbers, no keys.
 * The argument identifies base URL and API key without revealing them.
 */
export const knownDurationsOf = recentlyUsed(MAX_ACCOUNTS, () => new KnownDurations());
