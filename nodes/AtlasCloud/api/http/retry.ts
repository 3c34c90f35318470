import { CancelledError, AtlasError } from '../errors';
import {
	backoffMs,
	pauseMs,
	throwIfAborted,
	untilAborted,
	type CancelSignal,
	type Clock,
} from '../time/clock';
import { cappedRetryAfterMs, isSuccess, type Answer, type Exchange, effectiveStatus } from './answer';
import { readError } from './errorTexts';
import { TransportError } from './http';
import { DownloadError } from './publicFile';

/** Attempts of a single read. */
export const MAX_READ_ATTEMPTS = 6;

const MAX_PAUSE_MS = 8_000;

interface RetryRule {
	maxAttempts: number;
	firstPauseMs: number;
	/** Whether another attempt is pointless after a connection that failed. */
	isFinal: (fault: TransportError) => boolean;
}

/** How a request is retried, by what it is for. */
const RULES = {
	/** A free request to Atlas. */
	read: { maxAttempts: MAX_READ_ATTEMPTS, firstPauseMs: 500, isFinal: ({ neverSent }) => neverSent },
	/** A prediction that is paid for, or its output. */
	paidResult: { maxAttempts: 4, firstPauseMs: 1_000, isFinal: () => false },
	/** The header of an input image. The code is null where n8n itself blocked the request. */
	inputHeader: {
		maxAttempts: 3,
		firstPauseMs: 500,
		isFinal: ({ code }) => code === null || code === 'ENOTFOUND' || code === 'ECONNREFUSED',
	},
	/** The content of an earlier edit's input. */
	earlierInput: { maxAttempts: 3, firstPauseMs: 500, isFinal: ({ code }) => code === 'ENOTFOUND' },
} satisfies Record<string, RetryRule>;

export type Purpose = keyof typeof RULES;

/** No retry starts later than this, in ms, whatever pauses the service asks for. */
const MAX_READ_MS = 600_000;

export interface RetryOptions {
	maxAttempts?: number;
	/** Whether an answer holds what was asked for. One that does not is broken, and requested again. */
	isUsable?: (json: unknown) => boolean;
	/** Overrides the general rule. */
	isRetryable?: (exchange: Exchange) => boolean;
	/** Our clock, in ms: no retry starts after this. Default: {@link MAX_READ_MS} from the start. */
	giveUpAtMs?: number;
}

/**
 * Sends a free request to Atlas until its answer is usable.
 * @param what what the request does, in words that follow "Couldn’t "
 * @throws AtlasError (`read`) after the last attempt, or at once if another one is pointless; CancelledError
 */
export async function sendWithRetries(
	send: () => Promise<Exchange>,
	what: string,
	clock: Clock,
	signal: CancelSignal | undefined,
	options: RetryOptions,
): Promise<Answer> {
	const { maxAttempts = RULES.read.maxAttempts, giveUpAtMs = clock.nowMs() + MAX_READ_MS } = options;
	const { isUsable = () => true, isRetryable: isWorthRetrying = isRetryable } = options;
	for (let attempt = 0; ; attempt++) {
		throwIfAborted(signal);
		const exchange = await untilAborted(send(), signal);
		const { answer } = exchange;
		if (answer && isSuccess(answer) && isUsable(answer.json)) return answer;
		const backoff = backoffMs(attempt, RULES.read.firstPauseMs, MAX_PAUSE_MS);
		// Some say 0 while they restart.
		const afterMs = Math.max(cappedRetryAfterMs(answer) ?? 0, backoff);
		const isOver = attempt + 1 >= maxAttempts || clock.nowMs() + afterMs > giveUpAtMs;
		if (isOver || !isWorthRetrying(exchange)) throw readError(what, exchange);
		await pauseMs(clock, afterMs, signal);
	}
}

/** Fetches a file from any host. @returns what was fetched, or the last attempt's error. @throws CancelledError */
export async function fetchWithRetries<T>(
	purpose: Purpose,
	clock: Clock,
	signal: CancelSignal | undefined,
	fetchOnce: () => Promise<T>,
): Promise<{ value: T; error?: undefined } | { error: Error }> {
	const { maxAttempts, firstPauseMs } = RULES[purpose];
	for (let attempt = 0; ; attempt++) {
		const result = await fetchOnce().then(
			(value) => ({ value }),
			(error: unknown) => {
				if (error instanceof CancelledError || signal?.aborted) throw new CancelledError();
				return { error: error instanceof Error ? error : new Error(String(error)) };
			},
		);
		if (!('error' in result)) return result;
		if (attempt + 1 >= maxAttempts || !isRetryable(result.error, purpose)) return result;
		await pauseMs(clock, backoffMs(attempt, firstPauseMs, MAX_PAUSE_MS), signal);
	}
}

/** Statuses that stay the same however often a prediction is polled. */
export const FINAL_STATUS_CODES = new Set([401, 402, 403, 451]);

function isRetryableStatus(statusCode: number): boolean {
	return [408, 425, 429].includes(statusCode) || statusCode >= 500;
}

/** Whether another attempt may succeed where this one did not bring what was asked for. */
export function isRetryable(failure: Exchange | Error, purpose: Purpose = 'read'): boolean {
	if (failure instanceof TransportError) return !RULES[purpose].isFinal(failure);
	if (failure instanceof DownloadError) {
		const { isFinal, statusCode } = failure;
		// A host that has just got a file may not find it at first.
		const mayPass = purpose === 'paidResult' || statusCode === null || isRetryableStatus(statusCode);
		return !isFinal && mayPass;
	}
	if (failure instanceof Error) return !(failure instanceof AtlasError);
	const { answer, fault } = failure;
	if (!answer) return isRetryable(fault, purpose);
	// A paid prediction is not given up because of a proxy's page, nor of a code in an answer whose status says success.
	if (purpose === 'paidResult' && !answer.isEnvelope) return true;
	const status = purpose === 'paidResult' ? answer.statusCode : effectiveStatus(answer);
	// A successful answer without the expected content is broken.
	return status < 300 || isRetryableStatus(status);
}
