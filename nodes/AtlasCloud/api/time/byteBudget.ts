import { CancelledError } from '../errors';
import type { CancelSignal } from './cancellation';
import { throwIfAborted } from './clock';

interface Waiting {
	bytes: number;
	start: () => void;
}

/** Limits how many bytes are held in memory at a time. */
export class ByteBudget {
	private heldBytes = 0;

	private readonly queue: Waiting[] = [];

	constructor(private readonly maxBytes: number) {}

	/** @returns releases the bytes, only once; null if there is no room now */
	tryAcquire(bytes: number): (() => void) | null {
		return this.queue.length === 0 && this.hasRoomFor(bytes) ? this.take(bytes) : null;
	}

	/**
	 * Waits for room, first come, first served. More bytes than the whole budget wait until they are alone.
	 * @returns releases the bytes, only once
	 * @throws CancelledError
	 */
	async acquire(bytes: number, signal: CancelSignal | undefined): Promise<() => void> {
		throwIfAborted(signal);
		const cappedBytes = Math.min(bytes, this.maxBytes);
		const release = this.tryAcquire(cappedBytes);
		if (release) return release;
		return await new Promise((resolve, reject) => {
			const onAbort = () => {
				this.queue.splice(this.queue.indexOf(waiting), 1);
				this.startNext();
				reject(new CancelledError());
			};
			const waiting = {
				bytes: cappedBytes,
				start: () => {
					signal?.removeEventListener('abort', onAbort);
					resolve(this.take(cappedBytes));
				},
			};
			signal?.addEventListener('abort', onAbort, { once: true });
			this.queue.push(waiting);
		});
	}

	private hasRoomFor(bytes: number): boolean {
		return this.heldBytes + bytes <= this.maxBytes;
	}

	private take(bytes: number): () => void {
		this.heldBytes += bytes;
		let isReleased = false;
		return () => {
			if (isReleased) return;
			isReleased = true;
			this.heldBytes -= bytes;
			this.startNext();
		};
	}

	private startNext(): void {
		while (this.queue.length > 0 && this.hasRoomFor(this.queue[0].bytes)) this.queue.shift()?.start();
	}
}
