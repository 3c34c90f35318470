import { AtlasError, CancelledError } from '../errors';
import { plural } from '../text';

/** Injected, so that schedules can be tested on a virtual clock. */
export interface Clock {
	/** Milliseconds since the epoch. Never goes back, even if the machine's clock is set. */
	nowMs(): number;
	/** Resolves after `ms` milliseconds. Cannot be cut short: callers race it. */
	sleepMs(ms: number): Promise<void>;
}

/** The part of an `AbortSignal` that the code uses. */
export interface CancelSignal {
	readonly aborted: boolean;
	addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
	removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * A signal that a whole batch can listen to. Not an `AbortSignal`: Node warns of a leak from the eleventh listener on,
 * and a community node cannot import `setMaxListeners`.
 */
export class Cancellation implements CancelSignal {
	aborted: boolean;

	private readonly listeners = new Set<() => void>();

	/** @param parent aborts this one too */
	constructor(private readonly parent?: CancelSignal) {
		this.aborted = parent?.aborted ?? false;
		parent?.addEventListener('abort', this.abort, { once: true });
	}

	/** Stops listening to the parent: a long run would otherwise collect thousands of listeners. */
	detach(): void {
		this.parent?.removeEventListener('abort', this.abort);
	}

	readonly abort = (): void => {
		if (this.aborted) return;
		this.aborted = true;
		this.detach();
		// Not a copy: a listener may remove another, which must then not be called.
		for (const listener of this.listeners) listener();
		this.listeners.clear();
	};

	addEventListener(_type: 'abort', listener: () => void): void {
		this.listeners.add(listener);
	}

	removeEventListener(_type: 'abort', listener: () => void): void {
		this.listeners.delete(listener);
	}
}

/** A signal that follows another one after `ms` milliseconds. */
export function abortedAfter(signal: CancelSignal | undefined, clock: Clock, ms: number): CancelSignal {
	const late = new Cancellation();
	const onAbort = () => void pauseMs(clock, ms, undefined).then(late.abort);
	if (signal?.aborted) onAbort();
	signal?.addEventListener('abort', onAbort, { once: true });
	return late;
}

/**
 * The longest single sleep. n8n 1.x cannot cancel its `sleep`, and a long timer left behind would keep a worker from
 * exiting.
 */
export const MAX_SLEEP_MS = 1_000;

/** @throws CancelledError if the signal is aborted */
export function throwIfAborted(signal: CancelSignal | undefined): void {
	if (signal?.aborted) throw new CancelledError();
}

/** Waits for `work` until the signal aborts; it then goes on unobserved. @throws CancelledError as soon as it does */
export async function untilAborted<T>(work: Promise<T>, signal: CancelSignal | undefined): Promise<T> {
	if (!signal) return await work;
	return await new Promise<T>((resolve, reject) => {
		const onAbort = () => reject(new CancelledError());
		if (signal.aborted) onAbort();
		else signal.addEventListener('abort', onAbort, { once: true });
		void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
	});
}

/** Waits `ms` milliseconds, or until `wake` resolves. @throws CancelledError as soon as the signal aborts */
export async function pauseMs(
	clock: Clock,
	ms: number,
	signal: CancelSignal | undefined,
	wake?: Promise<void>,
): Promise<void> {
	const untilMs = clock.nowMs() + ms;
	const woken = wake?.then(() => true);
	for (let leftMs = ms; leftMs > 0; leftMs = untilMs - clock.nowMs()) {
		const slept = clock.sleepMs(Math.min(leftMs, MAX_SLEEP_MS)).then(() => false);
		if (await untilAborted(woken ? Promise.race([slept, woken]) : slept, signal)) break;
	}
	throwIfAborted(signal);
}

/**
 * Waits for `work`, at most `ms` milliseconds; `work` then continues unobserved. Its result is not kept beyond that: no
 * timer can be cleared, and an answer and its connection would outlast V8's quick collections.
 * @throws what `timedOut` returns when the time is up
 */
export async function withinMs<T>(
	clock: Clock,
	ms: number,
	work: Promise<T>,
	timedOut: () => Error,
): Promise<T> {
	const isOver = new Cancellation();
	const timeUp = pauseMs(clock, ms, isOver).then(() => {
		throw timedOut();
	});
	try {
		return await Promise.race([work, timeUp]);
	} finally {
		isOver.abort();
	}
}

/** Who waits. */
interface SubmitWait {
	/** How long it may wait before its submit, in ms. Waiting for a place does not count. */
	timeoutMs: number;
	/** How long it has waited already, in ms. */
	waitedMs?: number;
}

/**
 * Waits for something that an item needs before its submit. All such waits end within the item's Timeout. The work itself
 * goes on: other items may share it, and wait longer.
 * @param waiting gets what this wait took
 * @param what what the work does, as the end of a sentence: `uploading its files`
 * @throws AtlasError (`read`) when the time is up; whatever `work` throws
 */
export async function beforeSubmit<T>(
	clock: Clock,
	waiting: SubmitWait,
	what: string,
	work: Promise<T>,
): Promise<T> {
	const { timeoutMs, waitedMs = 0 } = waiting;
	const startMs = clock.nowMs();
	const timedOut = () =>
		new AtlasError(`Preparing the request took longer than ${plural(timeoutMs / 1_000, 'second')}: ${what}`, {
			kind: 'read',
			description:
				"Nothing was submitted for this item. Run the workflow again later, or increase 'Timeout (Seconds)' if this operation has it under Options.",
		});
	return await withinMs(clock, timeoutMs - waitedMs, work, timedOut).finally(() => {
		waiting.waitedMs = waitedMs + clock.nowMs() - startMs;
	});
}

/** The pause in ms after an attempt (from 0): doubling from `firstMs` up to `maxMs`, half of it random. */
export function backoffMs(attempt: number, firstMs: number, maxMs: number): number {
	const fullMs = Math.min(maxMs, firstMs * 2 ** attempt);
	return fullMs / 2 + (Math.random() * fullMs) / 2;
}
