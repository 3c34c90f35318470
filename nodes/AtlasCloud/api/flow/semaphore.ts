import { CancelledError } from '../errors';
import type { CancelSignal } from './cancellation';
import { throwIfAborted } from './clock';

/** Lets a limited number of workers in at once, first come, first served. */
export class Semaphore {
	private acquired = 0;

	private readonly queue: Array<() => void> = [];

	constructor(private readonly permits: number) {}

	/**
	 * Waits for a permit.
	 * @returns releases it; only the first call counts
	 * @throws CancelledError
	 */
	async acquire(signal: CancelSignal | undefined): Promise<() => void> {
		throwIfAborted(signal);
		if (this.acquired < this.permits) this.acquired++;
		else await this.waitInQueue(signal);
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

	private async waitInQueue(signal: CancelSignal | undefined): Promise<void> {
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
			this.queue.push(onPermit);
		});
	}

	private release(): void {
		const onPermit = this.queue.shift();
		// A permit passes directly to the next in the queue, so that nobody can jump it.
		if (onPermit) onPermit();
		else this.acquired--;
	}
}
