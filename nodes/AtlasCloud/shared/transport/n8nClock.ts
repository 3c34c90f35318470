import { sleep } from 'n8n-workflow';
import type { Clock } from '../../api/flow/clock';

/**
 * Real time for one run: right when the run starts, and monotonic from then on. A clock that is set back an hour would
 * otherwise make a pause of seconds last an hour. n8n's `sleep` is all the timer that a community node may use.
 */
export function startClock(): Clock {
	const epochMs = Date.now() - performance.now();
	return {
		nowMs: () => epochMs + performance.now(),
		sleepMs: async (ms) => await sleep(ms),
	};
}
