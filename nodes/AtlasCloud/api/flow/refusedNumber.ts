/** A refused number is tried again after this, and each time it is refused again, later. */
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 10_000;
const RETRY_FACTOR = 3;
/** What is refused at about the same number again is refused for the number. */
const NEARLY = 0.9;
/** So many accepted beyond it, one after another, are no accident. */
const MIN_LIFTS = 4;
/** Refused though more ran before, it is the rate; but not that often in a row. */
const MAX_RATE_REFUSALS = 3;

/** The number in flight above which the service answers 429, and when a few more are tried again. */
export class RefusedNumber {
	private refusedAbove: number | null = null;

	private retryAtMs = 0;

	private retryDelayMs = FIRST_RETRY_MS;

	private lastRefusalMs = -Infinity;

	private refusalsInARow = 0;

	/** How often more than the refused number has been accepted since. */
	private lifts = 0;

	/** How often the same number was refused again. */
	private confirmed = 0;

	/** Submits beyond a refused number that may be tried together. */
	private retryStep = 1;

	/** So many were accepted, and one more was refused; null if none was. */
	get value(): number | null {
		return this.refusedAbove;
	}

	/** How many may be in flight now. Infinite while nothing was refused. */
	maxInFlight(nowMs: number): number {
		if (this.refusedAbove === null) return Infinity;
		const leftMs = this.retryAtMs - nowMs;
		// More is left only if the clock was set back: executions that share this may each have their own.
		const mustWait = leftMs > 0 && leftMs <= MAX_RETRY_MS;
		return mustWait ? this.refusedAbove : this.refusedAbove + this.retryStep;
	}

	/**
	 * A submit was refused. Whether for the number at once or for the rate is found out here.
	 * @param count how many were in flight
	 * @param isLessThanLately whether more ran at once lately, for sure
	 * @returns whether it was for the number
	 */
	refused(nowMs: number, count: number, isLessThanLately: boolean): boolean {
		if (nowMs >= this.lastRefusalMs + FIRST_RETRY_MS / 2) this.refusalsInARow++;
		this.lastRefusalMs = nowMs;
		const isRate = isLessThanLately && this.refusalsInARow < MAX_RATE_REFUSALS;
		if (isRate) return false;
		this.noteNumber(nowMs, count);
		return true;
	}

	private noteNumber(nowMs: number, count: number): void {
		const isNews = this.refusedAbove === null || nowMs >= this.retryAtMs || this.lifts > 0;
		const isAgain = this.refusedAbove !== null && count >= NEARLY * this.refusedAbove - 1;
		this.refusedAbove = Math.min(count, this.refusedAbove ?? count);
		// Others left before the first refusal was known.
		if (!isNews) return;
		if (isAgain) {
			this.confirmed++;
			this.retryDelayMs = Math.min(MAX_RETRY_MS, RETRY_FACTOR * this.retryDelayMs);
		}
		this.lifts = 0;
		this.retryStep = 1;
		this.retryAtMs = nowMs + this.retryDelayMs;
	}

	/**
	 * A submit was accepted.
	 * @param count how many are in flight with it
	 * @param isCertain whether none of them may be over and not polled yet
	 */
	accepted(nowMs: number, count: number, isCertain: boolean): void {
		this.refusalsInARow = 0;
		if (this.refusedAbove === null || count < this.refusedAbove + this.retryStep) return;
		this.lift(nowMs, count, isCertain);
	}

	/** More than was refused before has been accepted: it was the rate, or the service runs more by now. */
	private lift(nowMs: number, count: number, isCertain: boolean): void {
		this.refusedAbove = count;
		this.lifts++;
		// A number that was refused again is left slowly.
		if (isCertain || this.lifts >= MIN_LIFTS) this.confirmed = 0;
		if (this.confirmed > 0) {
			this.retryAtMs = nowMs + FIRST_RETRY_MS;
		} else {
			this.retryStep *= 2;
			this.retryDelayMs = FIRST_RETRY_MS;
		}
	}
}
