import { CancelledError } from '../errors';
import { MAX_SLEEP_MS, pauseMs, throwIfAborted, type CancelSignal, type Clock } from '../time/clock';
import { RateLimiter, type Permit, type WaitLimits } from './rateLimiter';
import { Concurrency } from './concurrency';

/** Whatever other executions hold, each may have so many in flight. */
const MIN_PER_RUN = 2;

/** What was learned of a service is forgotten this long after the last use, in ms: its limits change. */
const MAX_IDLE_MS = 600_000;

/** What one run has in a lane. */
export interface Share {
	inFlight: number;
	/** When it was given its latest turn: a count of the lane's turns. */
	lastTurn: number;
}

/** A purchase that is to be submitted. */
export interface Entry {
	/** Of its run. */
	readonly share: Share;
	/** Those of a run enter in this order. */
	readonly order: number;
	/** Whether it takes one of the places in flight. */
	readonly isCounted: boolean;
	/** Whether the run itself lets it in. */
	readonly mayEnter: boolean;
	/** It has a place now. */
	taken(): void;
}

interface QueuedEntry {
	entry: Entry;
	limits: WaitLimits;
	end: (permit: Permit | null) => void;
}

/**
 * The purchases of one account and model that are under way, in all executions of this process. Each free place goes to
 * the execution that has the fewest in flight.
 */
export class Lane {
	readonly concurrency = new Concurrency();

	/** For the submits of all executions: limits are per account and model (docs/atlas-cloud-api.md, Errors). */
	readonly submits: RateLimiter;

	private readonly waiting = new Set<QueuedEntry>();

	private inFlight = 0;

	private turns = 0;

	private lastUsedMs = 0;

	private isWatching = false;

	private wake = () => {};

	constructor(private readonly clock: Clock) {
		this.submits = new RateLimiter(clock);
	}

	/** Its own clock, in ms: it outlives a run, and so do its times. */
	nowMs(): number {
		return this.clock.nowMs();
	}

	use(): void {
		this.lastUsedMs = this.nowMs();
	}

	get isForgotten(): boolean {
		const isUsed = this.inFlight > 0 || this.waiting.size > 0;
		return !isUsed && this.nowMs() > this.lastUsedMs + MAX_IDLE_MS;
	}

	/**
	 * Waits for a place, and until its submit may leave.
	 * @returns null if that is not within its limits
	 * @throws CancelledError
	 */
	async enter(entry: Entry, limits: WaitLimits, signal: CancelSignal | undefined): Promise<Permit | null> {
		throwIfAborted(signal);
		return await new Promise((resolve, reject) => {
			const onAbort = () => {
				this.waiting.delete(waiting);
				reject(new CancelledError());
			};
			const end = (permit: Permit | null) => {
				this.waiting.delete(waiting);
				signal?.removeEventListener('abort', onAbort);
				resolve(permit);
			};
			const waiting = { entry, limits, end };
			signal?.addEventListener('abort', onAbort, { once: true });
			this.waiting.add(waiting);
			this.serve();
		});
	}

	/** Takes a place, even if there is none left. */
	take(entry: Entry): void {
		const { share, isCounted } = entry;
		share.inFlight++;
		share.lastTurn = ++this.turns;
		if (isCounted) this.inFlight++;
		entry.taken();
	}

	/** Gives a place back. Call {@link serve} when the run has noted it, too. */
	giveBack({ share, isCounted }: Entry): void {
		share.inFlight--;
		if (isCounted) this.inFlight--;
		this.use();
	}

	/** Gives turns to those that may enter now. Call when that may have changed. */
	serve(): void {
		this.concurrency.passed(this.nowMs());
		this.dropLate();
		for (let next = this.next(); next; next = this.next()) {
			const permit = this.submits.tryAcquire();
			if (!permit) break;
			this.take(next.entry);
			next.end(permit);
		}
		this.wake();
		if (!this.isWatching && this.waiting.size > 0) void this.watch();
	}

	private dropLate(): void {
		const nowMs = this.nowMs();
		for (const { limits, end } of this.waiting)
			if (nowMs >= (limits.deadlineMs ?? Infinity) || !this.submits.mayEndPause(limits)) end(null);
	}

	private next(): QueuedEntry | undefined {
		let next: QueuedEntry | undefined;
		for (const one of this.waiting)
			if (this.mayEnter(one.entry) && (!next || isBefore(one.entry, next.entry))) next = one;
		return next;
	}

	private mayEnter({ share, isCounted, mayEnter }: Entry): boolean {
		if (!mayEnter) return false;
		if (!isCounted || this.inFlight < this.concurrency.maxInFlight) return true;
		return share.inFlight < MIN_PER_RUN && this.inFlight < this.concurrency.unrefused;
	}

	/** Looks at the time while somebody waits for it: a refused number is tried again after a while. */
	private async watch(): Promise<void> {
		this.isWatching = true;
		while (this.waiting.size > 0) {
			const waitMs = Math.min(MAX_SLEEP_MS, Math.max(1, this.submits.waitMs));
			const woken = new Promise<void>((resolve) => (this.wake = resolve));
			await pauseMs(this.clock, this.next() ? waitMs : MAX_SLEEP_MS, undefined, woken);
			this.serve();
		}
		this.isWatching = false;
	}
}

function isBefore(one: Entry, other: Entry): boolean {
	if (one.share === other.share) return one.order < other.order;
	const fewer = one.share.inFlight - other.share.inFlight;
	return fewer === 0 ? one.share.lastTurn < other.share.lastTurn : fewer < 0;
}

/**
 * Outlives a run, so that the executions in one process share what they learn, and the service. Holds numbers and
 * hashes, no keys.
 */
const lanes = new Map<string, Lane>();

/**
 * The lane of an account and model.
 * @param account identifies base URL and API key without revealing them
 */
export function laneOf(account: string, model: string, clock: Clock): Lane {
	for (const [key, { isForgotten }] of lanes) if (isForgotten) lanes.delete(key);
	const key = `${account} ${model}`;
	const lane = lanes.get(key) ?? new Lane(clock);
	lanes.set(key, lane);
	lane.use();
	return lane;
}
