import type { CancelSignal } from './cancellation';
import { throwIfAborted } from './clock';
import { CancelledError } from '../errors';

/** Lets a number of workers in at once, first come first served. */
export class Semaphore {
	private taken = 0;

	private readonly queue: Array<() => void> = [];

	constructor(private readonly count: number) {}

	/** Takes a place, waiting for one; the returned function gives it back (once, however often it is called). */
	async take(signal: CancelSignal | undefined): Promise<() => void> {
		throwIfAborted(signal);
		if (this.taken < this.count) {
			this.taken++;
		} else {
			await new Promise<void>((resolve, reject) => {
				const onAbort = () => {
					this.queue.splice(this.queue.indexOf(enter), 1);
					reject(new CancelledError());
				};
				// The place is handed over by who leaves: `taken` stays as it is.
				const enter = () => {
					signal?.removeEventListener('abort', onAbort);
					resolve();
				};
				signal?.addEventListener('abort', onAbort, { once: true });
				this.queue.push(enter);
			});
		}
		let isGiven = false;
		return () => {
			if (isGiven) return;
			isGiven = true;
			const next = this.queue.shift();
			if (next) next();
			else this.taken--;
		};
	}

	/** Does the work while holding a place. */
	async use<T>(signal: CancelSignal | undefined, work: () => Promise<T>): Promise<T> {
		const leave = await this.take(signal);
		try {
			return await work();
		} finally {
			leave();
		}
	}
}
