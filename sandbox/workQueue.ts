/** Lets so many jobs run at once. Once closed, what has not begun never does. */
export class WorkQueue {
	private readonly waiting: Array<() => void> = [];
	private readonly running = new Set<Promise<unknown>>();
	private free: number;
	private closed = false;

	constructor(atOnce: number) {
		this.free = atOnce;
	}

	async run<T>(job: () => Promise<T>): Promise<T> {
		if (this.free > 0) this.free -= 1;
		else await new Promise<void>((resolve) => this.waiting.push(resolve));
		try {
			if (this.closed) throw new Error('the sandbox is closed');
			const work = job();
			this.running.add(work);
			return await work.finally(() => this.running.delete(work));
		} finally {
			const next = this.waiting.shift();
			if (next) next();
			else this.free += 1;
		}
	}

	/** Waits only for what is being worked on now. */
	async close(): Promise<void> {
		this.closed = true;
		await Promise.allSettled(this.running);
	}
}
