import type { TokenBucket } from './types';

/** A token bucket that fills up with the sandbox's clock. A refused call takes nothing. */
export class RateLimit {
	private tokens: number;
	private filledAtMs: number;

	constructor(
		private readonly bucket: TokenBucket,
		private readonly nowMs: () => number,
	) {
		this.tokens = bucket.burst;
		this.filledAtMs = nowMs();
	}

	take(): boolean {
		const now = this.nowMs();
		const earned = (Math.max(0, now - this.filledAtMs) / 1000) * this.bucket.perSecond;
		this.tokens = Math.min(this.bucket.burst, this.tokens + earned);
		this.filledAtMs = now;
		if (this.tokens < 1) return false;
		this.tokens -= 1;
		return true;
	}
}
