import { BaselineTimes, quantile, type TimeSource } from './baselineTimes';

export interface AdaptiveConcurrencyOptions {
	/** Never more in flight than this. Unset means that only the service decides. */
	hardLimit?: number;
}

export interface SubmittedAttempt {
	/** Predictions that take the same time share a key: the model and the shape of the request. */
	key: string;
	/** When the submit left; null for one of an earlier execution, whose time tells nothing of this one. */
	sentAtMs: number | null;
	/** When its answer came. */
	nowMs: number;
}

export interface FinishedAttempt {
	nowMs: number;
	succeeded: boolean;
	/** How long the service worked on it, where its record says so. */
	workMs: number | null;
	/** From created to completed, where its record says so. */
	totalMs: number | null;
}

/** What keeps the number in flight from being higher. */
export type ConcurrencyLimit = 'start' | 'service' | 'refusals' | 'option';

interface InFlight {
	baseline: BaselineTimes;
	sentAtMs: number;
	/** Submitted by this execution: its times count. */
	isFresh: boolean;
	acceptedAtMs: number;
	/** How many ran with it, itself included, unless it had to wait. */
	rank: number;
	/** Completions noticed before it was accepted. */
	finishedBefore: number;
	/** Of the baseline: see {@link BaselineTimes}. */
	group: number;
	lastQueuedMs: number | null;
	firstRunningMs: number | null;
}

interface Measurement {
	/** How many wait at the service. */
	queued: number;
	/** How many it runs, with those that travel or are not polled yet. */
	running: number;
	/** How many it works on, where records include the work time; the same as `running` elsewhere. */
	working: number;
	isMeasured: boolean;
}

/** One that did not wait, or hardly. */
interface Unqueued {
	baseline: BaselineTimes;
	rank: number;
	lifeMs: number;
}

interface Sample {
	baseline: BaselineTimes;
	rank: number;
	/** Completions per ms while it was in flight. */
	rate: number;
	/** From its submit until its end was noticed. */
	lifeMs: number;
	/** What is above the baseline in this was spent in the queue. */
	excessMs: number;
	source: TimeSource;
	workMs: number | null;
}

/** Nothing is known of a service at first. This many may be lost to a request that always fails. */
const START = 20;
/** A queue of so many keeps the service busy while a result is noticed and the next request travels. */
const SLACK = 4;
const SLACK_PER_ROOT = 0.5;
/** While the service keeps up, the window follows what is proven to run at once. So many may wait if it is the limit. */
const MAX_GROWTH = 4.5;
const GROWTH_STEP = 70;
/** Where polls show that all of them run, few successes are enough. */
const GROWTH_PER_SUCCESS_SEEN = 35;
/** Without measured waits, jitter can hide a queue, so that a window found once grows less. */
const CAREFUL_GROWTH = 2.5;
/** And a queue that is a smaller share than this of those that run may be jitter. */
const JITTER_SHARE = 0.12;
const MEASURED_JITTER_SHARE = 0.05;
/** How fast the number that is reported follows the measured one. */
const SMOOTHING = 0.1;
/** Where all end together, the first of them have seen few others end: not the mean. */
const RATE_QUANTILE = 0.75;
const MIN_SAMPLES = 8;
const MAX_SAMPLES = 100;
/** Beyond what has ever been accepted, so many submits may be unanswered: refusals stay few. */
const MIN_UNANSWERED = 8;
const UNANSWERED_SHARE = 0.5;
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
/** A poll this early in a prediction's time still tells whether it had to wait. */
const EARLY_SHARE = 0.3;
/** A prediction that took no more than this share longer than the quickest, or the baseline, may not have waited. */
const LIFE_SPREAD = 0.6;
/** Where its wait is measured, it may have been this share of its life. */
const MEASURED_SPREAD = 0.1;
/** Too many that take this much longer than the slowest of those that did not wait are a queue. */
const LATE = 1.1;
const LATE_SHARE = 0.1;

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

	private readonly inFlight = new Map<string, InFlight>();

	private readonly baselines = new Map<string, BaselineTimes>();

	private samples: Sample[] = [];

	private window: number;

	private finishedCount = 0;

	private successes = 0;

	/** The latest that did not wait. */
	private unqueued: Unqueued[] = [];

	/** The shortest of the request shapes' quick lives. */
	private quickLifeMs = Infinity;

	/** Predictions accepted and unfinished at once, at most so far. */
	private accepted = 0;

	/** How many have been seen to run at once. */
	private proven = 0;

	/** The service's number as last measured; null before the first queue. */
	private measured: number | null = null;

	/** The latest number that polls have shown to run at once. */
	private seenRunning = 0;

	/** The measured number without its noise, and the highest value of that. */
	private smoothed = 0;

	/** The longest in flight, until something changes. */
	private first: { count: number; ids: Set<string> } | null = null;

	private measurement: Measurement | null = null;

	/** Ends since the last measurement. */
	private unmeasured = 0;

	private peakRunning = 0;

	private isQueueing = false;

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

	private probed: string | null = null;

	private nowMs = 0;

	constructor({ hardLimit = Infinity }: AdaptiveConcurrencyOptions = {}) {
		this.hardLimit = hardLimit > 0 ? hardLimit : Infinity;
		this.window = START;
	}

	/** How many may be in flight now, unanswered submits included. */
	get maxInFlight(): number {
		const unanswered = Math.max(
			START,
			this.accepted + Math.max(MIN_UNANSWERED, UNANSWERED_SHARE * this.accepted),
		);
		return Math.max(1, Math.floor(Math.min(this.hardLimit, this.window, unanswered, this.maxAccepted)));
	}

	private get maxAccepted(): number {
		if (this.refusedAbove === null) return Infinity;
		const leftMs = this.retryAtMs - this.nowMs;
		// More is left only if the clock was set back: executions that share this may each have their own.
		const mustWait = leftMs > 0 && leftMs <= MAX_RETRY_MS;
		return mustWait ? this.refusedAbove : this.refusedAbove + this.retryStep;
	}

	/** What held the number in flight back, as far as is known. */
	get limitedBy(): ConcurrencyLimit {
		if (this.hardLimit <= Math.min(this.window, this.refusedAbove ?? Infinity)) return 'option';
		if (this.refusedAbove !== null && this.refusedAbove <= this.window) return 'refusals';
		return this.measured !== null ? 'service' : 'start';
	}

	/** About how many ran at once, at most. */
	get peak(): number {
		return this.measured === null ? this.accepted : Math.min(this.accepted, Math.round(this.peakRunning));
	}

	/** How many the service was last measured to run at once for this client; null before the first queue. */
	get numberAtOnce(): number | null {
		return this.measured;
	}

	/** Whether fewer than {@link numberAtOnce} were accepted before this one and are unfinished: it no longer waits. */
	isAmongFirst(id: string): boolean {
		if (this.measured === null || !this.inFlight.has(id)) return true;
		const count = Math.max(1, Math.round(this.measured));
		if (this.first?.count !== count) {
			const ids = [...this.inFlight.keys()].slice(0, count);
			this.first = { count, ids: new Set(ids) };
		}
		return this.first.ids.has(id);
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
		if (this.isQueueing || this.inFlight.size <= this.proven) return null;
		const newest = [...this.inFlight.keys()].at(-1) ?? null;
		const probed = this.probed === null ? undefined : this.inFlight.get(this.probed);
		const isPending = probed && probed.lastQueuedMs === null && probed.firstRunningMs === null;
		if (isPending || newest === null || this.inFlight.size < Math.floor(this.window)) return null;
		return (this.probed = newest);
	}

	/** A submit was accepted. */
	submitted(id: string, { key, sentAtMs, nowMs }: SubmittedAttempt): void {
		this.nowMs = nowMs;
		const rank = this.inFlight.size + 1;
		const endingCount = this.endingCount();
		const baseline = this.baselineOf(key);
		this.inFlight.set(id, {
			baseline,
			sentAtMs: sentAtMs ?? nowMs,
			isFresh: sentAtMs !== null,
			acceptedAtMs: nowMs,
			rank: rank - endingCount,
			finishedBefore: this.finishedCount,
			group: baseline.join(rank),
			lastQueuedMs: null,
			firstRunningMs: null,
		});
		this.first = null;
		this.accepted = Math.max(this.accepted, rank);
		this.refusalsInARow = 0;
		if (this.refusedAbove !== null && rank >= this.refusedAbove + this.retryStep)
			this.liftRefusal(rank, endingCount === 0);
	}

	/** How many in flight may be over, and are only not polled yet. */
	private endingCount(): number {
		let count = 0;
		for (const { sentAtMs, baseline } of this.inFlight.values()) {
			const ageMs = this.nowMs - sentAtMs;
			if (ageMs < this.quickLifeMs) break;
			if (ageMs >= baseline.quickLifeMs) count++;
		}
		return count;
	}

	/**
	 * A submit was refused with 429. Whether for the number at once or for the rate is found out here.
	 * @returns whether it may have been for the number: the rate alone would have allowed it
	 */
	rejected(nowMs: number): boolean {
		this.nowMs = nowMs;
		const count = Math.max(1, this.inFlight.size);
		if (nowMs >= this.lastRefusalMs + FIRST_RETRY_MS / 2) this.refusalsInARow++;
		this.lastRefusalMs = nowMs;
		const isRate = this.recentRank() > count && this.refusalsInARow < MAX_RATE_REFUSALS;
		if (isRate) return false;
		this.noteRefusedNumber(nowMs, count);
		return this.inFlight.size > 0;
	}

	private noteRefusedNumber(nowMs: number, count: number): void {
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

	/** The most that lately ran at once for sure. */
	private recentRank(): number {
		let max = 0;
		for (const { rank } of this.inFlight.values()) max = Math.max(max, rank);
		for (const { rank } of this.samples) max = Math.max(max, rank);
		return max;
	}

	/** One more than was refused before has been accepted: it was the rate, or the service runs more by now. */
	private liftRefusal(rank: number, isCertain: boolean): void {
		this.refusedAbove = rank;
		this.lifts++;
		// One of them may be over and not polled yet: a number that was refused again is left slowly.
		if (isCertain || this.lifts >= MIN_LIFTS) this.confirmed = 0;
		if (this.confirmed > 0) {
			this.retryAtMs = this.nowMs + FIRST_RETRY_MS;
		} else {
			this.retryStep *= 2;
			this.retryDelayMs = FIRST_RETRY_MS;
		}
	}

	/** A poll showed whether a prediction is still waiting or already running. */
	observed(id: string, status: 'queued' | 'running', nowMs: number): void {
		this.nowMs = nowMs;
		const item = this.inFlight.get(id);
		if (!item) return;
		if (status === 'queued') {
			item.lastQueuedMs = nowMs;
			if (id === this.probed) this.isQueueing = true;
			return;
		}
		item.firstRunningMs ??= nowMs;
		const isEarly = nowMs - item.sentAtMs < EARLY_SHARE * item.baseline.quickLifeMs;
		if (item.lastQueuedMs !== null || item.rank < this.proven) return;
		// Late in its time it tells something only if nothing has ended yet that it could have waited for.
		if (!isEarly && item.finishedBefore < this.finishedCount) return;
		this.proven = this.seenRunning = item.rank;
		this.isQueueing = false;
		this.growAsSeen();
	}

	private growAsSeen(): void {
		if (this.isQueueing || this.successes === 0 || this.seenRunning === 0) return;
		const bought = START + GROWTH_PER_SUCCESS_SEEN * this.successes;
		this.window = Math.max(this.window, Math.min(growthCap(this.seenRunning), bought));
	}

	/** A prediction is over, or nobody waits for it any more. */
	finished(id: string, { nowMs, succeeded, workMs, totalMs }: FinishedAttempt): void {
		this.nowMs = nowMs;
		const item = this.inFlight.get(id);
		if (!item) return;
		this.inFlight.delete(id);
		this.first = null;
		this.finishedCount++;
		const { baseline } = item;
		if (!succeeded || !item.isFresh) return baseline.leave(item.group);
		this.successes++;
		const lifeMs = Math.max(1, nowMs - item.sentAtMs);
		const { excessMs, source } = splitLife(item, lifeMs, workMs, totalMs);
		baseline.add(item.group, { lifeMs, excessMs, source });
		this.samples.push({
			baseline,
			rank: item.rank,
			rate: (this.finishedCount - item.finishedBefore) / Math.max(1, nowMs - item.acceptedAtMs),
			lifeMs,
			excessMs,
			source,
			workMs: source === 'record' ? workMs : null,
		});
		const count = Math.min(MAX_SAMPLES, Math.max(MIN_SAMPLES, Math.round(this.window / 2)));
		if (this.samples.length > count) this.samples = this.samples.slice(-count);
		this.quickLifeMs = Infinity;
		for (const { quickLifeMs } of this.baselines.values())
			this.quickLifeMs = Math.min(this.quickLifeMs, quickLifeMs);
		const isMeasured = source !== 'life';
		const waitMs = excessMs - baseline.excessMs(source);
		const mayHaveWaited = waitMs > (isMeasured ? MEASURED_SPREAD * lifeMs : LIFE_SPREAD * (lifeMs - waitMs));
		// Little's law again: one that waited a little has seen a little fewer run.
		const rank = isMeasured ? item.rank * (1 - Math.max(0, waitMs) / lifeMs) : item.rank;
		if (!mayHaveWaited) this.keepUnqueued({ baseline, lifeMs, rank });
		if (this.measured !== null || baseline.isKnown(source)) this.adjust(mayHaveWaited);
		else if (!mayHaveWaited) this.grow(MAX_GROWTH);
		this.growAsSeen();
	}

	private adjust(mayHaveWaited: boolean): void {
		const { queued, running, working, isMeasured } = this.measure();
		const slack = slackFor(running);
		const isMany =
			queued > Math.max(slack / 2, (isMeasured ? MEASURED_JITTER_SHARE : JITTER_SHARE) * running);
		if (this.samples.length >= MIN_SAMPLES && isMany) {
			this.isQueueing = true;
			this.seenRunning = 0;
			this.unqueued = [];
			this.measured = running;
			this.smoothed += (working - this.smoothed) * (this.smoothed === 0 ? 1 : SMOOTHING);
			this.peakRunning = Math.max(this.peakRunning, this.smoothed);
			this.window = running + slack;
			return;
		}
		if (queued > slack / 2 && this.measured !== null) {
			this.window = Math.max(this.window, Math.min(running + slack, growthCap(this.inFlight.size + 1)));
			return;
		}
		if (mayHaveWaited) return;
		this.isQueueing = false;
		this.grow(isMeasured || this.measured === null ? MAX_GROWTH : CAREFUL_GROWTH);
	}

	private keepUnqueued(item: Unqueued): void {
		this.unqueued.push(item);
		while (this.unqueued.length > this.samples.length) this.unqueued.shift();
		this.proven = Math.max(this.proven, Math.round(item.rank));
	}

	/** Whether predictions are late that would have ended by now if they had not waited. */
	private isLate(): boolean {
		const slowest = new Map<BaselineTimes, number>();
		for (const { baseline, lifeMs } of this.unqueued)
			slowest.set(baseline, Math.max(lifeMs, slowest.get(baseline) ?? 0));
		const leastMs = LATE * Math.min(...slowest.values());
		let allowed = Math.max(slackFor(this.inFlight.size), LATE_SHARE * this.inFlight.size);
		for (const { sentAtMs, baseline, isFresh } of this.inFlight.values()) {
			const ageMs = this.nowMs - sentAtMs;
			if (ageMs < leastMs) return false;
			if (isFresh && ageMs >= LATE * (slowest.get(baseline) ?? Infinity) && --allowed < 0) return true;
		}
		return false;
	}

	/** The window follows the highest rank that lately did not wait. Ends come in any order: low ranks may be late. */
	private grow(factor: number): void {
		if (this.unqueued.length === 0 || this.isLate()) return;
		const proven = Math.max(...this.unqueued.map(({ rank }) => rank));
		const earned = this.measured === null ? START + (factor - 1) * this.successes : 0;
		const next = Math.min(Math.max(this.window + factor - 1, earned), growthCap(proven), factor * proven);
		this.window = Math.max(this.window, next);
	}

	/** How many wait and how many run, by Little's law. Computed anew for every tenth of the samples. */
	private measure(): Measurement {
		if (this.measurement && ++this.unmeasured < this.samples.length / 10) return this.measurement;
		this.unmeasured = 0;
		const { samples } = this;
		let waitMs = 0;
		let lifeMs = 0;
		let workMs = 0;
		let measuredCount = 0;
		for (const sample of samples) {
			waitMs += sample.excessMs - sample.baseline.excessMs(sample.source);
			lifeMs += sample.lifeMs;
			workMs += sample.workMs ?? NaN;
			if (sample.source !== 'life') measuredCount++;
		}
		const meanWaitMs = Math.max(0, waitMs / samples.length);
		const rates = samples.map(({ rate }) => rate);
		const rate = quantile(rates, RATE_QUANTILE);
		const running = Math.max(1, rate * (lifeMs / samples.length - meanWaitMs));
		this.measurement = {
			queued: rate * meanWaitMs,
			running,
			working: workMs >= 0 ? Math.max(1, (rate * workMs) / samples.length) : running,
			isMeasured: 2 * measuredCount > samples.length,
		};
		return this.measurement;
	}

	private baselineOf(key: string): BaselineTimes {
		let baseline = this.baselines.get(key);
		if (!baseline) this.baselines.set(key, (baseline = new BaselineTimes()));
		return baseline;
	}
}

function slackFor(running: number): number {
	return SLACK + SLACK_PER_ROOT * Math.sqrt(running);
}

function growthCap(rank: number): number {
	return Math.min(MAX_GROWTH * rank, rank + GROWTH_STEP * Math.cbrt(rank / START));
}

/** The part of a prediction's life that holds its time in the queue. */
function splitLife(
	{ sentAtMs, lastQueuedMs, firstRunningMs }: InFlight,
	lifeMs: number,
	workMs: number | null,
	totalMs: number | null,
): { excessMs: number; source: TimeSource } {
	if (workMs !== null && workMs > 0)
		return { excessMs: Math.max(0, (totalMs ?? lifeMs) - workMs), source: 'record' };
	if (firstRunningMs !== null && lastQueuedMs !== null)
		return { excessMs: (lastQueuedMs + firstRunningMs) / 2 - sentAtMs, source: 'polls' };
	const isSeenEarly = firstRunningMs !== null && firstRunningMs - sentAtMs < EARLY_SHARE * lifeMs;
	if (isSeenEarly) return { excessMs: 0, source: 'polls' };
	return { excessMs: totalMs ?? lifeMs, source: 'life' };
}
