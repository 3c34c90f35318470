import type { CancelSignal } from '../flow/cancellation';
import type { Clock } from '../flow/clock';
import { CancelledError } from '../errors';
import { TransportError, type ByteStream } from './http';
import { Semaphore } from '../flow/semaphore';

/** A stream that is slower than this on the whole is given up: one that trickles would outlive every time limit. */
export const MIN_BYTES_PER_SECOND = 10_000;

/** Ends a stream that stalls or trickles, or whose execution is cancelled: nothing in n8n does so once an answer has begun. */
export class StreamGuard {
	private lastMs: number;

	private startMs: number;

	private receivedBytes = 0;

	private isOver = false;

	private isPaused = false;

	private readonly onAbort: () => void;

	/** @param stallMs milliseconds without a piece after which the stream is ended; it may take that long as a whole, and longer only while it is quick enough */
	constructor(
		private readonly stream: ByteStream,
		private readonly clock: Clock,
		private readonly stallMs: number,
		private readonly signal: CancelSignal | undefined,
	) {
		this.startMs = this.lastMs = clock.nowMs();
		this.onAbort = () => stream.destroy(new CancelledError());
		if (signal?.aborted) this.onAbort();
		signal?.addEventListener('abort', this.onAbort, { once: true });
		void this.watch();
	}

	private async watch(): Promise<void> {
		while (!this.isOver) {
			await this.clock.sleepMs(Math.min(1_000, this.stallMs));
			if (this.isOver) return;
			const nowMs = this.clock.nowMs();
			const allowedMs = this.stallMs + (this.receivedBytes / MIN_BYTES_PER_SECOND) * 1_000;
			const isSlow = nowMs - this.lastMs > this.stallMs || nowMs - this.startMs > allowedMs;
			if (isSlow && !this.isPaused) {
				this.stream.destroy(new TransportError('The connection stalled', 'ETIMEDOUT'));
			}
		}
	}

	/** Says that a piece of so many bytes has arrived. */
	alive(bytes: number): void {
		this.lastMs = this.clock.nowMs();
		this.receivedBytes += bytes;
	}

	/** Does something else than reading meanwhile: until it is done the stream does not stall. */
	async pause<T>(work: Promise<T>): Promise<T> {
		const pausedAtMs = this.clock.nowMs();
		this.isPaused = true;
		try {
			return await work;
		} finally {
			this.isPaused = false;
			this.lastMs = this.clock.nowMs();
			this.startMs += this.lastMs - pausedAtMs;
		}
	}

	/** Ends the watching, and the stream where it has not ended by itself. */
	end(): void {
		this.isOver = true;
		this.signal?.removeEventListener('abort', this.onAbort);
		this.stream.destroy();
	}
}

export interface ReadLimits {
	clock: Clock;
	stallMs: number;
	signal: CancelSignal | undefined;
	maxBytes: number;
	/** Where an answer that grows large takes a place before it is read on. */
	largeAnswers?: Semaphore;
}

/** An answer larger than this, in bytes, is a large one. */
export const LARGE_ANSWER_BYTES = 16_000_000;

/** Places for large answers, for all executions together: a few of 128 MB at once fill an n8n's memory. */
export const largeAnswers = new Semaphore(2);

/**
 * Reads a stream whole.
 * @throws TransportError when it is larger than `maxBytes`, stalls, or breaks; CancelledError
 */
export async function readAll(stream: ByteStream, limits: ReadLimits): Promise<Buffer> {
	const guard = new StreamGuard(stream, limits.clock, limits.stallMs, limits.signal);
	const chunks: Uint8Array[] = [];
	let size = 0;
	let leave: (() => void) | undefined;
	try {
		for await (const chunk of stream) {
			guard.alive(chunk.byteLength);
			size += chunk.byteLength;
			if (size > limits.maxBytes)
				throw new TransportError(`The answer is larger than ${limits.maxBytes} bytes`, 'EMSGSIZE');
			chunks.push(chunk);
			if (size > LARGE_ANSWER_BYTES && limits.largeAnswers)
				leave ??= await guard.pause(limits.largeAnswers.take(limits.signal));
		}
		return Buffer.concat(chunks, size);
	} finally {
		leave?.();
		guard.end();
	}
}

/**
 * Reads a stream's beginning, and ends it there.
 * @returns at least `wantedBytes` bytes, or all there are
 */
export async function readBeginning(chunks: AsyncIterable<Uint8Array>, wantedBytes: number): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	let size = 0;
	// Leaving the loop ends the stream: that is what for-await does to an iterator it has not read to its end.
	for await (const chunk of chunks) {
		parts.push(chunk);
		size += chunk.byteLength;
		if (size >= wantedBytes) break;
	}
	return Buffer.concat(parts);
}

/**
 * Reads bytes from the midst of a stream, and ends it there; what comes before is not kept.
 * @returns `wantedBytes` bytes, or as many as there are
 */
export async function readFrom(
	chunks: AsyncIterable<Uint8Array>,
	offset: number,
	wantedBytes: number,
): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	let position = 0;
	for await (const chunk of chunks) {
		const start = Math.max(0, offset - position);
		position += chunk.byteLength;
		if (start < chunk.byteLength) parts.push(chunk.subarray(start));
		if (position >= offset + wantedBytes) break;
	}
	return Buffer.concat(parts).subarray(0, wantedBytes);
}
