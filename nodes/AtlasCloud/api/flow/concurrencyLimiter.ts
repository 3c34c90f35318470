/**
 * Finds out how many accepted requests may be in flight at once: accepted, and what they started not yet finished.
 * Atlas publishes no such limit. It shows when a request is rejected even after the pause that a rate limit asks for.
 */
export class ConcurrencyLimiter {
	private inFlight = 0;

	private limit: number;

	/** @param max never more than this in flight, however well it goes */
	constructor(private readonly max: number) {
		this.limit = max;
	}

	/** Whether one more request may be sent while this many others are still unanswered. */
	hasRoom(unanswered: number): boolean {
		return this.inFlight + unanswered < Math.floor(this.limit);
	}

	/** A request was accepted and is now in flight. The limit grows by one for every `limit` requests accepted. */
	accepted(): void {
		this.inFlight++;
		this.limit = Math.min(this.max, this.limit + 1 / this.limit);
	}

	/** A request was rejected, even though it was sent after a pause. */
	rejectedAfterPause(): void {
		if (this.inFlight > 0) this.limit = this.inFlight;
	}

	/** Something that an earlier request started is still in flight. */
	resumed(): void {
		this.inFlight++;
	}

	/** Something in flight has finished. */
	finished(): void {
		this.inFlight--;
	}
}
