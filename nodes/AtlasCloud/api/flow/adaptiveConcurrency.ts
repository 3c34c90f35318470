import { ConcurrencyWindow, START } from './concurrencyWindow';
import { FoundNumber } from './foundNumber';
import { PredictionsInFlight, type SubmittedAttempt } from './predictionsInFlight';
import { isEarly, QueueMeasurement, sampleOf, type FinishedAttempt } from './queueMeasurement';
import { QueueProbes, type Probe } from './queueProbes';
import { RefusedNumber } from './refusedNumber';

export interface AdaptiveConcurrencyOptions {
	/** Never more in flight than this. Unset means that only the service decides. */
	hardLimit?: number;
}

/** What keeps the number in flight from being higher. */
export type ConcurrencyLimit = 'start' | 'service' | 'refusals' | 'option';

/** Beyond what has ever been accepted, so many submits may be unanswered: refusals stay few. */
const MIN_UNANSWERED = 8;
const UNANSWERED_SHARE = 0.5;

/**
 * Finds out how many predictions a service runs at once. Keep one per account and model, because limits are per
 * account and per model (docs/atlas-cloud-api.md). Request shapes share its window, but each has its own baseline times.
 *
 * Slow start as long as predictions come back without waiting. Once they wait, polls find the number where the service
 * distinguishes queued from running, see {@link QueueProbes}. Little's law tells it elsewhere: the rate of completions
 * times the time that one takes without a queue. A few more than that may be in flight. Several
 * clients that each keep such a small queue of their own end up with equal shares, as in TCP Vegas and FAST TCP.
 *
 * Knows no timers: all times come with the calls.
 */
export class AdaptiveConcurrency {
	private readonly hardLimit: number;

	private readonly inFlight = new PredictionsInFlight();

	private readonly measurement = new QueueMeasurement();

	private readonly foundNumber = new FoundNumber();

	private readonly window = new ConcurrencyWindow(this.inFlight, this.measurement, this.foundNumber);

	private readonly refusedNumber = new RefusedNumber();

	private readonly probes = new QueueProbes(this.inFlight, this.window, this.foundNumber);

	/** When places became free that nobody has taken yet, as far as is known. Ascending. */
	private freedAtMs: number[] = [];

	private lastFreedMs: number | null = null;

	private nowMs = 0;

	constructor({ hardLimit = Infinity }: AdaptiveConcurrencyOptions = {}) {
		this.hardLimit = hardLimit > 0 ? hardLimit : Infinity;
	}

	/** How many may be in flight now, unanswered submits included. */
	get maxInFlight(): number {
		const accepted = this.inFlight.maxCount;
		const unanswered = Math.max(START, accepted + Math.max(MIN_UNANSWERED, UNANSWERED_SHARE * accepted));
		const unrefused = this.refusedNumber.maxInFlight(this.nowMs);
		return Math.max(1, Math.floor(Math.min(this.hardLimit, this.window.size, unanswered, unrefused)));
	}

	/** Accepted and not known to be over. */
	get inFlightCount(): number {
		return this.inFlight.count;
	}

	/** What held the number in flight back, as far as is known. */
	get limitedBy(): ConcurrencyLimit {
		const window = this.window.size;
		const refused = this.refusedNumber.value;
		if (this.hardLimit <= Math.min(window, refused ?? Infinity)) return 'option';
		if (refused !== null && refused <= window) return 'refusals';
		return this.window.numberAtOnce === null ? 'start' : 'service';
	}

	/** About how many ran at once, at most. */
	get peak(): number {
		const accepted = this.inFlight.maxCount;
		return this.window.numberAtOnce === null
			? accepted
			: Math.min(accepted, Math.round(this.window.peakRunning));
	}

	/** How many the service runs at once for this client, as polls found or as it was measured; null before the first queue. */
	get numberAtOnce(): number | null {
		return this.window.numberAtOnce;
	}

	/**
	 * Whether a prediction no longer waits: fewer than {@link numberAtOnce} were accepted before it and are unfinished, or
	 * a poll has seen it run.
	 */
	hasBegun(id: string): boolean {
		const { numberAtOnce } = this;
		const prediction = this.inFlight.get(id);
		if (numberAtOnce === null || !prediction || prediction.firstRunningMs !== null) return true;
		return this.inFlight.isAmongFirst(id, Math.max(1, Math.round(numberAtOnce)));
	}

	/** When a prediction that no longer waits began, about: when one before it ended. */
	takeStartMs(nowMs: number): number {
		return this.freedAtMs.shift() ?? this.lastFreedMs ?? nowMs;
	}

	/** Time has passed. A refused number is tried again after a while. */
	passed(nowMs: number): void {
		this.nowMs = nowMs;
	}

	/**
	 * The prediction whose status would tell most now, or null: where the service distinguishes queued from running, it
	 * is worth a poll.
	 */
	get probe(): Probe | null {
		return this.probes.next;
	}

	/** A poll told nothing of the queue. */
	polled(id: string, nowMs: number): void {
		this.probes.polled(id, nowMs);
	}

	/** A submit was accepted. */
	submitted(id: string, attempt: SubmittedAttempt): void {
		this.nowMs = attempt.nowMs;
		const count = this.inFlight.count + 1;
		const prediction = this.inFlight.add(id, attempt);
		this.refusedNumber.accepted(this.nowMs, count, prediction.rank === count);
		this.probes.submitted(id, prediction, this.nowMs);
	}

	/**
	 * A submit was refused with 429. Whether for the number at once or for the rate is found out here.
	 * @param unanswered other submits that left and have no answer yet: they may be in flight, too
	 * @returns whether it may have been for the number: the rate alone would have allowed it
	 */
	rejected(nowMs: number, unanswered = 0): boolean {
		this.nowMs = nowMs;
		const { count } = this.inFlight;
		const isLessThanLately = Math.max(this.inFlight.maxRank, this.measurement.maxRank) > count + unanswered;
		return this.refusedNumber.refused(nowMs, Math.max(1, count), isLessThanLately) && count > 0;
	}

	/** A poll showed whether a prediction is still waiting or already running. */
	observed(id: string, status: 'queued' | 'running', nowMs: number): void {
		this.nowMs = nowMs;
		const prediction = this.inFlight.observed(id, status, nowMs);
		if (!prediction) return;
		const { rank, lastQueuedMs, sentAtMs, baseline, finishedBefore, isFresh } = prediction;
		const ageMs = nowMs - sentAtMs;
		if (status === 'queued') return this.probes.sawQueued(id, prediction, nowMs);
		const hasWaited = lastQueuedMs !== null && baseline.isQueuedAt(lastQueuedMs - sentAtMs);
		if (isFresh) baseline.sawRunning(ageMs);
		// Late in its time it tells something only if there is nothing that it could have waited for.
		const mayHaveWaited = this.window.isQueueing || finishedBefore < this.inFlight.finishedCount;
		const { quickLifeMs } = this.inFlight;
		const isEarlyEnough = quickLifeMs < Infinity && isEarly(ageMs, quickLifeMs);
		const isTelling = isFresh && !hasWaited && (!mayHaveWaited || isEarlyEnough);
		if (isTelling && rank >= this.window.proven) this.window.sawRunning(rank);
		this.probes.told(id, nowMs);
	}

	/** A prediction is over, or nobody waits for it any more. */
	finished(id: string, attempt: FinishedAttempt): void {
		this.nowMs = attempt.nowMs;
		const prediction = this.inFlight.remove(id);
		if (!prediction) return;
		const { baseline, group, isFresh } = prediction;
		this.probes.told(id, this.nowMs);
		this.noteFreed(attempt.totalMs === null ? attempt.nowMs : prediction.sentAtMs + attempt.totalMs);
		if (!attempt.succeeded || !isFresh) return baseline.leave(group);
		const sample = sampleOf(prediction, attempt, this.inFlight.finishedCount);
		baseline.add(group, sample);
		this.measurement.add(sample, this.window.size);
		this.window.succeeded(sample, attempt.nowMs);
	}

	/** Keeps when a place became free for one that waits: its end may have been noticed later. */
	private noteFreed(atMs: number): void {
		const hadWaiting = this.inFlight.count + 1 > Math.round(this.numberAtOnce ?? Infinity);
		this.lastFreedMs = Math.min(atMs, this.nowMs);
		this.freedAtMs = hadWaiting ? [...this.freedAtMs, this.lastFreedMs].sort((a, b) => a - b) : [];
	}
}
