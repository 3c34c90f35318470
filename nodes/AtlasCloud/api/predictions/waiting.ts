import type { CancelSignal } from '../time/clock';
import type { Exchange } from '../http/answer';
import type { AtlasClient } from '../http/client';
import { unreachableError } from './errors';
import type { Prediction } from './prediction';

/** A prediction to wait for. */
export interface Wait {
	id: string;
	/** Empty if it is not known. */
	model: string;
	/** Requests of a model that share it take about the same time. Empty if it is not known. */
	shape: string;
	/** When it was submitted, on our clock, in ms; null for a bare ID, which may have ended long ago: it is polled now. */
	sentAtMs: number | null;
	/** Until when it may not be visible yet, on our clock, in ms. */
	visibleByMs: number;
	/** When to stop waiting, even if it is still in progress. */
	deadlineMs: number;
	signal: CancelSignal | undefined;
	/** Whether it waits in the service's queue, as far as is known. */
	isQueued?: () => boolean;
}

/** The run that waits. */
export interface WaitingRun {
	client: AtlasClient;
	notice: (message: string) => void;
	/** The waiter's clock minus the run's, in ms. */
	shiftMs: number;
}

/** One that is waited for: what polls reported of it. Times are the waiter's clock's, in ms. */
export class Waiting {
	readonly id: string;

	readonly deadlineMs: number;

	/** Of the request, or as a poll reported it. */
	model: string;

	isPolling = false;

	/** When its deadline was first seen to have passed: later than that, if the process slept. */
	private lateSinceMs: number | null = null;

	/** In a row. */
	failedPolls = 0;

	/** Only the last: an answer that is not understood may hold images. */
	lastFailedPoll: Exchange | null = null;

	/** Ends in a row that may not be the last word. */
	unsureEnds = 0;

	private startMs: number | null;

	/** Since when it does not wait in the service's queue, as far as is known. Its age counts from here. */
	private workStartMs: number;

	private isInQueue = false;

	/** When it was last seen in progress. */
	private seenAtMs: number | null = null;

	/** No poll before this, whatever is planned: the last one failed, or it was not visible yet. */
	private notBeforeMs = -Infinity;

	constructor(
		readonly wait: Wait,
		readonly run: WaitingRun,
		nowMs: number,
		readonly resolve: (prediction: Prediction | null) => void,
		readonly reject: (error: Error) => void,
	) {
		this.id = wait.id;
		this.model = wait.model;
		this.deadlineMs = wait.deadlineMs + run.shiftMs;
		this.startMs = wait.sentAtMs === null ? null : wait.sentAtMs + run.shiftMs;
		this.workStartMs = this.startMs ?? nowMs;
	}

	/** A bare ID may have ended days ago. */
	get isFirstPollDue(): boolean {
		return this.wait.sentAtMs === null && this.seenAtMs === null;
	}

	ageMs(nowMs: number): number {
		return nowMs - this.workStartMs;
	}

	/** Its age when it was last seen in progress. */
	get seenAgeMs(): number {
		return Math.max(0, (this.seenAtMs ?? 0) - this.workStartMs);
	}

	/** Follows what is known of the queue. @returns whether it waits there */
	followQueue(nowMs: number): boolean {
		const isInQueue = this.wait.isQueued?.() ?? false;
		if (this.isInQueue && !isInQueue) this.workStartMs = Math.max(this.workStartMs, nowMs);
		this.isInQueue = isInQueue;
		return isInQueue;
	}

	/** When it has an age, but for a pause; brought forward to its deadline, so that what has ended by then is not late. */
	timeOf(ageMs: number): number {
		return Math.max(this.notBeforeMs, Math.min(this.workStartMs + ageMs, this.deadlineMs));
	}

	/** Whether it may not be visible yet. */
	isNew(nowMs: number): boolean {
		return nowMs < this.wait.visibleByMs + this.run.shiftMs;
	}

	/** No poll for this long; not beyond a deadline that is still to come. */
	pause(ms: number, nowMs: number): void {
		this.notBeforeMs = nowMs < this.deadlineMs ? Math.min(nowMs + ms, this.deadlineMs) : nowMs + ms;
	}

	seenInProgress(nowMs: number): void {
		this.failedPolls = this.unsureEnds = 0;
		this.lastFailedPoll = null;
		this.seenAtMs = nowMs;
		this.notBeforeMs = -Infinity;
	}

	/** Takes from Atlas's record what the request did not tell. */
	learn({ model, createdAt }: Prediction, nowMs: number): void {
		if (this.model === '') this.model = model ?? '';
		const { client, shiftMs } = this.run;
		const createdMs = Date.parse(createdAt ?? '') - (client.atlasClock.offsetMs ?? 0) + shiftMs;
		if (this.startMs === null && createdMs <= nowMs) this.startMs = this.workStartMs = createdMs;
	}

	/** How long it took since it did not wait any more, now that it is known to have completed; null if nothing tells. */
	durationMs({ createdAt, completedAt, predictTimeSeconds }: Prediction, nowMs: number): number | null {
		if (this.startMs === null) return null;
		const ageMs = this.ageMs(nowMs);
		const totalMs = Date.parse(completedAt ?? '') - Date.parse(createdAt ?? '');
		const withoutQueueMs = totalMs - (this.workStartMs - this.startMs);
		const told = [withoutQueueMs, (predictTimeSeconds ?? NaN) * 1_000].find((ms) => ms > 0);
		// It may have ended days ago.
		if (told === undefined && this.isFirstPollDue) return null;
		// The time that Atlas reports may leave out the queue, so it is kept between the last two polls.
		return Math.min(ageMs, Math.max(this.seenAgeMs, told ?? (this.seenAgeMs + ageMs) / 2));
	}

	/** Whether its time is up, and that of its last polls. @param graceMs for those */
	isOver(nowMs: number, graceMs: number): boolean {
		if (nowMs < this.deadlineMs) return false;
		this.lateSinceMs ??= nowMs;
		return nowMs >= this.lateSinceMs + graceMs;
	}

	/** Ends the wait when its time is up, even if a request is still in flight. */
	expire(): void {
		if (this.seenAtMs !== null && !this.lastFailedPoll) this.resolve(null);
		else this.reject(unreachableError(this.id, this.lastFailedPoll));
	}
}
