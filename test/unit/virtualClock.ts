import type { Clock } from '../../nodes/AtlasCloud/api/time/clock';

/** Time that passes only when everybody sleeps: a schedule of minutes takes milliseconds, and is repeatable. */
export class VirtualClock implements Clock {
	private sleepers: Array<{ atMs: number; wake: () => void }> = [];

	constructor(private timeMs = 1_700_000_000_000) {}

	nowMs(): number {
		return this.timeMs;
	}

	async sleepMs(ms: number): Promise<void> {
		const atMs = this.timeMs + ms;
		await new Promise<void>((resolve) => this.sleepers.push({ atMs, wake: resolve }));
	}

	/** Lets time pass until the work is done. */
	async until<T>(work: Promise<T>): Promise<T> {
		let isDone = false;
		const observed = work.finally(() => (isDone = true));
		observed.catch(() => {});
		while (!isDone) {
			await settle();
			if (!isDone) this.next();
		}
		return await observed;
	}

	/** Lets this much time pass. */
	async pass(ms: number): Promise<void> {
		await this.until(this.sleepMs(ms));
	}

	private next(): void {
		if (this.sleepers.length === 0)
			throw new Error('Nobody sleeps, and the work is not done: it waits forever');
		const atMs = Math.min(...this.sleepers.map((sleeper) => sleeper.atMs));
		const due = this.sleepers.filter((sleeper) => sleeper.atMs <= atMs);
		this.sleepers = this.sleepers.filter((sleeper) => sleeper.atMs > atMs);
		this.timeMs = Math.max(this.timeMs, atMs);
		for (const { wake } of due) wake();
	}
}

/** Lets everything continue that waits for promises only. */
async function settle(): Promise<void> {
	for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
