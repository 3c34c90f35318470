import { CancelledError } from '../errors';
import { throwIfAborted, type CancelSignal } from './clock';

/** Lets so many workers in at once, or holds so many bytes in memory: first come, first served. */
export class Semaphore {
	private inUse = 0;

	private readonly queue: Array<{ size: number; start: () => void }> = [];

	private readonly max: () => number;

	/** @param max a number, or a function that is read whenever it matters; see {@link recheck} */
	constructor(max: number | (() => number)) {
		this.max = typeof max === 'number' ? () => max : max;
	}

	/**
	 * Waits for room.
	 * @param size how much it takes. More than there is at all waits until it is alone
	 * @returns gives it back; only the first call counts
	 * @throws CancelledError
	 */
	async acquire(signal: CancelSignal | undefined, size = 1): Promise<() => void> {
		throwIfAborted(signal);
		const release = this.tryAcquire(size);
		if (release) return release;
		return await new Promise((resolve, reject) => {
			const onAbort = () => {
				this.queue.splice(this.queue.indexOf(waiting), 1);
				this.recheck();
				reject(new CancelledError());
			};
			const waiting = {
				size,
				start: () => {
					signal?.removeEventListener('abort', onAbort);
					resolve(this.take(size));
				},
			};
			signal?.addEventListener('abort', onAbort, { once: true });
			this.queue.push(waiting);
		});
	}

	/** Whether nothing is in use. */
	get isFree(): boolean {
		return this.inUse === 0;
	}

	/** @returns gives it back; null if there is no room now */
	tryAcquire(size = 1): (() => void) | null {
		return this.queue.length === 0 && this.hasRoomFor(size) ? this.take(size) : null;
	}

	/** Does the work while there is room for it. */
	async use<T>(signal: CancelSignal | undefined, work: () => Promise<T>, size = 1): Promise<T> {
		const release = await this.acquire(signal, size);
		try {
			return await work();
		} finally {
			release();
		}
	}

	/** Call when there may be more room. */
	recheck(): void {
		while (this.queue.length > 0 && this.hasRoomFor(this.queue[0].size)) this.queue.shift()?.start();
	}

	private hasRoomFor(size: number): boolean {
		return this.inUse === 0 || this.inUse + size <= this.max();
	}

	private take(size: number): () => void {
		this.inUse += size;
		let isReleased = false;
		return () => {
			if (isReleased) return;
			isReleased = true;
			this.inUse -= size;
			this.recheck();
		};
	}
}
