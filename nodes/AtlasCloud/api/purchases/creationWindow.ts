import type { TimeSpan } from '../http/atlasClock';

/** When a submit was in flight, on our clock. */
export interface FlightTimes {
	sentAtMs: number;
	/** When its answer came, was lost or was given up on. */
	endedAtMs: number;
}

/** How far a creation time may lie outside the flight: clocks differ a little, and a gateway may hold a request back. */
const EARLY_MS = 5_000;
const LATE_MS = 30_000;

/** When a submit's prediction can have been created. Outside of it, it is another purchase with the same body. */
export function creationWindow({ sentAtMs, endedAtMs }: FlightTimes): TimeSpan {
	return { fromMs: sentAtMs - EARLY_MS, toMs: endedAtMs + LATE_MS };
}

/** Whether a submit may have created a prediction of the same body, judging by when that was created. */
export function mayHaveCreated(submit: FlightTimes, created: TimeSpan): boolean {
	const { fromMs, toMs } = creationWindow(submit);
	return fromMs <= created.toMs && created.fromMs <= toMs;
}
