/** A span on our clock, in ms since the epoch. */
export interface TimeSpan {
	fromMs: number;
	toMs: number;
}

const MAX_SAMPLES = 15;

/** With this many samples, one that contradicts the others is ignored. */
const ENOUGH_SAMPLES = 3;

/** How far one answer's clock may deviate from the others', in ms, before it is ignored. */
const MAX_DEVIATION_MS = 30_000;

/** `Date` headers and `createdAt` are truncated to the second. */
const SECOND_MS = 1_000;

/** The error in ms to allow for when an answer itself has no `Date` header. */
const UNCERTAINTY_MS = 5_000;

/** When an answer was sent and received on our clock, and its `Date` on Atlas's; in ms. */
export interface TimedAnswer {
	sentAtMs: number;
	receivedAtMs: number;
	dateMs: number | null;
}

/**
 * Estimates Atlas's clock from `Date` headers. A single header can be stale or wrong, so no decision relies on one
 * (see docs/atlas-cloud-api.md, Clocks).
 */
export class AtlasClock {
	private samples: number[] = [];

	/**
	 * Adds an answer's `Date` header.
	 * @returns its time in ms; null if it cannot be read
	 */
	observe(dateHeader: string | undefined, sentAtMs: number, receivedAtMs: number): number | null {
		const dateMs = Date.parse(dateHeader ?? '');
		if (!Number.isFinite(dateMs)) return null;
		const offsetMs = dateMs + SECOND_MS / 2 - (sentAtMs + receivedAtMs) / 2;
		this.samples = [...this.samples, offsetMs].slice(-MAX_SAMPLES);
		return dateMs;
	}

	/** Atlas's clock minus ours, in ms: the median of the latest answers; null before the first. */
	get offsetMs(): number | null {
		const sorted = [...this.samples].sort((a, b) => a - b);
		return sorted.length === 0 ? null : sorted[Math.floor((sorted.length - 1) / 2)];
	}

	/** Whether there are enough samples to detect a wrong one, or none at all, so that our own clock has to do. */
	get isSettled(): boolean {
		return this.samples.length === 0 || this.samples.length >= ENOUGH_SAMPLES;
	}

	/**
	 * Converts a time on Atlas's clock to ours. The `Date` header of the answer that reports it was written between the
	 * request and the answer's arrival, which bounds the offset.
	 * @returns null if the answer's clock contradicts the others
	 */
	toOurClock(atlasMs: number, { sentAtMs, receivedAtMs, dateMs }: TimedAnswer): TimeSpan | null {
		if (dateMs === null) {
			const offsetMs = this.offsetMs ?? 0;
			return {
				fromMs: atlasMs - offsetMs - UNCERTAINTY_MS,
				toMs: atlasMs + SECOND_MS - offsetMs + UNCERTAINTY_MS,
			};
		}
		// An answer cannot report the future: its clock is stale.
		if (atlasMs > dateMs + 2 * SECOND_MS) return null;
		const minOffsetMs = dateMs - receivedAtMs;
		const maxOffsetMs = dateMs + SECOND_MS - sentAtMs;
		const medianMs = this.offsetMs;
		const isPlausible =
			medianMs !== null &&
			medianMs > minOffsetMs - MAX_DEVIATION_MS &&
			medianMs < maxOffsetMs + MAX_DEVIATION_MS;
		if (this.samples.length >= ENOUGH_SAMPLES && !isPlausible) return null;
		return { fromMs: atlasMs - maxOffsetMs, toMs: atlasMs + SECOND_MS - minOffsetMs };
	}
}
