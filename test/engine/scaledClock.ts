import type { Clock } from '../../nodes/AtlasCloud/api/flow/clock';

/** How much faster than the real one the clock runs that tests give to node and sandbox. */
export const CLOCK_FACTOR = 20;

/** Real time, so many times as fast. */
export function fasterClock(factor: number): Clock {
	const startMs = Date.now();
	return {
		nowMs: () => startMs + (Date.now() - startMs) * factor,
		async sleepMs(ms) {
			await new Promise((resolve) => setTimeout(resolve, ms / factor));
		},
	};
}

/**
 * Real time, twenty times as fast: a second's schedule takes 50 ms. The sandbox takes it as an option
 * (`fastSandbox` does); the node, by this in a test's file:
 *
 *     jest.mock('../../nodes/AtlasCloud/shared/transport/n8nClock', () => jest.requireActual('./scaledClock'));
 */
export const scaledClock = fasterClock(CLOCK_FACTOR);

/** By the name that the node knows. */
export const startClock = (): Clock => scaledClock;
