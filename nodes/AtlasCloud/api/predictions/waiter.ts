import { backoffMs, pauseMs, untilAborted, type Clock } from '../time/clock';
import { RateLimiter, type Permit } from '../pace/rateLimiter';
import type { Exchange } from '../http/answer';
import type { AtlasClient } from '../http/client';
import { READ_TIMEOUT_MS } from '../http/http';
import { recentlyUsed } from '../memo';
import { HistoryLooks } from './historyLook';
import { planPolls, UsualTimes, type Plan } from './pollSchedule';
import { failedError, unreachableError } from './errors';
import type { Prediction } from './prediction';
import {
	isDenied,
	isNotFound,
	LOOK_AGAIN_MS,
	pollError,
	pollPrediction,
	predictionIn,
	UNSURE_LOOKS,
	within,
	withoutLargeFiles,
} from './readPrediction';
import { Waiting, type Wait, type WaitingRun } from './waiting';

/** For all predictions of an account that this process waits for: about four each for twenty edits of three seconds. */
const MAX_POLLS_PER_SECOND = 40;

/** What is learned of an account outlives a run. Holds numbers and hashes, no keys. */
const accounts = recentlyUsed((): { watch?: Watch } => ({}));

/** Waits for predictions. All executions of an account in this process share one rate limit, and what they learn. */
export class Waiter {
	private readonly watch: Watch;

	/**
	 * @param account identifies base URL and API key without revealing them. Without one, nothing is shared
	 * @param notice called once per account, for n8n's log, where the history tells nothing of use
	 */
	constructor(
		private readonly client: AtlasClient,
		account?: string,
		private readonly notice: (message: string) => void = () => {},
	) {
		const kept = account === undefined ? {} : accounts(account);
		this.watch = kept.watch ??= new Watch(client.clock);
	}

	/**
	 * Waits until a prediction has completed.
	 * @returns null when its time is up and it is still in progress
	 * @throws AtlasError `failed`, `moderation`, `read` for a final answer, `timeout` when its status is unknown;
	 * CancelledError
	 */
	async until(wait: Wait): Promise<Prediction | null> {
		const { client, notice, watch } = this;
		return await untilAborted(watch.until(wait, client, notice), wait.signal);
	}
}

/** Looks at the predictions of one account until they are over. Its clock is its own: it outlives a run. */
class Watch {
	private readonly all = new Set<Waiting>();

	private readonly limiter: RateLimiter;

	private readonly usual = new UsualTimes();

	private readonly looks: HistoryLooks;

	private isRunning = false;

	private wake = () => {};

	constructor(private readonly clock: Clock) {
		this.limiter = new RateLimiter(clock, MAX_POLLS_PER_SECOND);
		this.looks = new HistoryLooks(
			clock,
			this.limiter,
			(waiting, prediction) => this.complete(waiting, prediction),
			() => this.wake(),
		);
	}

	async until(wait: Wait, client: AtlasClient, notice: WaitingRun['notice']): Promise<Prediction | null> {
		return await new Promise((resolve, reject) => {
			const nowMs = this.clock.nowMs();
			const shiftMs = nowMs - client.clock.nowMs();
			this.all.add(new Waiting(wait, { client, notice, shiftMs }, nowMs, resolve, reject));
			this.wake();
			if (!this.isRunning) void this.run();
		});
	}

	private async run(): Promise<void> {
		this.isRunning = true;
		while (this.all.size > 0) {
			this.dropOver();
			const nextMs = this.pollDue(this.clock.nowMs());
			const woken = new Promise<void>((resolve) => (this.wake = resolve));
			const waitMs = Math.min(1_000, Math.max(1, nextMs - this.clock.nowMs()));
			await pauseMs(this.clock, waitMs, undefined, woken);
		}
		this.isRunning = false;
	}

	/** Ends waits that nobody waits for, and those whose last requests took too long, or could not leave. */
	private dropOver(): void {
		const nowMs = this.clock.nowMs();
		for (const waiting of this.all) {
			if (waiting.wait.signal?.aborted) this.all.delete(waiting);
			else if (waiting.isOver(nowMs, READ_TIMEOUT_MS)) this.expire(waiting);
		}
	}

	/** Polls those that are due, the likeliest to have ended first. @returns when the next poll may be sent */
	private pollDue(nowMs: number): number {
		const byModel = new Map<string, Waiting[]>();
		for (const waiting of this.all) {
			const group = byModel.get(waiting.model) ?? [];
			byModel.set(waiting.model, group);
			group.push(waiting);
		}
		const singles: Plan[] = [];
		let nextMs = Infinity;
		for (const [model, group] of byModel) {
			const plans = planPolls(group, this.usual, nowMs).filter(({ waiting }) => !waiting.isPolling);
			const beside = this.looks.beside(model, plans, nowMs);
			singles.push(...beside.singles);
			nextMs = Math.min(nextMs, beside.nextLookMs);
		}
		const due = singles.filter(({ atMs }) => atMs <= nowMs).sort((a, b) => b.chance - a.chance);
		for (const { waiting } of due) {
			const permit = this.limiter.tryAcquire();
			if (!permit) return Math.min(nextMs, nowMs + this.limiter.waitMs);
			void this.poll(waiting, permit);
		}
		return singles.reduce((min, { atMs }) => (atMs > nowMs ? Math.min(min, atMs) : min), nextMs);
	}

	private async poll(waiting: Waiting, permit: Permit): Promise<void> {
		waiting.isPolling = true;
		try {
			const exchange = await within(permit, pollPrediction(waiting.run.client, waiting.id));
			const hasExpired = !this.all.has(waiting);
			if (!hasExpired) this.handle(waiting, exchange, permit.acquiredAtMs);
		} catch (error) {
			this.fail(waiting, error instanceof Error ? error : new Error(String(error)));
		} finally {
			waiting.isPolling = false;
			this.wake();
		}
	}

	private handle(waiting: Waiting, exchange: Exchange, sentAtMs: number): void {
		const { id } = waiting;
		const nowMs = this.clock.nowMs();
		const isLate = nowMs >= waiting.deadlineMs;
		const prediction = predictionIn(id, exchange);
		if (prediction?.status === 'processing') {
			this.looks.polled(waiting, sentAtMs, prediction);
			waiting.learn(prediction, nowMs);
			waiting.seenInProgress(nowMs);
			if (isLate) this.expire(waiting);
		} else if (prediction) {
			if (prediction.isUnsure && this.looksAgain(waiting, nowMs)) return;
			this.looks.polled(waiting, sentAtMs, prediction);
			if (prediction.status === 'failed') this.fail(waiting, failedError(prediction, exchange.answer));
			else this.complete(waiting, withoutLargeFiles(prediction));
		} else if (isNotFound(exchange) && waiting.isNew(nowMs)) {
			if (isLate) this.fail(waiting, unreachableError(id, exchange));
			else waiting.pause(LOOK_AGAIN_MS, nowMs);
		} else if (isNotFound(exchange) || isDenied(exchange)) {
			if (!this.looksAgain(waiting, nowMs)) this.fail(waiting, pollError(id, exchange));
		} else {
			waiting.lastFailedPoll = exchange;
			waiting.pause(backoffMs(waiting.failedPolls++, 500, 8_000), nowMs);
		}
	}

	/** Whether an end that may not be the last word is looked at again. */
	private looksAgain(waiting: Waiting, nowMs: number): boolean {
		waiting.pause(LOOK_AGAIN_MS, nowMs);
		return ++waiting.unsureEnds < UNSURE_LOOKS;
	}

	private complete(waiting: Waiting, prediction: Prediction): void {
		if (!this.all.delete(waiting)) return;
		const nowMs = this.clock.nowMs();
		waiting.learn(prediction, nowMs);
		const durationMs = waiting.durationMs(prediction, nowMs);
		if (durationMs !== null) this.usual.add(waiting.model, waiting.wait.shape, durationMs, nowMs);
		waiting.resolve(prediction);
	}

	private fail(waiting: Waiting, error: Error): void {
		this.all.delete(waiting);
		waiting.reject(error);
	}

	private expire(waiting: Waiting): void {
		this.all.delete(waiting);
		waiting.expire();
	}
}
