import { CancelledError } from '../errors';
import type { CancelSignal } from './cancellation';
import { throwIfAborted } from './clock';

/** Lets a limited number of workers in at once, first come, first served. */
export class Semaphore {
	private acquired = 0;

	private readonly queue: Array<() => void> = [];

	private readonly maxAcquired: () => number;

	/** @param permits a number, or a function that is read whenever it matters; see {@link recheck} */
	constructor(permits: number | (() => number)) {
		this.maxAcquired = typeof permits === 'number' ? () => permits : permits;
	}

	/** How many permits are in use now. */
	get inUse(): number {
		return this.acquired;
	}

	/** How many wait for a permit. */
	get waiting(): number {
		return this.queue.length;
	}

	/**
	 * Waits for a permit.
	 * @param isNext whether to wait ahead of all others
	 * @returns releases it; only the first call counts
	 * @throws CancelledError
	 */
	async acquire(signal: CancelSignal | undefined, isNext = false): Promise<() => void> {
		throwIfAborted(signal);
		const release = this.tryAcquire(isNext);
		if (release) return release;
		await this.waitInQueue(signal, isNext);
		return this.createRelease();
	}

	/** @returns releases the permit; null if there is none now */
	tryAcquire(isNext = false): (() => void) | null {
		const isFree = this.acquired < this.maxAcquired() && (isNext || this.queue.length === 0);
		return isFree ? this.take() : null;
	}

	/** Takes a permit without waiting, even if there is none left. @returns releases it; only the first call counts */
	take(): () => void {
		this.acquired++;
		return this.createRelease();
	}

	/** Call when the number of permits may have grown. */
	recheck(): void {
		while (this.acquired < this.maxAcquired()) {
			const onPermit = this.queue.shift();
			if (!onPermit) return;
			// Counted here, so that nobody can jump the queue.
			this.acquired++;
			onPermit();
		}
	}

	private createRelease(): () => void {
		let isReleased = false;
		return () => {
			if (isReleased) return;
			isReleased = true;
			this.release();
		};
	}

	/** Does the work while holding a permit. */
	async use<T>(signal: CancelSignal | undefined, work: () => Promise<T>): Promise<T> {
		const release = await this.acquire(signal);
		try {
			return await work();
		} finally {
			release();
		}
	}

	private async waitInQueue(signal: CancelSignal | undefined, isNext: boolean): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			const onAbort = () => {
				this.queue.splice(this.queue.indexOf(onPermit), 1);
				reject(new CancelledError());
			};
			const onPermit = () => {
				signal?.removeEventListener('abort', onAbort);
				resolve();
			};
			signal?.addEventListener('abort', onAbort, { once: true });
			if (isNext) this.queue.unshift(onPermit);
			else this.queue.push(onPermit);
		});
	}

	private release(): void {
		this.acquired--;
		this.recheck();
	}
}
