/** A stretch of our clock, in ms since the epoch. */
export interface TimeSpan {
	fromMs: number;
	toMs: number;
}

/** How many answers are memoize. */
const MAX_SAMPLES = 15;

/** From so many answers on, one that contradicts the others is not believed. */
const ENOUGH_SAMPLES = 3;

/** How far one answer's clock may be from the others', in ms, before it is not believed. */
const MAX_DEVIATION_MS = 30_000;

/** `Date` headers and `createdAt` are cut to the second. */
const SECOND_MS = 1_000;

/** What is allowed for where only other answers, or none, tell Atlas's clock, in ms. */
const UNCERTAINTY_MS = 5_000;

/** An answer as far as clocks go. */
export interface TimedAnswer {
	sentAtMs: number;
	receivedAtMs: number;
	dateMs: number | null;
}

/**
 * What `Date` headers tell about Atlas's clock. A single header can be stale (a cache) or plainly wrong, so no
 * decision rests on the largest or the latest one.
 */
export class AtlasClock {
	private samples: number[] = [];

	/**
	 * Notes an answer's `Date` header.
	 * @returns its time in ms; null where there is none that can be read
	 */
	observe(dateHeader: string | undefined, sentAtMs: number, receivedAtMs: number): number | null {
		const dateMs = Date.parse(dateHeader ?? '');
		if (!Number.isFinite(dateMs)) return null;
		const offsetMs = dateMs + SECOND_MS / 2 - (sentAtMs + receivedAtMs) / 2;
		this.samples = [...this.samples, offsetMs].slice(-MAX_SAMPLES);
		return dateMs;
	}

	/** Atlas's clock minus ours in ms, by the median of the last answers; null before the first. */
	get offsetMs(): number | null {
		const sorted = [...this.samples].sort((a, b) => a - b);
		return sorted.length === 0 ? null : sorted[Math.floor((sorted.length - 1) / 2)];
	}

	/** Whether so many answers told the time that one wrong one among them shows; or none did, and ours has to do. */
	get isSettled(): boolean {
		return this.samples.length === 0 || this.samples.length >= ENOUGH_SAMPLES;
	}

	/**
	 * When something happened on our clock that Atlas's clock puts at `atlasMs`, as far as an answer that tells of it
	 * allows: its `Date` header was written between the request and its arrival.
	 * @returns null where the answer's clock cannot be believed
	 */
	toOurs(atlasMs: number, { sentAtMs, receivedAtMs, dateMs }: TimedAnswer): TimeSpan | null {
		if (dateMs === null) {
			const offsetMs = this.offsetMs ?? 0;
			return {
				fromMs: atlasMs - offsetMs - UNCERTAINTY_MS,
				toMs: atlasMs + SECOND_MS - offsetMs + UNCERTAINTY_MS,
			};
		}
		// An answer cannot tell of what is still to come: its clock is stale.
		if (atlasMs > dateMs + 2 * SECOND_MS) return null;
		const least = dateMs - receivedAtMs;
		const most = dateMs + SECOND_MS - sentAtMs;
		const usual = this.offsetMs;
		const isUsual = usual !== null && usual > least - MAX_DEVIATION_MS && usual < most + MAX_DEVIATION_MS;
		if (this.samples.length >= ENOUGH_SAMPLES && !isUsual) return null;
		return { fromMs: atlasMs - most, toMs: atlasMs + SECOND_MS - least };
	}
}
