import { Cancellation } from '../time/cancellation';
import { pauseMs, throwIfAborted } from '../time/clock';
import type { Prediction } from '../predictions/prediction';
import type { QueueView } from '../predictions/waitingPrediction';
import type { Flights } from './flights';
import type { InFlightWindow } from './inFlightWindow';

/** While a purchase waits for its place, the time is told to the window this often, in ms. */
const UPDATE_MS = 1_000;

const nothing = () => {};

/**
 * One purchase from its preparation to its end: first among those being prepared, then in flight. It reports to the
 * window what comes of it.
 */
export class Flight implements QueueView {
	private releaseOfRun = nothing;

	private releasePlace = nothing;

	private window: InFlightWindow | null = null;

	private isResumed = false;

	private predictionId: string | null = null;

	private isOver = false;

	/**
	 * @param isSubmitOnly nobody will wait for the prediction: only the number of requests is limited
	 * @param releasePreparing gives up the place among those being prepared
	 */
	constructor(
		private readonly flights: Flights,
		private readonly isSubmitOnly: boolean,
		private readonly releasePreparing: () => void,
	) {}

	/**
	 * Waits for a place in flight. Until there is one, the place among those being prepared is kept, so that no more is
	 * uploaded than will soon be submitted.
	 * @throws CancelledError
	 */
	async enter(model: string): Promise<void> {
		await this.enterRun();
		if (!this.isSubmitOnly && (!this.window || this.isResumed)) {
			this.isResumed = false;
			this.releasePlace();
			this.window = this.flights.windowOf(model);
			await this.waitForPlace(Infinity, false);
		}
		this.releasePreparing();
	}

	/** Takes a place for what may be in flight already: the service's limit is none for it. @throws CancelledError */
	async resume(model: string): Promise<void> {
		await this.enterRun();
		if (!this.isSubmitOnly && !this.window) {
			this.window = this.flights.windowOf(model);
			this.releasePlace = this.window.places.take();
			this.isResumed = true;
		}
		this.releasePreparing();
	}

	private async enterRun(): Promise<void> {
		if (this.releaseOfRun !== nothing) return;
		const { ofRun, submitsOnly, options } = this.flights;
		this.releaseOfRun = await (this.isSubmitOnly ? submitsOnly : ofRun).acquire(options.signal);
	}

	/**
	 * The submit was answered 429. Call {@link enterAgain} before the next attempt.
	 * @returns whether it may have been for the number in flight, not for the rate
	 */
	refused(): boolean {
		if (!this.window) return false;
		const { clock } = this.flights.options;
		const { control, places } = this.window;
		return control.rejected(clock.nowMs(), Math.max(0, places.inUse - 1 - control.inFlightCount));
	}

	/**
	 * Gives the place back and waits for it again, ahead of all others.
	 * @param deadlineMs our clock
	 * @returns false if there is none by the deadline
	 * @throws CancelledError
	 */
	async enterAgain(deadlineMs: number): Promise<boolean> {
		if (!this.window) return true;
		this.releasePlace();
		return await this.waitForPlace(deadlineMs, true);
	}

	private async waitForPlace(deadlineMs: number, isNext: boolean): Promise<boolean> {
		const { window } = this;
		if (!window) return true;
		const { clock, signal } = this.flights.options;
		throwIfAborted(signal);
		const release = window.places.tryAcquire(isNext);
		if (release) {
			this.releasePlace = release;
			return true;
		}
		const giveUp = new Cancellation(signal);
		let hasPlace = false;
		const acquired = window.places.acquire(giveUp, isNext).then((releasePlace) => {
			this.releasePlace = releasePlace;
			hasPlace = true;
		});
		try {
			const woken = acquired.catch(nothing);
			while (!hasPlace && clock.nowMs() < deadlineMs && !giveUp.aborted) {
				const leftMs = Math.min(UPDATE_MS, deadlineMs - clock.nowMs());
				await pauseMs(clock, leftMs, undefined, woken);
				window.update(clock.nowMs());
			}
			// It may get its place at the very moment that it gives up.
			if (!hasPlace) giveUp.abort();
			await woken;
			if (!hasPlace && !signal?.aborted) return false;
			await acquired;
			return true;
		} finally {
			giveUp.detach();
		}
	}

	/**
	 * The prediction exists, and somebody will wait for it.
	 * @param shape predictions of the same model and shape take about the same time
	 * @param sentAtMs our clock, when the submit left; null for one that an earlier attempt bought
	 */
	accepted(predictionId: string, shape: string, sentAtMs: number | null): void {
		if (!this.window || this.predictionId !== null) return;
		const nowMs = this.flights.options.clock.nowMs();
		this.predictionId = predictionId;
		this.window.control.submitted(predictionId, { key: shape, sentAtMs, nowMs });
		this.flights.began();
		this.window.update(nowMs);
	}

	get probeAtMs(): number | null {
		const probe = this.window?.control.probe ?? null;
		return probe !== null && probe.id === this.predictionId ? probe.atMs : null;
	}

	get unsubmittedCount(): number {
		const { preparing } = this.flights;
		return preparing.inUse + preparing.waiting;
	}

	get numberAtOnce(): number | null {
		return this.window?.control.numberAtOnce ?? null;
	}

	observed(rawStatus: string | null, nowMs: number): boolean {
		if (!this.window || this.predictionId === null) return false;
		return this.window.observed(this.predictionId, rawStatus, nowMs);
	}

	takeStartMs(nowMs: number): number {
		return this.window?.control.takeStartMs(nowMs) ?? nowMs;
	}

	get isWaiting(): boolean {
		if (!this.window || this.predictionId === null) return false;
		return !this.window.control.hasBegun(this.predictionId);
	}

	/**
	 * The purchase is over, or nobody waits for it any more: the next one gets its place.
	 * @param prediction as it completed; null if it did not
	 */
	leave(prediction: Prediction | null = null): void {
		if (this.isOver) return;
		this.isOver = true;
		this.reportEnd(prediction);
		this.releasePreparing();
		this.releasePlace();
		this.releaseOfRun();
		this.window?.update(this.flights.options.clock.nowMs());
	}

	private reportEnd(prediction: Prediction | null): void {
		if (!this.window || this.predictionId === null) return;
		const nowMs = this.flights.options.clock.nowMs();
		const succeeded = prediction !== null;
		this.window.control.finished(this.predictionId, { nowMs, succeeded, ...recordedTimes(prediction) });
		this.flights.ended(succeeded);
	}
}

function recordedTimes(prediction: Prediction | null): { workMs: number | null; totalMs: number | null } {
	const { predictTimeSeconds = null, createdAt, completedAt } = prediction ?? {};
	const totalMs = Date.parse(completedAt ?? '') - Date.parse(createdAt ?? '');
	return {
		workMs: predictTimeSeconds === null ? null : predictTimeSeconds * 1_000,
		totalMs: totalMs > 0 ? totalMs : null,
	};
}
