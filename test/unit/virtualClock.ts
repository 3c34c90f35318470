import type { Clock } from '../../nodes/AtlasCloud/api/time/clock';
import { Agenda } from './agenda';

/** Time that passes only when everybody sleeps: a schedule of minutes takes milliseconds, and is repeatable. */
export class VirtualClock implements Clock {
	readonly agenda: Agenda;

	/** @param depth how often work that waits for promises only is let continue before time passes */
	constructor(
		timeMs = 1_700_000_000_000,
		private readonly depth = 3,
	) {
		this.agenda = new Agenda(timeMs);
	}

	nowMs(): number {
		return this.agenda.nowMs;
	}

	async sleepMs(ms: number): Promise<void> {
		await new Promise<void>((resolve) => this.agenda.at(this.nowMs() + ms, resolve));
	}

	/** Lets time pass until the work is done. */
	async until<T>(work: Promise<T>): Promise<T> {
		let isDone = false;
		const observed = work.finally(() => (isDone = true));
		observed.catch(() => {});
		for (;;) {
			for (let i = 0; i < this.depth; i++) await new Promise((resolve) => setImmediate(resolve));
			if (isDone) return await observed;
			if (this.agenda.isEmpty) throw new Error('Nobody sleeps, and the work is not done: it waits forever');
			this.agenda.step();
		}
	}

	/** Lets this much time pass. */
	async pass(ms: number): Promise<void> {
		await this.until(this.sleepMs(ms));
	}
}
