import { backoffMs, pauseMs, untilAborted, type Clock } from '../time/clock';
import { MAX_POLLS_PER_SECOND } from '../flow/pollRate';
import { RateLimiter, type Permit } from '../pace/rateLimiter';
import { cappedRetryAfterMs, type Exchange } from '../http/answer';
import type { AtlasClient } from '../http/client';
import { READ_TIMEOUT_MS } from '../http/timeouts';
import { knownDurationsOf } from './knownDurations';
import { PollSchedule } from './pollSchedule';
import { failedError, unreachableError } from './errors';
import type { Prediction } from './prediction';
import { classifyPoll, pollError, pollPrediction } from './readPrediction';
import { SlowModels } from './slowModels';
import { WaitingPrediction, type WaitRequest } from './waitingPrediction';

/** Failed polls in a row after which a prediction is given up before its deadline. */
const MAX_FAILED_POLLS = 40;

/** The same after its deadline: one broken answer must not end the wait for a billed edit. */
const MAX_FAILED_POLLS_WHEN_LATE = 4;

/** Where polls are scarce, how often one may be spare, in ms. */
const SPARE_POLL_MS = 1_000 / MAX_POLLS_PER_SECOND;

const WARM_UP_PAUSE_MS = 1_000;

/** Waits for all predictions of a node run: polls them on one schedule, within one rate limit. */
export class PredictionPoller {
	private readonly waitingPredictions = new Set<WaitingPrediction>();

	/** Those whose poll is in flight, or waits for the rate limiter. */
	private readonly polling = new Set<WaitingPrediction>();

	private readonly rateLimiter: RateLimiter;

	private readonly schedule: PollSchedule;

	private readonly clock: Clock;

	private isRunning = false;

	private wake = () => {};

	private readonly history: SlowModels;

	/**
	 * @param account identifies base URL and API key without revealing them: what is learned of it outlives this poller.
	 * Without one it does not
	 */
	constructor(
		private readonly client: AtlasClient,
		account?: string,
	) {
		this.clock = client.clock;
		this.rateLimiter = new RateLimiter(client.clock, { maxPerSecond: MAX_POLLS_PER_SECOND });
		const known = account === undefined ? undefined : knownDurationsOf(account);
		this.schedule = new PollSchedule(client.clock, this.rateLimiter, this.waitingPredictions, known);
		this.history = new SlowModels(client, this.schedule, () => this.wake());
	}

	/**
	 * Waits until a prediction has completed.
	 * @returns null when its time is up and it is still in progress
	 * @throws AtlasError `failed`, `moderation`, `read` for a final answer, `timeout` when its status is unknown;
	 * CancelledError
	 */
	async waitUntilCompleted(request: WaitRequest): Promise<Prediction | null> {
		return await untilAborted(this.add(request), request.signal);
	}

	private async add(request: WaitRequest): Promise<Prediction | null> {
		return await new Promise((resolve, reject) => {
			const waiting = new WaitingPrediction(request, this.clock.nowMs(), resolve, reject);
			this.waitingPredictions.add(waiting);
			// A bare ID may have ended days ago: its first poll is now.
			if (request.sentAtMs !== null) this.schedule.planFirst(waiting);
			this.history.askIfSlow(waiting);
			this.wake();
			if (!this.isRunning) void this.run();
		});
	}

	private async run(): Promise<void> {
		this.isRunning = true;
		while (this.waitingPredictions.size > 0) {
			this.dropAborted();
			this.expireOverdue();
			for (const waiting of this.waitingPredictions) this.schedule.followQueue(waiting);
			for (const waiting of this.idle()) this.pollIfDue(waiting);
			this.pollSpare();
			await this.pauseUntilNextPoll();
		}
		this.isRunning = false;
	}

	private idle(): WaitingPrediction[] {
		return [...this.waitingPredictions].filter((waiting) => !this.polling.has(waiting));
	}

	private dropAborted(): void {
		for (const waiting of this.idle())
			if (waiting.request.signal?.aborted) this.waitingPredictions.delete(waiting);
	}

	/** Ends waits whose last request is stuck. */
	private expireOverdue(): void {
		const nowMs = this.clock.nowMs();
		for (const waiting of this.waitingPredictions)
			if (nowMs >= waiting.request.deadlineMs + READ_TIMEOUT_MS) this.expire(waiting);
	}

	private pollIfDue(waiting: WaitingPrediction): void {
		const nowMs = this.clock.nowMs();
		if (waiting.nextPollMs > nowMs) return;
		this.schedule.replanFirst(waiting);
		if (waiting.nextPollMs <= nowMs) void this.poll(waiting);
	}

	/** A poll that the rate limit allows beside those that are planned. */
	private pollSpare(): void {
		const likeliest = this.rateLimiter.isFree ? this.schedule.likeliestEnded(this.idle()) : null;
		if (likeliest) void this.poll(likeliest);
	}

	private async pauseUntilNextPoll(): Promise<void> {
		const dueMs = Math.min(...this.idle().map(({ nextPollMs }) => nextPollMs));
		const maxMs = this.schedule.isScarce ? SPARE_POLL_MS : 1_000;
		const leftMs = Math.min(maxMs, Math.max(1, dueMs - this.clock.nowMs()));
		const woken = new Promise<void>((resolve) => (this.wake = resolve));
		await pauseMs(this.clock, leftMs, undefined, woken);
	}

	private async poll(waiting: WaitingPrediction): Promise<void> {
		const { signal, deadlineMs } = waiting.request;
		this.polling.add(waiting);
		try {
			const permit = await this.rateLimiter.acquire(signal, { deadlineMs });
			if (permit) await this.pollNow(waiting, permit);
			// Atlas demands a pause that is longer than the time left.
			else if (this.clock.nowMs() >= deadlineMs) this.expire(waiting);
			else waiting.delayPollToDeadline();
		} catch (error) {
			this.fail(waiting, error instanceof Error ? error : new Error(String(error)));
		} finally {
			this.polling.delete(waiting);
			if (!this.waitingPredictions.has(waiting)) this.schedule.refillRoundRobin(waiting);
			this.wake();
		}
	}

	private async pollNow(waiting: WaitingPrediction, permit: Permit): Promise<void> {
		const exchange = await pollPrediction(this.client, waiting.request.predictionId);
		const { answer } = exchange;
		if (answer?.statusCode === 429) permit.rejected(cappedRetryAfterMs(answer));
		else if (answer) permit.accepted();
		else permit.released();
		waiting.notePoll();
		const hasExpired = !this.waitingPredictions.has(waiting);
		if (!hasExpired) this.handle(waiting, exchange);
	}

	private handle(waiting: WaitingPrediction, exchange: Exchange): void {
		const { predictionId, deadlineMs } = waiting.request;
		const nowMs = this.clock.nowMs();
		const isLate = nowMs >= deadlineMs;
		const result = classifyPoll(predictionId, exchange, waiting.isNew(nowMs));
		switch (result.kind) {
			case 'ended':
				this.learnStart(waiting, result.prediction);
				this.schedule.learnDuration(waiting, result.prediction);
				this.end(waiting, result.prediction, exchange);
				return;
			case 'inProgress':
				this.learnStart(waiting, result.prediction);
				waiting.noteInProgress(nowMs);
				waiting.observed(result.prediction.rawStatus, nowMs);
				this.history.askIfSlow(waiting);
				if (isLate) this.expire(waiting);
				else this.schedule.planNext(waiting);
				return;
			case 'notVisibleYet':
				if (isLate) this.fail(waiting, unreachableError(predictionId, exchange));
				else this.schedule.planRetry(waiting, WARM_UP_PAUSE_MS);
				return;
			case 'rejected':
				this.fail(waiting, pollError(predictionId, exchange));
				return;
			case 'pollFailed':
				waiting.noteFailedPoll(exchange);
				if (waiting.failedPolls > MAX_FAILED_POLLS) this.fail(waiting, pollError(predictionId, exchange));
				else if (isLate && waiting.failedPolls >= MAX_FAILED_POLLS_WHEN_LATE) this.expire(waiting);
				else this.schedule.planRetry(waiting, backoffMs(waiting.failedPolls - 1, 500, 8_000));
		}
	}

	private learnStart(waiting: WaitingPrediction, { createdAt, model }: Prediction): void {
		if (waiting.model === '') waiting.model = model ?? '';
		const offsetMs = this.client.atlasClock.offsetMs ?? 0;
		waiting.learnStart(Date.parse(createdAt ?? '') - offsetMs, this.clock.nowMs());
	}

	private end(waiting: WaitingPrediction, prediction: Prediction, { answer }: Exchange): void {
		if (prediction.status === 'failed')
			return this.fail(waiting, failedError(prediction, answer?.requestId, answer?.statusCode));
		this.waitingPredictions.delete(waiting);
		waiting.resolve(prediction);
	}

	private fail(waiting: WaitingPrediction, error: Error): void {
		this.waitingPredictions.delete(waiting);
		waiting.reject(error);
	}

	private expire(waiting: WaitingPrediction): void {
		this.waitingPredictions.delete(waiting);
		waiting.expire();
	}
}
