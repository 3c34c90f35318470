import type { ConcurrencyWindow } from './concurrencyWindow';
import type { FoundNumber } from './foundNumber';
import type { PredictionInFlight, PredictionsInFlight } from './predictionsInFlight';

/** A prediction whose status would tell where the queue begins. */
export interface Probe {
	id: string;
	/** Our clock, in ms: when to poll it. */
	atMs: number;
}

/** At this age, in ms, one that runs is no longer called queued. */
const RUNNING_AFTER_MS = 500;

/** While that is not known, the pause between two polls of a probe. Each is as long as all before. */
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

	private isSearching = false;

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
		const isSought = isProbe && (this.isSearching || !this.window.isQueueing);
		if (isSought || this.foundNumber.isNews(this.inFlight.positionOf(id))) this.search(nowMs);
	}

	/** A poll found it running, it is over, or nobody waits for it any more. */
	told(id: string, nowMs: number): void {
		if (this.probe?.id !== id) return;
		this.probe = null;
		if (this.isSearching) this.search(nowMs);
	}

	/** The next probe is in the middle between the last one that runs and the first one that waits. */
	private search(nowMs: number): void {
		const all = [...this.inFlight.entries()];
		const from = 1 + all.findLastIndex(([, { firstRunningMs }]) => firstRunningMs !== null);
		const to = all.findIndex(([, prediction], index) => index >= from && isWaiting(prediction));
		this.isSearching = to - from > Math.max(1, TOLERANCE * from);
		this.probe = this.isSearching ? { id: all[(from + to) >> 1][0], atMs: nowMs } : null;
		// The queue may be gone in the meantime.
		if (to === -1) return;
		this.window.sawQueue();
		if (!this.isSearching) this.window.found(Math.max(1, from));
	}
}

/** Whether the last poll found it waiting for others. */
function isWaiting({ firstRunningMs, lastQueuedMs, sentAtMs, baseline }: PredictionInFlight): boolean {
	return firstRunningMs === null && lastQueuedMs !== null && baseline.isQueuedAt(lastQueuedMs - sentAtMs);
}
