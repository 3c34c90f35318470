import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../../../nodes/AtlasCloud/api/flow/clock';
import { fastClock } from './fastTime';

/*
 * The fast clock of a machine whose clock is set anew between two runs of the node: within a run the node's clock never
 * jumps. A test's file puts this in the places of the real clock and time limits:
 *
 *     jest.mock('../../nodes/AtlasCloud/shared/transport/n8nClock', () => jest.requireActual('./money/jumpingTime'));
 *     jest.mock('../../nodes/AtlasCloud/api/http/timeouts', () => jest.requireActual('./money/jumpingTime'));
 */

interface Jumps {
	/** How far the clock is off in each run of the node, in turn, in seconds. */
	seconds: number[];
	runs: number;
}

/** Stories go beside each other in one process: each has a machine of its own. */
const machine = new AsyncLocalStorage<Jumps>();

/** Does some work on a machine whose clock is off by so many seconds in each run of the node, in turn. */
export async function whereTimeJumps<T>(seconds: number[], work: () => Promise<T>): Promise<T> {
	return await machine.run({ seconds, runs: 0 }, work);
}

export function startClock(): Clock {
	const jumps = machine.getStore();
	if (!jumps || jumps.seconds.length === 0) return fastClock;
	const offsetMs = jumps.seconds[jumps.runs++ % jumps.seconds.length] * 1_000;
	return {
		nowMs: () => fastClock.nowMs() + offsetMs,
		sleepMs: async (ms) => await fastClock.sleepMs(ms),
	};
}

// Nothing hangs in these stories, and ten seconds of a busy machine are ten minutes of the fast clock.
export const READ_TIMEOUT_MS = 600_000;
export const SUBMIT_TIMEOUT_MS = 600_000;
export const UPLOAD_TIMEOUT_MS = 600_000;
export const DOWNLOAD_TIMEOUT_MS = 600_000;
export { MAX_RETRY_AFTER_MS, MIN_BYTES_PER_SECOND, TIMEOUT_MARGIN_MS } from './fastTime';
