import type { Clock } from '../../nodes/AtlasCloud/api/time/clock';
import { Agenda } from './agenda';

/** A file that is read or hashed needs one or two. */
const EVENT_LOOP_TURNS = 3;

/** Time that passes only when everybody sleeps: a schedule of minutes takes milliseconds, and is repeatable. */
export class VirtualClock implements Clock {
	readonly agenda: Agenda;

	/** @param waitsOnlyForPromises no streams or hashes: time then passes without a turn of Node's event loop */
	constructor(
		timeMs = 1_700_000_000_000,
		private readonly waitsOnlyForPromises = false,
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
			await this.othersContinue();
			if (isDone) return await observed;
			if (this.agenda.isEmpty) throw new Error('Nobody sleeps, and the work is not done: it waits forever');
			this.agenda.step();
		}
	}

	private async othersContinue(): Promise<void> {
		// Runs when no promise has anything left to do.
		if (this.waitsOnlyForPromises) return await new Promise((resolve) => process.nextTick(resolve));
		for (let turn = 0; turn < EVENT_LOOP_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
	}

	/** Lets this much time pass. */
	async pass(ms: number): Promise<void> {
		await this.until(this.sleepMs(ms));
	}
}
