import type { CancelSignal } from './cancellation';
import { backoffMs, pauseMs, type Clock } from './clock';

export interface RateLimiterOptions {
	/** Never more requests in any one second than this, whatever goes well. They may leave together. */
	maxPerSecond?: number;
	/** Never more accepted and unfinished at once than this. */
	maxUnderWay?: number;
}

/** How the rate changes: cut by a fifth when refused, a tenth of a request a second more for each that is taken. */
const CUT = 0.8;
const GROWTH_PER_SECOND = 0.1;
const MIN_PER_SECOND = 0.2;
/** Answers outstanding at the start; doubled by each that is taken, so that a limit is met by few requests. */
const FIRST_OUTSTANDING = 4;

/**
 * Finds the pace that Atlas allows one model: it tells limits by nothing but 429, without numbers [D].
 *
 * Two limits look alike from outside. Against a *rate*, a refusal sets the pace to what was taken in the last
 * second, less a fifth, then slowly more. Against a *number at once*, pausing does not help: a request that is
 * refused again after the pause shows it, and fewer are let under way.
 */
export class RateLimiter {
	private perSecond = Infinity;

	private nextMs = 0;

	private closedUntilMs = 0;

	/** Until when the service itself said to keep off. */
	private toldUntilMs = 0;

	/** Refusals in a row, each after the pause of the one before. */
	private refusals = 0;

	private outstanding = 0;

	private maxOutstanding = FIRST_OUTSTANDING;

	private underWay = 0;

	private window: number;

	private takenAtMs: number[] = [];

	/** When the last ones left, as many as may leave in a second. */
	private leftAtMs: number[] = [];

	/** Those who wait go one after another. */
	private tail: Promise<void> = Promise.resolve();

	/** Resolves when something happens that may let the next one go. */
	private changed = signalOnce();

	constructor(
		private readonly clock: Clock,
		private readonly options: RateLimiterOptions = {},
	) {
		this.window = options.maxUnderWay ?? Infinity;
	}

	/** Requests a second that are allowed now. */
	get rate(): number {
		return Math.min(this.perSecond, this.options.maxPerSecond ?? Infinity);
	}

	/**
	 * Waits until one more request may leave. Each turn is to be ended by one of {@link taken}, {@link refused}
	 * and {@link gone}.
	 * @param patience which pauses that the service demands are not waited for
	 * @returns null where there would be such a pause
	 * @throws CancelledError when the signal aborts while waiting
	 */
	async turn(signal: CancelSignal | undefined): Promise<Permit>;
	async turn(signal: CancelSignal | undefined, patience: Patience): Promise<Permit | null>;
	async turn(signal: CancelSignal | undefined, patience: Patience = {}): Promise<Permit | null> {
		const before = this.tail;
		let next = () => {};
		this.tail = new Promise((resolve) => (next = resolve));
		try {
			await before;
			for (let waitMs = this.waitMs(); waitMs > 0; waitMs = this.waitMs()) {
				if (this.isTooLong(patience)) return null;
				await pauseMs(this.clock, waitMs, signal, this.changed.promise);
			}
			const nowMs = this.clock.nowMs();
			this.nextMs = Math.max(nowMs, this.nextMs) + 1_000 / this.perSecond;
			const { maxPerSecond = 0 } = this.options;
			if (maxPerSecond > 0) this.leftAtMs = [...this.leftAtMs, nowMs].slice(-maxPerSecond);
			this.outstanding++;
			return { leftAtMs: nowMs };
		} finally {
			next();
		}
	}

	private isTooLong({ untilMs = Infinity, pauseMs: longestMs = Infinity }: Patience): boolean {
		const opensAtMs = Math.max(this.closedUntilMs, this.nextMs);
		return opensAtMs > untilMs || opensAtMs - this.clock.nowMs() > longestMs;
	}

	private waitMs(): number {
		const nowMs = this.clock.nowMs();
		const isFull =
			this.outstanding >= this.maxOutstanding || this.underWay + this.outstanding >= Math.floor(this.window);
		const isSpent = this.leftAtMs.length === this.options.maxPerSecond;
		const againMs = isSpent ? this.leftAtMs[0] + 1_000 : 0;
		const openMs = Math.max(this.closedUntilMs, this.nextMs, againMs) - nowMs;
		return isFull ? Math.max(openMs, 1_000) : openMs;
	}

	private stir(): void {
		this.changed.resolve();
		this.changed = signalOnce();
	}

	/** The request was taken. What it started counts as under way until {@link finished}, if that is said of it. */
	taken(isUnderWay = false): void {
		const nowMs = this.clock.nowMs();
		this.outstanding--;
		this.refusals = 0;
		if (isUnderWay) this.underWay++;
		this.takenAtMs = [...this.takenAtMs.filter((ms) => ms > nowMs - 1_000), nowMs];
		this.maxOutstanding *= 2;
		this.perSecond += GROWTH_PER_SECOND;
		this.window = Math.min(this.options.maxUnderWay ?? Infinity, this.window + 1 / this.window);
		this.stir();
	}

	/**
	 * The request was refused for coming too soon (429).
	 * @param retryAfterMs what a `Retry-After` said
	 * @returns how long to keep off, in ms
	 */
	refused(turn: Permit, retryAfterMs: number | null): number {
		const nowMs = this.clock.nowMs();
		this.outstanding--;
		// Requests that left before the pause began tell nothing new.
		const isNews = turn.leftAtMs >= this.closedUntilMs;
		if (isNews) {
			const wasTaken = this.takenAtMs.filter((ms) => ms > nowMs - 1_000).length;
			this.perSecond = Math.max(MIN_PER_SECOND, Math.min(this.perSecond, Math.max(1, wasTaken)) * CUT);
			this.maxOutstanding = FIRST_OUTSTANDING;
			if (this.refusals > 0 && this.underWay > 0) this.window = Math.max(1, this.underWay);
			this.refusals++;
			this.closedUntilMs = nowMs + backoffMs(this.refusals - 1, 1_000, 30_000);
			this.nextMs = this.closedUntilMs;
		}
		if (retryAfterMs !== null) {
			this.toldUntilMs = Math.max(this.toldUntilMs, nowMs + retryAfterMs);
			this.closedUntilMs = Math.max(this.closedUntilMs, this.toldUntilMs);
		}
		this.stir();
		return this.closedUntilMs - nowMs;
	}

	/** The request came to nothing that says anything about the pace. */
	gone(): void {
		this.outstanding--;
		this.stir();
	}

	/** Something is under way that an earlier request started: it takes its place without a turn. */
	resumed(): void {
		this.underWay++;
	}

	/** Something that was under way has ended. Where a number at once is the limit, the next may go. */
	finished(): void {
		this.underWay--;
		if (this.refusals > 1)
			this.closedUntilMs = this.nextMs = Math.max(
				this.toldUntilMs,
				Math.min(this.closedUntilMs, this.clock.nowMs()),
			);
		this.stir();
	}
}

/** How long a request waits for its turn while the service demands a pause. Default: as long as it takes. */
export interface Patience {
	/** Our clock, in ms. */
	untilMs?: number;
	/** The longest single pause, in ms. */
	pauseMs?: number;
}

/** One request's permission to leave. */
export interface Permit {
	leftAtMs: number;
}

function signalOnce(): { promise: Promise<void>; resolve: () => void } {
	let resolve = () => {};
	const promise = new Promise<void>((done) => (resolve = done));
	return { promise, resolve };
}
