import type { SandboxClock } from './types';

/** The real clock, whose sleeps end when the sandbox closes so that no timer outlives it. */
export class RealClock implements SandboxClock {
	private readonly sleepers = new Map<NodeJS.Timeout, () => void>();

	nowMs(): number {
		return Date.now();
	}

	async sleepMs(ms: number): Promise<void> {
		await new Promise<void>((resolve) => {
			const timer = setTimeout(() => {
				this.sleepers.delete(timer);
				resolve();
			}, ms);
			this.sleepers.set(timer, resolve);
		});
	}

	/** Wakes every sleeper at once. */
	stop(): void {
		for (const [timer, resolve] of this.sleepers) {
			clearTimeout(timer);
			resolve();
		}
		this.sleepers.clear();
	}
}
