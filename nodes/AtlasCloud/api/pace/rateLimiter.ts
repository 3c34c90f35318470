import { backoffMs, pauseMs, type CancelSignal, type Clock } from '../time/clock';
import { Semaphore } from '../time/semaphore';

/** How long a request waits for a permit while the service asks for a pause. Default: as long as it takes. */
export interface WaitLimits {
	/** Our clock, in ms. */
	deadlineMs?: number;
	/** The longest single pause, in ms. */
	maxPauseMs?: number;
}

/** Permission to send one request. Exactly one of its methods is to be called once the outcome is known. */
export interface Permit {
	/** Our clock, in ms. */
	readonly acquiredAtMs: number;
	/** The service accepted the request. */
	accepted(): void;
	/**
	 * The service rejected the request as too early (429).
	 * @param retryAfterMs its `Retry-After`
	 * @param mayBeNumber whether the service may have meant the number in flight instead of the rate
	 */
	rejected(retryAfterMs: number | null, mayBeNumber?: boolean): void;
	/** The request was not sent, or its outcome says nothing about the rate. */
	released(): void;
}

/** After a rejection the rate is cut by a fifth. Each accepted request adds this many per second, the least there is. */
const CUT = 0.8;
const GROWTH_PER_SECOND = 0.1;

/** No longer pause is believed, in ms: some services put a point in time into `Retry-After`. */
const MAX_PAUSE_MS = 3_600_000;

/** Doubled by each accepted request, so that only a few run into an unknown limit. */
const FIRST_MAX_UNANSWERED = 4;

/**
 * Finds the request rate that Atlas allows. Atlas reports its limits only by answering 429, without numbers (see
 * docs/atlas-cloud-api.md, Errors). A rejection sets the rate to what was accepted within the last second, minus a
 * fifth; from there it grows slowly.
 */
export class RateLimiter {
	private ratePerSecond = Infinity;

	/** Before the first of the latest rejections in a row. */
	private rateBeforeCut = Infinity;

	private cutAtMs = 0;

	/** The most that was ever accepted within one second. */
	private maxAcceptedPerSecond = 0;

	/** Earliest time of the next request by the learned rate. */
	private nextAtMs = 0;

	private pausedUntilMs = 0;

	/** Rejections in a row, each of them after the pause of the one before. */
	private rejectionsInARow = 0;

	private unanswered = 0;

	private maxUnanswered: number;

	private acceptedAtMs: number[] = [];

	/** The latest permits, as many as may be given within one second. */
	private acquiredAtMs: number[] = [];

	/** Those who ask for a permit get one in order. */
	private readonly turn = new Semaphore(1);

	/** Ends the pause of the one whose turn it is. */
	private wake = () => {};

	/**
	 * @param maxPerSecond never more requests than this within one second. They may leave together
	 * @param firstMaxUnanswered at first, and after a rejection; Infinity where a request may take minutes
	 */
	constructor(
		private readonly clock: Clock,
		private readonly maxPerSecond = Infinity,
		private readonly firstMaxUnanswered = FIRST_MAX_UNANSWERED,
	) {
		this.maxUnanswered = firstMaxUnanswered;
	}

	/** Requests per second that are allowed now. */
	get rate(): number {
		return Math.min(this.ratePerSecond, this.maxPerSecond);
	}

	/**
	 * Waits until one more request may be sent.
	 * @returns null if that takes a longer pause than `limits` allow
	 * @throws CancelledError
	 */
	async acquire(signal: CancelSignal | undefined): Promise<Permit>;
	async acquire(signal: CancelSignal | undefined, limits: WaitLimits): Promise<Permit | null>;
	async acquire(signal: CancelSignal | undefined, limits: WaitLimits = {}): Promise<Permit | null> {
		return await this.turn.use(signal, async () => {
			while (this.waitMs > 0) {
				if (!this.mayEndPause(limits)) return null;
				const woken = new Promise<void>((resolve) => (this.wake = resolve));
				await pauseMs(this.clock, this.waitMs, signal, woken);
			}
			return this.createPermit();
		});
	}

	/** @returns null if nothing may be sent now */
	tryAcquire(): Permit | null {
		return this.turn.isFree && this.waitMs <= 0 ? this.createPermit() : null;
	}

	/** How long the next request has to wait, in ms, as far as is known. */
	get waitMs(): number {
		const nowMs = this.clock.nowMs();
		const isFull = this.unanswered >= this.maxUnanswered;
		const isSecondFull = this.acquiredAtMs.length === this.maxPerSecond;
		const nextSecondMs = isSecondFull ? this.acquiredAtMs[0] + 1_000 : 0;
		const waitMs = Math.max(this.pausedUntilMs, this.nextAtMs, nextSecondMs) - nowMs;
		// A full limiter is woken by an answer.
		return isFull ? Math.max(waitMs, 1_000) : waitMs;
	}

	/** Whether the pause that the service asks for ends within these limits. */
	mayEndPause({ deadlineMs = Infinity, maxPauseMs = Infinity }: WaitLimits): boolean {
		const endMs = Math.max(this.pausedUntilMs, this.nextAtMs);
		return endMs <= deadlineMs && endMs - this.clock.nowMs() <= maxPauseMs;
	}

	private createPermit(): Permit {
		const nowMs = this.clock.nowMs();
		this.nextAtMs = Math.max(nowMs, this.nextAtMs) + 1_000 / this.ratePerSecond;
		if (this.maxPerSecond < Infinity)
			this.acquiredAtMs = [...this.acquiredAtMs, nowMs].slice(-this.maxPerSecond);
		this.unanswered++;
		return {
			acquiredAtMs: nowMs,
			accepted: () => this.answered(() => this.onAccepted(nowMs)),
			rejected: (retryAfterMs, mayBeNumber = false) =>
				this.answered(() => this.onRejected(nowMs, retryAfterMs, mayBeNumber)),
			released: () => this.answered(() => {}),
		};
	}

	private answered(learn: () => void): void {
		this.unanswered--;
		learn();
		this.wake();
	}

	private onAccepted(acquiredAtMs: number): void {
		const nowMs = this.clock.nowMs();
		this.rejectionsInARow = 0;
		this.acceptedAtMs = [...this.acceptedWithinASecond(nowMs), nowMs];
		this.maxUnanswered *= 2;
		// One that left before the cut counts for it: its answer only came later.
		if (acquiredAtMs < this.cutAtMs)
			this.ratePerSecond = Math.max(this.ratePerSecond, CUT * this.acceptedAtMs.length);
		this.ratePerSecond += GROWTH_PER_SECOND;
		this.maxAcceptedPerSecond = Math.max(this.maxAcceptedPerSecond, this.acceptedAtMs.length);
	}

	private onRejected(acquiredAtMs: number, retryAfterMs: number | null, mayBeNumber: boolean): void {
		const nowMs = this.clock.nowMs();
		if (mayBeNumber && this.isHardlyRate(nowMs)) this.undoCut();
		// A request that left before the pause began says nothing new.
		else if (acquiredAtMs >= this.pausedUntilMs) this.slowDown(nowMs);
		this.pausedUntilMs = Math.max(this.pausedUntilMs, nowMs + Math.min(retryAfterMs ?? 0, MAX_PAUSE_MS));
	}

	/** Rejected at less than half of a rate that was accepted, or rejected again after a pause. */
	private isHardlyRate(nowMs: number): boolean {
		if (this.rejectionsInARow > 0) return nowMs >= this.pausedUntilMs;
		return this.acceptedWithinASecond(nowMs).length < this.maxAcceptedPerSecond / 2;
	}

	/** The latest cut was made for a rejection that was not for the rate. */
	private undoCut(): void {
		if (this.rejectionsInARow > 0) this.ratePerSecond = this.rateBeforeCut;
		this.nextAtMs = Math.min(this.nextAtMs, this.clock.nowMs());
	}

	private slowDown(nowMs: number): void {
		if (this.rejectionsInARow === 0) this.rateBeforeCut = this.ratePerSecond;
		this.cutAtMs = nowMs;
		const acceptedPerSecond = Math.max(1, this.acceptedWithinASecond(nowMs).length);
		this.ratePerSecond = Math.max(GROWTH_PER_SECOND, Math.min(this.ratePerSecond, acceptedPerSecond) * CUT);
		this.maxUnanswered = this.firstMaxUnanswered;
		this.pausedUntilMs = this.nextAtMs = nowMs + backoffMs(this.rejectionsInARow, 1_000, 30_000);
		this.rejectionsInARow++;
	}

	private acceptedWithinASecond(nowMs: number): number[] {
		return this.acceptedAtMs.filter((ms) => ms > nowMs - 1_000);
	}
}
