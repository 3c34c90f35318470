import type { CancelSignal, Clock } from '../time/clock';
import { Semaphore } from '../time/semaphore';
import { TransportError, MIN_BYTES_PER_SECOND, type ByteStream } from './http';
import { CancelledError } from '../errors';

export interface ReadLimits {
	clock: Clock;
	stallMs: number;
	signal: CancelSignal | undefined;
	maxBytes: number;
	/** As the `Content-Length` header says; null if it does not. */
	announcedBytes?: number | null;
	/** Limits how many bytes answers above {@link LARGE_ANSWER_BYTES} may have that are read at once. */
	largeAnswers?: Semaphore;
}

export const LARGE_ANSWER_BYTES = 500_000;

/** What a large answer counts as while its length is not known. */
export const UNKNOWN_ANSWER_BYTES = 16_000_000;

/** Shared by all executions: a hundred answers with an image of 8 MB each would fill the memory of an n8n. */
export const largeAnswers = new Semaphore(2 * UNKNOWN_ANSWER_BYTES);

/** Reads a whole stream. @throws TransportError if it is larger than `maxBytes`, stalls, or breaks; CancelledError */
export async function readAll(stream: ByteStream, limits: ReadLimits): Promise<Buffer> {
	const guard = new StreamGuard(stream, limits.clock, limits.stallMs, limits.signal);
	const chunks: Uint8Array[] = [];
	let size = 0;
	let release: (() => void) | undefined;
	try {
		for await (const chunk of stream) {
			guard.received(chunk.byteLength);
			size += chunk.byteLength;
			if (size > limits.maxBytes)
				throw new TransportError(`The answer is larger than ${limits.maxBytes} bytes`, 'EMSGSIZE');
			chunks.push(chunk);
			if (size > LARGE_ANSWER_BYTES && limits.largeAnswers) {
				const bytes = limits.announcedBytes ?? UNKNOWN_ANSWER_BYTES;
				release ??= await guard.pauseDuring(limits.largeAnswers.acquire(limits.signal, bytes));
			}
		}
		return Buffer.concat(chunks, size);
	} finally {
		release?.();
		guard.end();
	}
}

/**
 * Reads a part of a stream, by default its beginning, then ends it. What comes before is not kept.
 * @returns `wantedBytes` bytes, or as many as there are
 */
export async function readPart(
	chunks: AsyncIterable<Uint8Array>,
	wantedBytes: number,
	offset = 0,
): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	let position = 0;
	// Leaving the loop early makes for-await end the stream.
	for await (const chunk of chunks) {
		const start = Math.max(0, offset - position);
		position += chunk.byteLength;
		if (start < chunk.byteLength) parts.push(chunk.subarray(start));
		if (position >= offset + wantedBytes) break;
	}
	return Buffer.concat(parts).subarray(0, wantedBytes);
}

/**
 * Reads the beginning of a stream without ending it.
 * @returns at least `wantedBytes` bytes, or all there are; and all chunks, including those
 */
export async function peek(
	stream: AsyncIterable<Uint8Array>,
	wantedBytes: number,
): Promise<{ beginning: Uint8Array; chunks: AsyncIterable<Uint8Array> }> {
	const iterator = stream[Symbol.asyncIterator]();
	const parts: Uint8Array[] = [];
	let size = 0;
	while (size < wantedBytes) {
		const next = await iterator.next();
		if (next.done) break;
		parts.push(next.value);
		size += next.value.byteLength;
	}
	const chunks = (async function* () {
		try {
			yield* parts;
			for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
		} finally {
			await iterator.return?.();
		}
	})();
	return { beginning: Buffer.concat(parts), chunks };
}

const CHECK_INTERVAL_MS = 1_000;

/** Ends a stream that stalls, trickles, or outlives its execution. n8n does none of this once an answer has begun. */
export class StreamGuard {
	private lastChunkMs: number;

	private startMs: number;

	private receivedBytes = 0;

	private isPaused = false;

	/** Null when it is over: the timer of the next check cannot be cleared, and would keep the stream for that long. */
	private stream: ByteStream | null;

	private readonly onAbort = () => this.stream?.destroy(new CancelledError());

	/** @param stallMs milliseconds without a chunk after which the stream is ended; also how long it may be slow in all */
	constructor(
		stream: ByteStream,
		private readonly clock: Clock,
		private readonly stallMs: number,
		private readonly signal: CancelSignal | undefined,
	) {
		this.startMs = this.lastChunkMs = clock.nowMs();
		this.stream = stream;
		if (signal?.aborted) this.onAbort();
		signal?.addEventListener('abort', this.onAbort, { once: true });
		void this.checkRepeatedly();
	}

	private async checkRepeatedly(): Promise<void> {
		while (this.stream) {
			await this.clock.sleepMs(Math.min(CHECK_INTERVAL_MS, this.stallMs));
			if (!this.isPaused && this.isTooSlow()) {
				this.stream?.destroy(new TransportError('The connection stalled', 'ETIMEDOUT'));
			}
		}
	}

	private isTooSlow(): boolean {
		const nowMs = this.clock.nowMs();
		const allowedMs = this.stallMs + (this.receivedBytes / MIN_BYTES_PER_SECOND) * 1_000;
		return nowMs - this.lastChunkMs > this.stallMs || nowMs - this.startMs > allowedMs;
	}

	/** Reports that a chunk of this many bytes has arrived. */
	received(bytes: number): void {
		this.lastChunkMs = this.clock.nowMs();
		this.receivedBytes += bytes;
	}

	/** Waits for something other than the stream: that time does not count. */
	async pauseDuring<T>(work: Promise<T>): Promise<T> {
		const pausedAtMs = this.clock.nowMs();
		this.isPaused = true;
		try {
			return await work;
		} finally {
			this.isPaused = false;
			this.lastChunkMs = this.clock.nowMs();
			this.startMs += this.lastChunkMs - pausedAtMs;
		}
	}

	/** Stops guarding, and closes the stream if it has not ended. */
	end(): void {
		this.signal?.removeEventListener('abort', this.onAbort);
		this.stream?.destroy();
		this.stream = null;
	}
}
