/** A refused number is tried again after this, in ms, and when refused again, after three times that. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 10_000;

/** So near to the last refused number, a submit is refused for the number, not for the rate. */
const NEAR = 0.1;

/** So many accepted beyond it, it was not the number. */
const MANY = 8;

/** The number in flight above which a service answers 429. */
export class Refusals {
	private refusedAbove: number | null = null;

	private lastRefused: number | null = null;

	private retryAtMs = 0;

	private retryDelayMs = FIRST_RETRY_MS;

	/** So many more than were refused may be tried: doubled by each that is accepted. */
	private retryStep = 1;

	/** Infinite while nothing was refused. */
	get number(): number {
		return this.refusedAbove ?? Infinity;
	}

	/** How many may be in flight now: a refused number is tried again after a while. */
	maxInFlight(nowMs: number): number {
		return this.number + (nowMs >= this.retryAtMs ? this.retryStep : 0);
	}

	/** One was accepted. @param rank how many were in flight with it, itself included */
	accepted(rank: number, nowMs: number): void {
		if (rank <= this.number || this.refusedAbove === null) return;
		this.refusedAbove = rank;
		// One that left before the refusal was known proves nothing.
		if (nowMs < this.retryAtMs) return;
		this.retryStep *= 2;
		this.retryAtMs = nowMs + FIRST_RETRY_MS;
	}

	/**
	 * A submit was refused. The first is taken for the number in flight. If the next comes at another number, it was the
	 * rate.
	 * @param count how many were in flight
	 * @returns whether it was for the number
	 */
	refused(count: number, nowMs: number): boolean {
		const last = this.lastRefused ?? count;
		const isAgain = Math.abs(count - last) <= NEAR * last + 1 && this.retryStep < MANY;
		const isLess = this.refusedAbove !== null && count < this.refusedAbove;
		// Others left before the first refusal was known.
		if (nowMs >= this.retryAtMs) {
			const isFirst = this.lastRefused === null;
			this.retryDelayMs =
				isAgain && !isFirst ? Math.min(MAX_RETRY_MS, 3 * this.retryDelayMs) : FIRST_RETRY_MS;
			this.retryAtMs = nowMs + this.retryDelayMs;
			this.retryStep = 1;
			this.lastRefused = count;
			this.refusedAbove = isAgain ? count : null;
		}
		if (isLess) this.refusedAbove = count;
		return isAgain || isLess;
	}
}
