import type { CancelSignal } from '../time/cancellation';
import type { Exchange } from '../http/answer';
import { unreachableError } from './errors';
import type { Prediction } from './prediction';
import { WARM_UP_MS } from './readPrediction';

/** What is known of the service's queue, and what polls tell of it. */
export interface QueueView {
	/** Our clock, in ms, when a poll would tell whether the prediction has to wait; null if nobody asks. */
	readonly probeAtMs: number | null;
	/** How many purchases of the run are not submitted yet. */
	readonly unsubmittedCount: number;
	/** How many the service runs at once; null if that is not known. */
	readonly numberAtOnce: number | null;
	/** Whether so many others were submitted earlier and are unfinished that this one has not begun. */
	readonly isWaiting: boolean;
	/** About when it began, now that it no longer waits. Each start is told once. */
	takeStartMs(nowMs: number): number;
	/** @returns whether this word of Atlas's means that the prediction still waits */
	observed(rawStatus: string | null, nowMs: number): boolean;
}

/** A prediction to wait for. Times are our clock's, in ms. */
export interface WaitRequest {
	predictionId: string;
	/** Durations are learned per model. Empty if it is not known. */
	model: string;
	/** Requests of a model that share it take about the same time. */
	shape?: string;
	/** Whether such predictions usually take a minute or more. Default: what the model's ID says. */
	isSlow?: boolean;
	/** When it was submitted; null if only its ID is known. */
	sentAtMs: number | null;
	/** When its ID became known, after which it may not be visible for a while. Default: `sentAtMs`, or now. */
	knownAtMs?: number;
	/** When to stop waiting, even if it is still in progress. */
	deadlineMs: number;
	signal: CancelSignal | undefined;
	/** Without it, the time in the queue is not told apart from the time of the work. */
	queue?: QueueView;
}

/** A prediction that is waited for: when to poll it, and what its polls reported. Times are our clock's, in ms. */
export class WaitingPrediction {
	nextPollMs: number;

	/** No poll before this, whatever is planned: the service asked for a pause, or does not know it yet. */
	private notBeforeMs = -Infinity;

	hasBeenPolled = false;

	/** Of the request, or as a poll reported it. */
	model: string;

	/** In a row. */
	failedPolls = 0;

	private lastFailedPoll: Exchange | null = null;

	/** When it was last seen in progress; null until then. */
	private lastInProgressAtMs: number | null = null;

	private startMs: number;

	/** Since when it does not wait in the service's queue, as far as is known. Its schedule begins here. */
	private workStartMs: number;

	private isInQueue = false;

	private isStartKnown: boolean;

	constructor(
		readonly request: WaitRequest,
		nowMs: number,
		readonly resolve: (prediction: Prediction | null) => void,
		readonly reject: (error: Error) => void,
	) {
		this.model = request.model;
		this.isStartKnown = request.sentAtMs !== null;
		this.startMs = request.sentAtMs ?? nowMs;
		this.workStartMs = this.startMs;
		this.nextPollMs = nowMs;
	}

	/** Since it began, without the time in the queue. */
	elapsedMs(nowMs: number): number {
		return nowMs - this.workStartMs;
	}

	/** Whether it waits in the service's queue. */
	get isQueued(): boolean {
		return this.isInQueue;
	}

	/** Follows what is known of the queue. @returns whether it has just entered or left it */
	followQueue(nowMs: number): boolean {
		const { queue } = this.request;
		const isInQueue = queue?.isWaiting ?? false;
		if (isInQueue === this.isInQueue) return false;
		this.isInQueue = isInQueue;
		if (!isInQueue) this.workStartMs = Math.max(this.workStartMs, queue?.takeStartMs(nowMs) ?? nowMs);
		return true;
	}

	/** A poll found it in progress. @returns whether it certainly waits in the service's queue */
	observed(rawStatus: string | null, nowMs: number): boolean {
		const isQueued = this.request.queue?.observed(rawStatus, nowMs) ?? false;
		if (isQueued) this.noteQueued(nowMs);
		return isQueued;
	}

	/** It has not begun yet. */
	noteQueued(nowMs: number): void {
		this.workStartMs = Math.max(this.workStartMs, nowMs);
	}

	/** Whether it may not be visible yet. */
	isNew(nowMs: number): boolean {
		return nowMs - (this.request.knownAtMs ?? this.startMs) < WARM_UP_MS;
	}

	/** @param afterStartMs brought forward to the deadline, so that what has ended by then is not called late */
	schedulePoll(afterStartMs: number, nowMs: number): void {
		const planned = Math.max(this.workStartMs + afterStartMs, this.notBeforeMs);
		this.nextPollMs = Math.min(planned, Math.max(this.request.deadlineMs, nowMs));
	}

	/** Polls it sooner than planned if its status would tell of the queue. */
	bringForwardToProbe(): void {
		const { probeAtMs = null } = this.request.queue ?? {};
		if (probeAtMs === null) return;
		this.nextPollMs = Math.min(this.nextPollMs, Math.max(probeAtMs, this.notBeforeMs));
	}

	/** Whether it must not be polled now. */
	isHeldBack(nowMs: number): boolean {
		return this.failedPolls > 0 || nowMs < this.notBeforeMs;
	}

	/** Delays the scheduled poll by at least this pause, though not beyond a deadline that is still to come. */
	delayPoll(pauseMs: number, nowMs: number): void {
		const { deadlineMs } = this.request;
		const delayedMs = Math.max(this.nextPollMs, nowMs + pauseMs);
		this.nextPollMs = nowMs < deadlineMs ? Math.min(delayedMs, deadlineMs) : delayedMs;
		this.notBeforeMs = this.nextPollMs;
	}

	delayPollToDeadline(): void {
		this.nextPollMs = this.notBeforeMs = this.request.deadlineMs;
	}

	notePoll(): void {
		this.hasBeenPolled = true;
	}

	noteInProgress(nowMs: number): void {
		this.failedPolls = 0;
		this.lastFailedPoll = null;
		this.lastInProgressAtMs = nowMs;
		this.notBeforeMs = -Infinity;
	}

	noteFailedPoll(exchange: Exchange): void {
		this.failedPolls++;
		this.lastFailedPoll = exchange;
	}

	/** Takes the start from Atlas's record if only the ID was known. */
	learnStart(createdMs: number, nowMs: number): void {
		if (this.isStartKnown || !(createdMs <= nowMs)) return;
		this.isStartKnown = true;
		this.startMs = createdMs;
		this.workStartMs = createdMs;
	}

	/**
	 * How long it took from when it began, now that a poll found it ended; null if that says nothing about others.
	 * @param share the part of the time until now that it took at least, where nothing else tells
	 */
	durationMs(prediction: Prediction, nowMs: number, share: number): number | null {
		if (prediction.status !== 'completed' || !this.isStartKnown) return null;
		const elapsedMs = this.elapsedMs(nowMs);
		const minMs = this.minDurationMs;
		const reportedMs = this.reportedMs(prediction);
		const estimateMs = Math.max((minMs + elapsedMs) / 2, share * elapsedMs);
		// The time that Atlas reports may leave out the queue, so it is kept between the last two polls.
		return Math.min(elapsedMs, Math.max(minMs, reportedMs ?? estimateMs));
	}

	private reportedMs(prediction: Prediction): number | undefined {
		const reportedMs = reportedDurationMs(prediction);
		const queueMs = this.workStartMs - this.startMs;
		return reportedMs === undefined || queueMs === 0 ? reportedMs : reportedMs - queueMs;
	}

	/** How long it has taken at least, as polls found. */
	get minDurationMs(): number {
		return Math.max(0, (this.lastInProgressAtMs ?? 0) - this.workStartMs);
	}

	/** Ends the wait when its time is up, even if a request is still in flight. */
	expire(): void {
		if (this.lastInProgressAtMs !== null && !this.lastFailedPoll) this.resolve(null);
		else this.reject(unreachableError(this.request.predictionId, this.lastFailedPoll));
	}
}

function reportedDurationMs({ createdAt, completedAt, predictTimeSeconds }: Prediction): number | undefined {
	const recordedMs = Date.parse(completedAt ?? '') - Date.parse(createdAt ?? '');
	const predictMs = (predictTimeSeconds ?? NaN) * 1_000;
	return [recordedMs, predictMs].find((ms) => ms > 0);
}
