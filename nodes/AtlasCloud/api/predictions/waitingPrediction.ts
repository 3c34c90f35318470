import type { CancelSignal } from '../flow/cancellation';
import type { Exchange } from '../http/answer';
import { unreachableError } from './predictionErrors';
import type { Prediction } from './predictions';
import { WARM_UP_MS } from './readPrediction';

/** A prediction to wait for. Times are our clock's, in ms. */
export interface WaitRequest {
	predictionId: string;
	/** Durations are learned per model. */
	model: string;
	/** When it was submitted; null if only its ID is known. */
	sentAtMs: number | null;
	/** When its ID became known, after which it may not be visible for a while. Default: `sentAtMs`, or now. */
	knownAtMs?: number;
	/** When to stop waiting, even if it is still in progress. */
	deadlineMs: number;
	signal: CancelSignal | undefined;
}

/**
 * The duration assumed for a prediction that had ended by its first poll, as a share of the time until then. Below 1,
 * so that later predictions are polled a little earlier.
 */
const FIRST_POLL_ESTIMATE = 0.95;

/** A prediction that is waited for: when to poll it, and what its polls reported. Times are our clock's, in ms. */
export class WaitingPrediction {
	nextPollMs: number;

	hasBeenPolled = false;

	/** In a row. */
	failedPolls = 0;

	private lastFailedPoll: Exchange | null = null;

	/** How long after its start it was last seen in progress; null until then. */
	private lastInProgressMs: number | null = null;

	private startMs: number;

	private isStartKnown: boolean;

	constructor(
		readonly request: WaitRequest,
		nowMs: number,
		readonly resolve: (prediction: Prediction | null) => void,
		readonly reject: (error: Error) => void,
	) {
		this.isStartKnown = request.sentAtMs !== null;
		this.startMs = request.sentAtMs ?? nowMs;
		this.nextPollMs = nowMs;
	}

	elapsedMs(nowMs: number): number {
		return nowMs - this.startMs;
	}

	/** Whether it may not be visible yet. */
	isNew(nowMs: number): boolean {
		return nowMs - (this.request.knownAtMs ?? this.startMs) < WARM_UP_MS;
	}

	/** @param afterStartMs brought forward to the deadline, so that what has ended by then is not called late */
	schedulePoll(afterStartMs: number, nowMs: number): void {
		this.nextPollMs = Math.min(this.startMs + afterStartMs, Math.max(this.request.deadlineMs, nowMs));
	}

	/** Delays the scheduled poll by at least this pause, though not beyond a deadline that is still to come. */
	delayPoll(pauseMs: number, nowMs: number): void {
		const { deadlineMs } = this.request;
		const delayedMs = Math.max(this.nextPollMs, nowMs + pauseMs);
		this.nextPollMs = nowMs < deadlineMs ? Math.min(delayedMs, deadlineMs) : delayedMs;
	}

	delayPollToDeadline(): void {
		this.nextPollMs = this.request.deadlineMs;
	}

	notePoll(): void {
		this.hasBeenPolled = true;
	}

	noteInProgress(nowMs: number): void {
		this.failedPolls = 0;
		this.lastFailedPoll = null;
		this.lastInProgressMs = this.elapsedMs(nowMs);
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
	}

	/** How long it took, now that a poll found it ended; null if that says nothing about others. */
	durationMs(prediction: Prediction, nowMs: number): number | null {
		if (prediction.status !== 'completed' || !this.isStartKnown) return null;
		const elapsedMs = this.elapsedMs(nowMs);
		const minMs = this.lastInProgressMs ?? 0;
		const estimateMs = Math.max((minMs + elapsedMs) / 2, FIRST_POLL_ESTIMATE * elapsedMs);
		// The time that Atlas reports may leave out the queue, so it is kept between the last two polls.
		return Math.min(elapsedMs, Math.max(minMs, reportedDurationMs(prediction) ?? estimateMs));
	}

	/** Ends the wait when its time is up, even if a request is still in flight. */
	expire(): void {
		if (this.lastInProgressMs !== null && !this.lastFailedPoll) this.resolve(null);
		else this.reject(unreachableError(this.request.predictionId, this.lastFailedPoll));
	}
}

function reportedDurationMs({ createdAt, completedAt, predictTimeSeconds }: Prediction): number | undefined {
	const recordedMs = Date.parse(completedAt ?? '') - Date.parse(createdAt ?? '');
	const predictMs = (predictTimeSeconds ?? NaN) * 1_000;
	return [recordedMs, predictMs].find((ms) => ms > 0);
}
