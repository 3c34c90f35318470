import type { ConcurrencyWindow } from './concurrencyWindow';
import type { FoundNumber } from './foundNumber';
import type { PredictionInFlight, PredictionsInFlight } from './predictionsInFlight';

/** A prediction whose status would tell where the queue begins. */
export interface Probe {
	id: string;
	/** Our clock, in ms: when to poll it. */
	atMs: number;
}

/** At this age, in ms, one that runs is usually no longer called queued. */
const RUNNING_AFTER_MS = 500;

/** While that is not known, a probe is polled again after this, in ms, and after twice its age from then on. */
const MIN_PAUSE_MS = 100;

/** Where the queue begins is found out to this share of what runs. */
const TOLERANCE = 0.04;

/**
 * Finds out by polls how many predictions run at once, where a service distinguishes queued from running. First the
 * newest one is asked whether it waits. If it does, the queue begins somewhere before it: as predictions begin in the
 * order of their submits, a binary search finds where.
 */
export class QueueProbes {
	private probe: Probe | null = null;

	/** Our clock, in ms; null while there is no search. */
	private searchingSinceMs: number | null = null;

	/** Submits since the last one that was probed. */
	private unprobed = 0;

	constructor(
		private readonly inFlight: PredictionsInFlight,
		private readonly window: ConcurrencyWindow,
		private readonly foundNumber: FoundNumber,
	) {}

	/** The prediction whose status would tell most, or null. */
	get next(): Probe | null {
		return this.probe;
	}

	/**
	 * A submit was accepted. Once as many are in flight as may be, the newest one tells whether there may be more. While
	 * there is a queue, it is asked now and then, because the number at once can rise.
	 */
	submitted(id: string, { sentAtMs, baseline }: PredictionInFlight, nowMs: number): void {
		const { inFlight, window } = this;
		this.unprobed++;
		if (this.probe || inFlight.count < Math.floor(window.size)) return;
		if (window.isQueueing ? this.unprobed < window.size : inFlight.count <= window.proven) return;
		this.unprobed = 0;
		this.probe = { id, atMs: baseline.hasSeenRunning ? sentAtMs + RUNNING_AFTER_MS : nowMs };
	}

	/** A poll told nothing: so far the service has used one word for all of them. */
	polled(id: string, nowMs: number): void {
		if (this.probe?.id !== id) return;
		const ageMs = nowMs - (this.inFlight.get(id)?.sentAtMs ?? nowMs);
		this.probe = { id, atMs: nowMs + Math.max(MIN_PAUSE_MS, ageMs) };
	}

	/** A poll found it queued. */
	sawQueued(id: string, prediction: PredictionInFlight, nowMs: number): void {
		const { baseline, sentAtMs } = prediction;
		const isProbe = this.probe?.id === id;
		if (!isWaiting(prediction)) {
			if (!baseline.hasSeenRunning) this.polled(id, nowMs);
			else if (isProbe) this.probe = { id, atMs: sentAtMs + baseline.queuedFromMs };
			return;
		}
		if (isProbe) this.probe = null;
		if (isProbe || this.foundNumber.isNews(this.inFlight.positionOf(id))) this.search(nowMs);
	}

	/** A poll found it running, it is over, or nobody waits for it any more. */
	told(id: string, nowMs: number): void {
		if (this.probe?.id !== id) return;
		this.probe = null;
		if (this.searchingSinceMs !== null) this.search(nowMs);
	}

	/** The next probe is in the middle between the last one that runs and the first one that waits. */
	private search(nowMs: number): void {
		const sinceMs = (this.searchingSinceMs ??= nowMs);
		// Those of an earlier execution were submitted before all others.
		const all = [...this.inFlight.entries()].filter(([, { isFresh }]) => isFresh);
		const from = 1 + all.findLastIndex(([, { firstRunningMs }]) => firstRunningMs !== null);
		const to = all.findIndex(([, prediction]) => isWaiting(prediction, sinceMs));
		const isFound = to - from <= Math.max(1, TOLERANCE * from);
		this.probe = isFound ? null : { id: all[(from + to) >> 1][0], atMs: nowMs };
		if (isFound) this.searchingSinceMs = null;
		// The queue may be gone in the meantime, or the service may keep another order.
		if (to < from) return;
		this.window.sawQueue();
		if (isFound) this.window.found(Math.max(1, from + this.inFlight.count - all.length));
	}
}

/** Whether a poll has found it waiting for others since then. */
function isWaiting(
	{ firstRunningMs, lastQueuedMs, sentAtMs, baseline }: PredictionInFlight,
	sinceMs = -Infinity,
): boolean {
	if (firstRunningMs !== null || lastQueuedMs === null || lastQueuedMs < sinceMs) return false;
	return baseline.isQueuedAt(lastQueuedMs - sentAtMs);
}
