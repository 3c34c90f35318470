import { sleep } from 'n8n-workflow';
import type { Clock } from '../../api/clock';

/** Real time. n8n's `sleep` is all the timer that a community node may use. */
export const n8nClock: Clock = {
	nowMs: () => Date.now(),
	sleepMs: async (ms) => await sleep(ms),
};
