import { sleep } from 'n8n-workflow';
import type { Clock } from '../api/time/clock';

/**
 * A clock that is right when the run starts and monotonic from then on: setting the system clock back an hour must not
 * turn a pause of seconds into an hour. n8n's `sleep` is the only timer a community node may use.
 */
export function startClock(): Clock {
	const epochMs = Date.now() - performance.now();
	return {
		nowMs: () => epochMs + performance.now(),
		sleepMs: async (ms) => await sleep(ms),
	};
}
