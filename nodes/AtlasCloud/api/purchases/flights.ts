import type { CancelSignal } from '../time/cancellation';
import type { Clock } from '../time/clock';
import { Semaphore } from '../time/semaphore';
import { Flight } from './flight';
import { inFlightWindowOf, type InFlightWindow } from './inFlightWindow';

export interface FlightsOptions {
	/** Identifies base URL and API key without revealing them. */
	account: string;
	/** Never more in flight than this in the run; null if only the service decides. */
	hardLimit: number | null;
	clock: Clock;
	/** Cancel of the execution, or stop of the batch. */
	signal: CancelSignal | undefined;
}

/** What kept a run from having more in flight. */
export type HeldBackBy = 'option' | 'service' | 'refusals' | 'nothing';

/** Until one of a run's own predictions has succeeded, the run may be one that always fails: this many may be bought. */
const MAX_BEFORE_SUCCESS = 20;

/** Purchases that only submit leave the service's queue to others: this many of their requests are sent at once. */
const DEFAULT_SUBMITS_AT_ONCE = 20;

/** Prepared (read, uploaded) ahead of those in flight: at least this many, or a share of the window. */
const MIN_PREPARING = 8;
const PREPARING_SHARE = 0.25;

/** The purchases of one run between their preparation and their end, as many at once as is allowed. */
export class Flights {
	readonly preparing: Semaphore;

	/** What the run itself allows, whatever the service would. */
	readonly ofRun: Semaphore;

	readonly submitsOnly: Semaphore;

	private readonly windows = new Map<string, InFlightWindow>();

	private hasSuccess = false;

	private inFlight = 0;

	private maxInFlight = 0;

	constructor(readonly options: FlightsOptions) {
		const hardLimit = options.hardLimit ?? Infinity;
		this.preparing = new Semaphore(() => Math.min(hardLimit, this.maxPreparing));
		this.ofRun = new Semaphore(() => Math.min(hardLimit, this.hasSuccess ? Infinity : MAX_BEFORE_SUCCESS));
		this.submitsOnly = new Semaphore(options.hardLimit ?? DEFAULT_SUBMITS_AT_ONCE);
	}

	/**
	 * Waits until one more purchase may be prepared.
	 * @param isSubmitOnly nobody will wait for the prediction
	 * @throws CancelledError
	 */
	async prepare(isSubmitOnly: boolean): Promise<Flight> {
		return new Flight(this, isSubmitOnly, await this.preparing.acquire(this.options.signal));
	}

	windowOf(model: string): InFlightWindow {
		const { account, clock } = this.options;
		const window = inFlightWindowOf(account, model, clock.nowMs());
		this.windows.set(model, window);
		return window;
	}

	began(): void {
		this.maxInFlight = Math.max(this.maxInFlight, ++this.inFlight);
	}

	ended(succeeded: boolean): void {
		this.inFlight--;
		this.hasSuccess ||= succeeded;
		this.ofRun.recheck();
		this.preparing.recheck();
	}

	/** How many of this run were in flight at once, at most, and what held it back. */
	summary(): { peak: number; heldBackBy: HeldBackBy } {
		const controls = [...this.windows.values()].map(({ control }) => control);
		const peak = Math.min(this.maxInFlight, ...(controls.length === 1 ? [controls[0].peak] : []));
		if (this.maxInFlight >= (this.options.hardLimit ?? Infinity)) return { peak, heldBackBy: 'option' };
		const causes = controls.map(({ limitedBy }) => limitedBy);
		if (causes.includes('refusals')) return { peak, heldBackBy: 'refusals' };
		return { peak, heldBackBy: causes.includes('service') ? 'service' : 'nothing' };
	}

	private get maxPreparing(): number {
		const sizes = [...this.windows.values()].map(({ control }) => control.maxInFlight);
		return Math.max(MIN_PREPARING, Math.ceil(PREPARING_SHARE * Math.max(0, ...sizes)));
	}
}
