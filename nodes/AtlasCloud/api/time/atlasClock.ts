/** A span on our clock, in ms since the epoch. */
export interface TimeSpan {
	fromMs: number;
	toMs: number;
}

/** A time of Atlas's on our clock. */
export interface OurTime {
	/** If Atlas's clock is what its answers say; null if they contradict each other. */
	likely: TimeSpan | null;
	/** Whatever of it is true: no other time can be meant. */
	possible: TimeSpan;
}

const MAX_SAMPLES = 15;

/** With this many samples, one that contradicts the others is ignored. */
const ENOUGH_SAMPLES = 3;

/** `Date` headers and `createdAt` are truncated to the second. */
const SECOND_MS = 1_000;

/** How far two clocks that are right may differ, in ms. */
const SLACK_MS = 5_000;

/** An answer that took longer says too little of when its header was written, in ms. */
const MAX_SHARP_MS = 5_000;

/** If Atlas's clock differs from ours, so many of its answers have to agree about it. */
const SHARE_IF_DIFFERENT = 0.75;

/** When a request was sent and its answer's headers arrived on our clock, and its `Date` on Atlas's; in ms. */
export interface TimedAnswer {
	sentAtMs: number;
	receivedAtMs: number;
	dateMs: number | null;
}

/** What Atlas's clock is ahead of ours, in ms, by one answer: it lies between. */
interface Offset {
	minMs: number;
	maxMs: number;
}

/**
 * Estimates Atlas's clock from `Date` headers. A header can be stale, or a proxy's, so it counts only as far as our own
 * clock and the other answers agree (see docs/atlas-cloud-api.md, Clocks).
 */
export class AtlasClock {
	private samples: Offset[] = [];

	/** What the samples say; null after a new one. A search converts many times. */
	private known: { likely: Offset | null; possible: Offset } | null = null;

	/** Adds an answer's `Date` header. @returns its time in ms; null if it cannot be read */
	observe(dateHeader: string | undefined, sentAtMs: number, receivedAtMs: number): number | null {
		const dateMs = Date.parse(dateHeader ?? '');
		if (!Number.isFinite(dateMs)) return null;
		this.samples = [...this.samples, offsetOf(dateMs, sentAtMs, receivedAtMs)].slice(-MAX_SAMPLES);
		this.known = null;
		return dateMs;
	}

	/** Atlas's clock minus ours, in ms: the median of the latest answers; null before the first. */
	get offsetMs(): number | null {
		const sharp = this.samples.filter(({ minMs, maxMs }) => maxMs - minMs <= MAX_SHARP_MS);
		const best = sharp.length > 0 ? sharp : this.samples;
		const sorted = best.map(({ minMs, maxMs }) => (minMs + maxMs) / 2).sort((a, b) => a - b);
		return sorted.length === 0 ? null : sorted[Math.floor((sorted.length - 1) / 2)];
	}

	/** Whether there are enough samples to detect a wrong one, or none at all, so that our own clock has to do. */
	get isSettled(): boolean {
		return this.samples.length === 0 || this.samples.length >= ENOUGH_SAMPLES;
	}

	/** Whether the clock of an answer does not contradict that of the others: a proxy may have kept an old one. */
	isPlausible({ sentAtMs, receivedAtMs, dateMs }: TimedAnswer): boolean {
		const { offsetMs } = this;
		if (dateMs === null || offsetMs === null) return true;
		return isNear(offsetOf(dateMs, sentAtMs, receivedAtMs), offsetMs);
	}

	/** Converts a time on Atlas's clock to ours. */
	toOurClock(atlasMs: number): OurTime {
		this.known ??= this.offsets();
		const { likely, possible } = this.known;
		return { likely: likely && toSpan(atlasMs, likely), possible: toSpan(atlasMs, possible) };
	}

	private offsets(): { likely: Offset | null; possible: Offset } {
		const { offsetMs, samples } = this;
		const own: Offset = { minMs: -SLACK_MS, maxMs: SLACK_MS };
		if (offsetMs === null) return { likely: own, possible: own };
		const share = samples.filter((sample) => isNear(sample, offsetMs)).length / samples.length;
		const isOurs = Math.abs(offsetMs) <= SLACK_MS;
		const isTrusted = isOurs ? share > 0.5 : share >= SHARE_IF_DIFFERENT;
		const likely = isTrusted ? { minMs: offsetMs - SECOND_MS, maxMs: offsetMs + SECOND_MS } : null;
		if (isOurs && likely) return { likely, possible: likely };
		// Where the clocks differ, the header may be a proxy's: then Atlas's clock may be ours, or what any answer says.
		const any = [own, ...samples];
		const minMs = Math.min(...any.map((offset) => offset.minMs));
		const maxMs = Math.max(...any.map((offset) => offset.maxMs));
		return { likely, possible: { minMs, maxMs } };
	}
}

/** An answer's header was written between the request and the answer's arrival. */
function offsetOf(dateMs: number, sentAtMs: number, receivedAtMs: number): Offset {
	return { minMs: dateMs - receivedAtMs, maxMs: dateMs + SECOND_MS - sentAtMs };
}

function isNear({ minMs, maxMs }: Offset, offsetMs: number): boolean {
	return offsetMs > minMs - SLACK_MS && offsetMs < maxMs + SLACK_MS;
}

function toSpan(atlasMs: number, { minMs, maxMs }: Offset): TimeSpan {
	return { fromMs: atlasMs - maxMs, toMs: atlasMs + SECOND_MS - minMs };
}
