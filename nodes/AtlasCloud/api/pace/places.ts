import type { CancelSignal, Clock } from '../time/clock';
import type { Permit, WaitLimits } from './rateLimiter';
import { Semaphore } from '../time/semaphore';
import { START, type EndedPrediction, type Mark } from './concurrency';
import { laneOf, type Entry, type Lane, type Share } from './lane';

/** Prepared (read, uploaded) ahead of those in flight: this share of the limit. */
const PREPARING_SHARE = 0.4;

export interface PlacesOptions {
	/** Identifies base URL and API key without revealing them. */
	account: string;
	/** Never more in flight than this in the run; null if only the service decides. */
	hardLimit: number | null;
	clock: Clock;
	/** Cancel of the execution, or stop of the batch. */
	signal: CancelSignal | undefined;
}

/** What is to be bought. */
export interface PlaceRequest {
	model: string;
	/** Requests of a model that share it take about the same time. */
	shape: string;
	/** `wait`: until it is over. `leave`: nobody waits for it, and only the number of requests is limited. */
	then: 'wait' | 'leave';
}

/** What kept a run from having more in flight. */
export type HeldBackBy = 'option' | 'service' | 'refusals' | 'rate' | 'nothing';

/** The purchases of one run between their preparation and their end: as many as the run, and its lanes, allow. */
export class Places {
	private readonly preparing: Semaphore;

	private readonly lanes = new Map<Lane, Share>();

	private readonly hardLimit: number;

	private readonly inFlight = { wait: 0, leave: 0 };

	private hasSuccess = false;

	private maxInFlight = 0;

	private order = 0;

	constructor(readonly options: PlacesOptions) {
		this.hardLimit = options.hardLimit ?? Infinity;
		this.preparing = new Semaphore(() => {
			const limits = [...this.lanes.keys()].map(({ concurrency }) => concurrency.maxInFlight);
			return Math.min(this.hardLimit, Math.ceil(PREPARING_SHARE * Math.max(START, ...limits)));
		});
	}

	/**
	 * Waits until one more purchase may be prepared: no more is read and uploaded than will soon be submitted.
	 * @throws CancelledError
	 */
	async prepare(purchase: PlaceRequest): Promise<Place> {
		const { account, clock, signal } = this.options;
		const releasePreparing = await this.preparing.acquire(signal);
		const lane = laneOf(account, purchase.model, clock);
		const share = this.lanes.get(lane) ?? { inFlight: 0, lastTurn: 0 };
		this.lanes.set(lane, share);
		return new Place(this, lane, share, purchase, this.order++, releasePreparing);
	}

	/** Whether the run lets one more in. */
	mayEnter(then: PlaceRequest['then']): boolean {
		// Those that nobody waits for leave the service's queue to others: only requests at once are limited.
		if (then === 'leave') return this.inFlight.leave < (this.options.hardLimit ?? START);
		// Until one of its own predictions has succeeded, a run may be one that always fails.
		return this.inFlight.wait < Math.min(this.hardLimit, this.hasSuccess ? Infinity : START);
	}

	/** A place was taken. */
	taken(then: PlaceRequest['then']): void {
		this.inFlight[then]++;
	}

	/** A prediction exists, and somebody will wait for it. */
	began(): void {
		this.maxInFlight = Math.max(this.maxInFlight, this.inFlight.wait);
	}

	/** A place was given back. */
	ended(then: PlaceRequest['then'], succeeded: boolean): void {
		this.inFlight[then]--;
		this.hasSuccess ||= succeeded;
		this.preparing.recheck();
		// The run's own limit is one for all of its lanes.
		for (const lane of this.lanes.keys()) lane.serve();
	}

	/** How many of this run were in flight at once, at most, and what held it back. */
	summary(): { peak: number; heldBackBy: HeldBackBy } {
		const lanes = [...this.lanes.keys()];
		const peaks = lanes.length === 1 ? [lanes[0].concurrency.peak] : [];
		return { peak: Math.min(this.maxInFlight, ...peaks), heldBackBy: this.heldBackBy(lanes) };
	}

	private heldBackBy(lanes: Lane[]): HeldBackBy {
		if (this.maxInFlight >= this.hardLimit) return 'option';
		const causes = lanes.map(({ concurrency }) => concurrency.limitedBy);
		if (causes.includes('refusals')) return 'refusals';
		if (causes.includes('service')) return 'service';
		return lanes.some(({ submits }) => submits.rate < Infinity) ? 'rate' : 'nothing';
	}
}

/** A permit with an outcome: whoever holds it says what came of its submit, and when it is over. */
export class Place implements Entry {
	readonly isCounted: boolean;

	private permit: Permit | null = null;

	private mark: Mark | null = null;

	private isTaken = false;

	constructor(
		private readonly places: Places,
		private readonly lane: Lane,
		readonly share: Share,
		private readonly purchase: PlaceRequest,
		readonly order: number,
		private readonly releasePreparing: () => void,
	) {
		this.isCounted = purchase.then === 'wait';
	}

	get mayEnter(): boolean {
		return this.places.mayEnter(this.purchase.then);
	}

	/**
	 * Waits until its submit may leave, once. Call it again for each further attempt.
	 * @param limits on the run's clock
	 * @returns false if that is not within the limits
	 * @throws CancelledError
	 */
	async enter({ deadlineMs = Infinity, maxPauseMs }: WaitLimits = {}): Promise<boolean> {
		this.giveBack(null);
		const { clock, signal } = this.places.options;
		const limits = { deadlineMs: this.lane.nowMs() + deadlineMs - clock.nowMs(), maxPauseMs };
		this.permit = await this.lane.enter(this, limits, signal);
		return this.permit !== null;
	}

	/** Takes a place for what may be in flight already, whatever the limit is. */
	resume(): void {
		if (this.isTaken) return;
		this.lane.take(this);
		this.began(null);
	}

	taken(): void {
		this.isTaken = true;
		this.places.taken(this.purchase.then);
		this.releasePreparing();
	}

	/**
	 * The answer to its submit: `accepted`, 429 with its `Retry-After` in ms, or any other, or none. After a 429 it has no
	 * place any more: call {@link enter} again. A 429 that is in doubt may be a gateway's: only the rate follows it.
	 */
	answered(outcome: 'accepted' | 'other' | { retryAfterMs: number | null; isInDoubt?: boolean }): void {
		const { permit, lane } = this;
		this.permit = null;
		if (!permit) return;
		if (outcome === 'accepted') {
			permit.accepted();
			this.began(permit.acquiredAtMs);
		} else if (outcome === 'other') {
			permit.released();
			this.began(null);
		} else {
			const { retryAfterMs, isInDoubt } = outcome;
			const isForNumber = !isInDoubt && this.isCounted && lane.concurrency.refused(lane.nowMs());
			permit.rejected(retryAfterMs, isForNumber);
			if (isInDoubt) this.began(null);
			else this.giveBack(null);
		}
		lane.serve();
	}

	private began(sentAtMs: number | null): void {
		if (!this.isCounted) return;
		this.mark = this.lane.concurrency.began(this.purchase.shape, sentAtMs, this.lane.nowMs());
		this.places.began();
	}

	/** Whether it waits in the service's queue, as far as is known. */
	get isQueued(): boolean {
		return this.mark !== null && !this.lane.concurrency.hasBegun(this.mark);
	}

	/**
	 * The purchase is over, or waits for something else: the next one gets its place, if it has one.
	 * @param prediction as it completed; null if it did not
	 */
	leave(prediction: EndedPrediction | null = null): void {
		this.releasePreparing();
		this.giveBack(prediction);
	}

	private giveBack(prediction: EndedPrediction | null): void {
		const { lane, permit, mark } = this;
		if (!this.isTaken) return;
		this.isTaken = false;
		this.permit = this.mark = null;
		permit?.released();
		// A refused submit was never in flight: its pause goes on.
		if (mark) lane.concurrency.ended(mark, lane.nowMs(), prediction);
		lane.giveBack(this);
		this.places.ended(this.purchase.then, prediction !== null);
	}
}
