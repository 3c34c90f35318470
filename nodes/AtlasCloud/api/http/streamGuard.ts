import { CancelledError } from '../errors';
import type { CancelSignal } from '../flow/cancellation';
import type { Clock } from '../flow/clock';
import { TransportError, type ByteStream } from './http';
import { MIN_BYTES_PER_SECOND } from './timeouts';

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
