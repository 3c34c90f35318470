import { ConcurrencyWindow, START } from './concurrencyWindow';
import { PredictionsInFlight, type SubmittedAttempt } from './predictionsInFlight';
import { isEarly, QueueMeasurement, sampleOf, type FinishedAttempt } from './queueMeasurement';
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
 * Slow start as long as predictions come back without waiting. Once they wait, Little's law tells the number: the
 * rate of completions times the time that one takes without a queue. A few more than that may be in flight. Several
 * clients that each keep such a small queue of their own end up with equal shares, as in TCP Vegas and FAST TCP.
 *
 * Knows no timers: all times come with the calls.
 */
export class AdaptiveConcurrency {
	private readonly hardLimit: number;

	private readonly inFlight = new PredictionsInFlight();

	private readonly measurement = new QueueMeasurement();

	private readonly window = new ConcurrencyWindow(this.inFlight, this.measurement);

	private readonly refusedNumber = new RefusedNumber();

	/** The prediction that {@link takeProbe} returned last. */
	private probed: string | null = null;

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

	/** What held the number in flight back, as far as is known. */
	get limitedBy(): ConcurrencyLimit {
		const window = this.window.size;
		const refused = this.refusedNumber.value;
		if (this.hardLimit <= Math.min(window, refused ?? Infinity)) return 'option';
		if (refused !== null && refused <= window) return 'refusals';
		return this.numberAtOnce === null ? 'start' : 'service';
	}

	/** About how many ran at once, at most. */
	get peak(): number {
		const accepted = this.inFlight.maxCount;
		return this.numberAtOnce === null ? accepted : Math.min(accepted, Math.round(this.window.peakRunning));
	}

	/** How many the service was last measured to run at once for this client; null before the first queue. */
	get numberAtOnce(): number | null {
		return this.window.numberAtOnce;
	}

	/** Whether fewer than {@link numberAtOnce} were accepted before this one and are unfinished: it no longer waits. */
	isAmongFirst(id: string): boolean {
		const { numberAtOnce } = this;
		if (numberAtOnce === null || !this.inFlight.has(id)) return true;
		return this.inFlight.isAmongFirst(id, Math.max(1, Math.round(numberAtOnce)));
	}

	/** Time has passed. A refused number is tried again after a while. */
	passed(nowMs: number): void {
		this.nowMs = nowMs;
	}

	/**
	 * The prediction whose status would tell most now, or null. Worth one early poll, half a second after its submit,
	 * where the service distinguishes queued from running.
	 */
	takeProbe(): string | null {
		const { inFlight, window } = this;
		if (window.isQueueing || inFlight.count <= window.proven) return null;
		const newest = inFlight.newestId;
		if (this.isProbePending() || newest === null || inFlight.count < Math.floor(window.size)) return null;
		return (this.probed = newest);
	}

	private isProbePending(): boolean {
		const probed = this.probed === null ? undefined : this.inFlight.get(this.probed);
		return probed !== undefined && probed.lastQueuedMs === null && probed.firstRunningMs === null;
	}

	/** A submit was accepted. */
	submitted(id: string, attempt: SubmittedAttempt): void {
		this.nowMs = attempt.nowMs;
		const count = this.inFlight.count + 1;
		const { rank } = this.inFlight.add(id, attempt);
		this.refusedNumber.accepted(this.nowMs, count, rank === count);
	}

	/**
	 * A submit was refused with 429. Whether for the number at once or for the rate is found out here.
	 * @returns whether it may have been for the number: the rate alone would have allowed it
	 */
	rejected(nowMs: number): boolean {
		this.nowMs = nowMs;
		const { count } = this.inFlight;
		const recentCount = Math.max(this.inFlight.maxRank, this.measurement.maxRank);
		return this.refusedNumber.refused(nowMs, Math.max(1, count), recentCount) && count > 0;
	}

	/** A poll showed whether a prediction is still waiting or already running. */
	observed(id: string, status: 'queued' | 'running', nowMs: number): void {
		this.nowMs = nowMs;
		const prediction = this.inFlight.observed(id, status, nowMs);
		if (!prediction) return;
		if (status === 'queued') {
			if (id === this.probed) this.window.sawQueue();
			return;
		}
		const { rank, lastQueuedMs, sentAtMs, baseline, finishedBefore } = prediction;
		if (lastQueuedMs !== null || rank < this.window.proven) return;
		// Late in its time it tells something only if nothing has ended yet that it could have waited for.
		const hasAnyEnded = finishedBefore < this.inFlight.finishedCount;
		if (hasAnyEnded && !isEarly(nowMs - sentAtMs, baseline.quickLifeMs)) return;
		this.window.sawRunning(rank);
	}

	/** A prediction is over, or nobody waits for it any more. */
	finished(id: string, attempt: FinishedAttempt): void {
		this.nowMs = attempt.nowMs;
		const prediction = this.inFlight.remove(id);
		if (!prediction) return;
		const { baseline, group, isFresh } = prediction;
		if (!attempt.succeeded || !isFresh) return baseline.leave(group);
		const sample = sampleOf(prediction, attempt, this.inFlight.finishedCount);
		baseline.add(group, sample);
		this.measurement.add(sample, this.window.size);
		this.window.succeeded(sample, attempt.nowMs);
	}
}
