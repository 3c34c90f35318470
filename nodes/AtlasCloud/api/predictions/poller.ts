import type { CancelSignal } from '../flow/cancellation';
import { cappedRetryAfterMs, effectiveStatus, type Exchange } from '../http/answer';
import type { AtlasClient } from '../http/client';
import { answerDetails, describeExchange, readError } from '../http/errorTexts';
import { FINAL_STATUS_CODES, isRetryable } from '../http/retryable';
import { backoffMs, pauseMs, untilAborted, type Clock } from '../flow/clock';
import { blindLookMs, Durations, MAX_SCOUTS, type Scout } from './pollSchedule';
import { AtlasError } from '../errors';
import { asObject, asString } from '../json';
import { RateLimiter } from '../flow/rateLimiter';
import { failedError, toPrediction, type Prediction } from './predictions';
import { READ_TIMEOUT_MS } from '../http/timeouts';

/** A prediction to be waited for. */
export interface PolledPrediction {
	predictionId: string;
	/** What it is waited for as; durations are learned per model. */
	model: string;
	/** Our clock, ms, when it was submitted; null where it is not known (a bare id). */
	sentAtMs: number | null;
	/** Our clock, ms, when its id was told: for a while from then on it may not be visible. Default: `sentAtMs`, or now. */
	knownAtMs?: number;
	/** Our clock, ms: at that time it is given up as still going. */
	deadlineMs: number;
	signal: CancelSignal | undefined;
}

interface Entry extends PolledPrediction {
	startMs: number;
	nextPollMs: number;
	/** ms after the start at which it was last seen going. */
	lastGoingMs: number;
	looks: number;
	faults: number;
	lastFault: Exchange | null;
	isPolling: boolean;
	/** The last record that was read of it. */
	lastSeen: Prediction | null;
	resolve: (ended: Ended) => void;
	reject: (error: Error) => void;
}

/** How a wait ended, and the answer that told so. */
interface Ended {
	prediction: Prediction;
	exchange: Exchange | null;
}

/** How long after its id was told a prediction may be answered 404 or 400 because it is not visible yet, in ms [C]. */
export const WARM_UP_MS = 30_000;

/** Never more looks a second than this in all: for twenty edits of three seconds, about four each. */
const MAX_POLLS_PER_SECOND = 40;

/** Looks without a usable answer in a row, after which a prediction is given up even before its time. */
const MAX_FAULTS = 40;

/** Looks without a usable answer in a row, after which a prediction whose time is up is given up. */
const LAST_TRIES = 4;

/** Tries of a single look. */
const NOW_TRIES = 6;

/** What is taken of a time that only its end is known of. */
const PROBE = 0.95;

/** The share of the rate that is planned with: looks come unevenly. */
const SPARE = 0.85;

/** Where a prediction is asked for. */
export function predictionPath(predictionId: string): string {
	return `/api/v1/model/prediction/${encodeURIComponent(predictionId)}`;
}

/** The prediction in a look's answer: HTTP 5xx too can hold a verdict [C]. Null where it is none. */
export function predictionIn(predictionId: string, exchange: Exchange): Prediction | null {
	const { answer } = exchange;
	if (!answer) return null;
	if (answer.statusCode < 300) return toPrediction(predictionId, answer.json);
	// A gateway's page can hold words such as "error" and "timeout": only Atlas's own one is a verdict.
	const { status } = asObject(asObject(answer.json)?.data) ?? {};
	const isVerdict = answer.statusCode >= 500 && asString(status)?.toLowerCase() === 'failed';
	return isVerdict ? toPrediction(predictionId, answer.json) : null;
}

/**
 * Reads a prediction. Patient with passing faults, and with one that is not visible yet.
 * @throws AtlasError (`read`); CancelledError
 */
export async function readPrediction(
	client: AtlasClient,
	predictionId: string,
	signal: CancelSignal | undefined,
): Promise<Prediction> {
	const { clock } = client;
	const startMs = clock.nowMs();
	for (let attempt = 0; ; attempt++) {
		const exchange = await untilAborted(client.poll(predictionPath(predictionId)), signal);
		const prediction = predictionIn(predictionId, exchange);
		if (prediction) return prediction;
		const { answer } = exchange;
		const isNotFound = answer?.statusCode === 404 || answer?.statusCode === 400;
		const isOver = isNotFound
			? clock.nowMs() - startMs >= WARM_UP_MS
			: attempt + 1 >= NOW_TRIES || !isRetryable(exchange, 'paidResult');
		if (isOver) throw lookError(predictionId, exchange);
		await pauseMs(
			clock,
			cappedRetryAfterMs(answer) ?? backoffMs(attempt, 500, isNotFound ? 4_000 : 8_000),
			signal,
		);
	}
}

/** The error of a look whose answer is final. */
export function lookError(predictionId: string, exchange: Exchange): AtlasError {
	return readError(`read prediction ${predictionId}`, exchange, predictionId);
}

/** One schedule of looks for all predictions of a node run. */
export class PredictionPoller {
	private readonly entries = new Set<Entry>();

	private readonly durations = new Map<string, Durations>();

	private readonly rateLimiter: RateLimiter;

	private isRunning = false;

	private wake = () => {};

	private readonly clock: Clock;

	constructor(private readonly client: AtlasClient) {
		this.clock = client.clock;
		this.rateLimiter = new RateLimiter(client.clock, { maxPerSecond: MAX_POLLS_PER_SECOND });
	}

	/** What is learned, or known before, of a model's time. */
	durationsOf(model: string): Durations {
		const known = this.durations.get(model) ?? new Durations();
		this.durations.set(model, known);
		return known;
	}

	/**
	 * Waits until the prediction is over.
	 * @returns the completed prediction, or null when its time is up and it is still going
	 * @throws AtlasError `failed`, `moderation`, or `read` for a final answer; CancelledError
	 */
	async completed(watched: PolledPrediction): Promise<Prediction | null> {
		const { prediction, exchange } = await untilAborted(this.add(watched), watched.signal);
		if (prediction.status === 'failed') {
			const { requestId, statusCode } = exchange?.answer ?? {};
			throw failedError(prediction, requestId, statusCode);
		}
		return prediction.status === 'completed' ? prediction : null;
	}

	/**
	 * How a prediction stands now. Patient with passing faults, and with one that is not visible yet.
	 * @throws AtlasError (`read`); CancelledError
	 */
	async now(predictionId: string, signal: CancelSignal | undefined): Promise<Prediction> {
		return await readPrediction(this.client, predictionId, signal);
	}

	private async add(watched: PolledPrediction): Promise<Ended> {
		return await new Promise<Ended>((resolve, reject) => {
			const nowMs = this.clock.nowMs();
			const entry: Entry = {
				...watched,
				startMs: watched.sentAtMs ?? nowMs,
				nextPollMs: nowMs,
				lastGoingMs: 0,
				looks: 0,
				faults: 0,
				lastFault: null,
				isPolling: false,
				lastSeen: null,
				resolve,
				reject,
			};
			// Of a bare id nothing is known: it may have been done for days.
			this.entries.add(entry);
			if (watched.sentAtMs !== null) this.schedule(entry, true);
			this.wake();
			if (!this.isRunning) {
				this.isRunning = true;
				void this.run();
			}
		});
	}

	/** The first of its model: where one of them is gone, the next takes its place. */
	private scoutOf(entry: Entry): Scout | null {
		const all = [...this.entries].filter(({ model }) => model === entry.model);
		const number = all.indexOf(entry);
		return number < MAX_SCOUTS ? { number, count: Math.min(all.length, MAX_SCOUTS) } : null;
	}

	/** How many looks the rate allows each of those under way. */
	private pollsPerPrediction(medianMs: number): number {
		return (SPARE * this.rateLimiter.rate * medianMs) / 1_000 / this.entries.size;
	}

	/** @param isNews whether more is known now than when its last look was over */
	private schedule(entry: Entry, isNews: boolean): void {
		const elapsedMs = this.clock.nowMs() - entry.startMs;
		const durations = this.durationsOf(entry.model);
		const nextMs =
			durations.count === 0
				? blindLookMs(elapsedMs, this.scoutOf(entry))
				: durations.nextPollMs(elapsedMs, this.pollsPerPrediction(durations.medianMs), isNews);
		// The last look is at the deadline itself: what is done by then is not called late.
		entry.nextPollMs = Math.min(entry.startMs + nextMs, Math.max(entry.deadlineMs, this.clock.nowMs()));
	}

	private async run(): Promise<void> {
		while (this.entries.size > 0) {
			const waiting = [...this.entries].filter(({ isPolling }) => !isPolling);
			for (const entry of waiting) if (entry.signal?.aborted) this.entries.delete(entry);
			const nowMs = this.clock.nowMs();
			for (const entry of this.entries) if (nowMs >= entry.deadlineMs + READ_TIMEOUT_MS) this.expire(entry);
			for (const entry of waiting) {
				const isGone = !this.entries.has(entry);
				if (isGone || entry.nextPollMs > nowMs) continue;
				// More may be known by now than when its first look was planned.
				if (entry.looks === 0 && this.durationsOf(entry.model).count > 0) this.schedule(entry, true);
				if (entry.nextPollMs > nowMs) continue;
				entry.isPolling = true;
				void this.look(entry);
			}
			const dueMs = Math.min(
				...[...this.entries].filter(({ isPolling }) => !isPolling).map(({ nextPollMs }) => nextPollMs),
			);
			const woken = new Promise<void>((resolve) => (this.wake = resolve));
			await pauseMs(this.clock, Math.min(1_000, Math.max(1, dueMs - this.clock.nowMs())), undefined, woken);
		}
		this.isRunning = false;
	}

	private async look(entry: Entry): Promise<void> {
		try {
			const permit = await this.rateLimiter.acquire(entry.signal, { deadlineMs: entry.deadlineMs });
			if (!permit) {
				// The service demands a pause that is longer than this one's time.
				if (this.clock.nowMs() >= entry.deadlineMs) this.expire(entry);
				entry.nextPollMs = entry.deadlineMs;
				return;
			}
			// While it waited for its turn another one may have told how long such an edit takes.
			const exchange = await this.client.poll(predictionPath(entry.predictionId));
			entry.looks++;
			if (exchange.answer?.statusCode === 429) permit.rejected(cappedRetryAfterMs(exchange.answer));
			else if (exchange.answer) permit.accepted();
			else permit.released();
			// An answer that comes after its time was up tells nobody anything.
			if (this.entries.has(entry)) this.judge(entry, exchange);
		} catch (error) {
			this.entries.delete(entry);
			entry.reject(error instanceof Error ? error : new Error(String(error)));
		} finally {
			entry.isPolling = false;
			// One that failed tells nothing of how long the others take: the next one finds out instead.
			const isGone = !this.entries.has(entry);
			if (isGone && this.durationsOf(entry.model).count === 0) this.scheduleAll(entry.model);
			this.wake();
		}
	}

	private judge(entry: Entry, exchange: Exchange): void {
		const nowMs = this.clock.nowMs();
		const prediction = predictionIn(entry.predictionId, exchange);
		if (prediction) this.learnStart(entry, prediction);
		if (prediction && prediction.status !== 'processing') {
			this.learn(entry, prediction, nowMs - entry.startMs);
			this.entries.delete(entry);
			entry.resolve({ prediction, exchange });
			return;
		}
		const code = exchange.answer ? effectiveStatus(exchange.answer) : 0;
		const isNew = nowMs - (entry.knownAtMs ?? entry.startMs) < WARM_UP_MS;
		const isWarmingUp = (code === 404 || code === 400) && isNew;
		const isFinal =
			!prediction && (FINAL_STATUS_CODES.has(code) || ((code === 404 || code === 400) && !isWarmingUp));
		if (prediction) {
			entry.faults = 0;
			entry.lastFault = null;
			entry.lastSeen = prediction;
			entry.lastGoingMs = nowMs - entry.startMs;
		} else if (!isWarmingUp) {
			entry.faults++;
			entry.lastFault = exchange;
		}
		if (isFinal || entry.faults > MAX_FAULTS) {
			this.entries.delete(entry);
			entry.reject(lookError(entry.predictionId, exchange));
			return;
		}
		// A retry may begin after the deadline: one broken answer is not the last word on a paid edit.
		const isOver = prediction !== null || isWarmingUp || entry.faults >= LAST_TRIES;
		if (nowMs >= entry.deadlineMs && isOver) {
			this.entries.delete(entry);
			if (prediction) entry.resolve({ prediction, exchange });
			else entry.reject(this.unreachableError(entry, exchange));
			return;
		}
		this.schedule(entry, false);
		if (!prediction) {
			const soonestMs = nowMs + (isWarmingUp ? 1_000 : backoffMs(entry.faults - 1, 500, 8_000));
			const lookMs = Math.max(entry.nextPollMs, soonestMs);
			entry.nextPollMs = nowMs < entry.deadlineMs ? Math.min(lookMs, entry.deadlineMs) : lookMs;
		}
	}

	/** Ends a wait whose time is up, whatever its last request is still waiting for. */
	private expire(entry: Entry): void {
		this.entries.delete(entry);
		const { lastSeen, lastFault } = entry;
		if (lastSeen && !lastFault) entry.resolve({ prediction: lastSeen, exchange: null });
		else entry.reject(this.unreachableError(entry, lastFault));
	}

	/** When the time is up and the last look brought nothing: still unknown, not failed. */
	private unreachableError(entry: Entry, exchange: Exchange | null): AtlasError {
		const why = exchange ? describeExchange(exchange) : 'no answer came in time';
		return new AtlasError(`Could not see whether the edit is done in its time: ${why}`, {
			kind: 'timeout',
			description:
				'The prediction is paid for and may be done. Get its picture with the operation Wait for Completion and this id.',
			predictionId: entry.predictionId,
			status: 'unknown',
			...(exchange ? answerDetails(exchange) : {}),
		});
	}

	/** Of a bare id Atlas's own record tells when it began. */
	private learnStart(entry: Entry, prediction: Prediction): void {
		if (entry.sentAtMs !== null) return;
		const createdMs = Date.parse(prediction.createdAt ?? '') - (this.client.atlasClock.offsetMs ?? 0);
		if (!(createdMs <= this.clock.nowMs())) return;
		entry.sentAtMs = entry.startMs = createdMs;
	}

	private learn(entry: Entry, prediction: Prediction, elapsedMs: number): void {
		if (prediction.status !== 'completed' || entry.sentAtMs === null) return;
		const durations = this.durationsOf(entry.model);
		const isFirst = durations.count === 0;
		const recordMs = Date.parse(prediction.completedAt ?? '') - Date.parse(prediction.createdAt ?? '');
		const predictMs = (prediction.predictTimeSeconds ?? NaN) * 1_000;
		const { lastGoingMs } = entry;
		// Seen for the first time when it is over, it was so for a while: a little less finds out whether they are quicker.
		const guessedMs = Math.max((lastGoingMs + elapsedMs) / 2, PROBE * elapsedMs);
		const toldMs = [recordMs, predictMs].find((ms) => ms > 0) ?? guessedMs;
		// The prediction's own time leaves out the queue; between the last two looks lies the truth.
		durations.add(Math.min(elapsedMs, Math.max(lastGoingMs, toldMs)));
		if (isFirst) this.scheduleAll(entry.model);
	}

	/** Plans anew for all of a model: their first one tells how long it takes, or a scout is gone. */
	private scheduleAll(model: string): void {
		for (const entry of this.entries)
			if (entry.model === model && entry.faults === 0) this.schedule(entry, true);
	}
}
