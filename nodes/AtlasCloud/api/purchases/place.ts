import type { CancelSignal } from '../flow/cancellation';
import type { Semaphore } from '../flow/semaphore';

/** A purchase's place: first among those being prepared, then among those in flight. */
export class Place {
	private isInFlight = false;

	/** @param release gives up the place among those being prepared */
	constructor(
		private release: () => void,
		private readonly inFlight: Semaphore,
		private readonly signal: CancelSignal | undefined,
	) {}

	/**
	 * Moves on to those in flight. Until there is a place, the old one is kept, so that no more is uploaded than will
	 * soon be submitted.
	 * @throws CancelledError
	 */
	async moveInFlight(): Promise<void> {
		if (this.isInFlight) return;
		const release = await this.inFlight.acquire(this.signal);
		this.release();
		this.release = release;
		this.isInFlight = true;
	}

	leave(): void {
		this.release();
	}
}
