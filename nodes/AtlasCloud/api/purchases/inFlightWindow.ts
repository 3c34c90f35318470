import { AdaptiveConcurrency } from '../flow/adaptiveConcurrency';
import { Semaphore } from '../time/semaphore';
import { progressOf } from '../predictions/prediction';

/** The predictions in flight of one account and model, and how many of them there may be. */
export class InFlightWindow {
	readonly control = new AdaptiveConcurrency();

	readonly places = new Semaphore(() => this.control.maxInFlight);

	private readonly seen = new Set<'queued' | 'running'>();

	/** Call after each event, and now and then while somebody waits: a refused number is tried again after a while. */
	update(nowMs: number): void {
		this.control.passed(nowMs);
		this.places.recheck();
	}

	/**
	 * A poll found the prediction in progress.
	 * @returns whether it certainly waits
	 */
	observed(id: string, rawStatus: string | null, nowMs: number): boolean {
		const progress = progressOf(rawStatus);
		if (progress) this.seen.add(progress);
		// A service that has one word for both tells nothing about its queue.
		if (progress === null || this.seen.size < 2) {
			this.control.polled(id, nowMs);
			return false;
		}
		this.control.observed(id, progress, nowMs);
		this.places.recheck();
		return progress === 'queued';
	}
}

/** What was learned of a service is forgotten this long after the last use, in ms: its limits change. */
const MAX_IDLE_MS = 600_000;

interface Entry {
	window: InFlightWindow;
	usedAtMs: number;
}

/**
 * Outlives a run, so that the executions in one process share what they learn, and the service, fairly: each has only
 * a few purchases waiting for a place at a time. It holds numbers, prediction IDs in flight, and hashes; no keys.
 */
const entries = new Map<string, Entry>();

/**
 * The window of an account and model. Limits are per account and per model (docs/atlas-cloud-api.md, Errors).
 * @param account identifies base URL and API key without revealing them
 * @param nowMs our clock
 */
export function inFlightWindowOf(account: string, model: string, nowMs: number): InFlightWindow {
	const key = `${account} ${model}`;
	dropIdle(nowMs);
	const entry = entries.get(key) ?? { window: new InFlightWindow(), usedAtMs: nowMs };
	entry.usedAtMs = nowMs;
	entries.set(key, entry);
	return entry.window;
}

/** One that was used in the future was used before the clock was set back. */
function dropIdle(nowMs: number): void {
	for (const [key, { window, usedAtMs }] of entries) {
		const isOld = nowMs < usedAtMs || nowMs > usedAtMs + MAX_IDLE_MS;
		if (isOld && window.places.inUse === 0) entries.delete(key);
	}
}
