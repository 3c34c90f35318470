import { getEventListeners } from 'node:events';
import {
	Cancellation,
	backoffMs,
	pauseMs,
	untilAborted,
	withinMs,
} from '../../nodes/AtlasCloud/api/time/clock';
import { isCollected } from './garbage';
import { VirtualClock } from './virtualClock';

describe('a pause', () => {
	it('takes its time, sleeps in short steps, and ends early when woken', async () => {
		const clock = new VirtualClock();
		const slept: number[] = [];
		const counting = {
			nowMs: () => clock.nowMs(),
			sleepMs: async (ms: number) => {
				slept.push(ms);
				await clock.sleepMs(ms);
			},
		};
		const startMs = clock.nowMs();
		await clock.until(pauseMs(counting, 3_500, undefined));
		expect(clock.nowMs() - startMs).toBe(3_500);
		expect(Math.max(...slept)).toBeLessThanOrEqual(1_000);
		await clock.until(pauseMs(counting, 100_000, undefined, clock.sleepMs(2_000)));
		expect(clock.nowMs() - startMs).toBe(5_500);
	});

	it('ends at once on a cancel', async () => {
		const clock = new VirtualClock();
		const signal = new Cancellation();
		const pause = pauseMs(clock, 100_000, signal);
		signal.abort();
		await expect(pause).rejects.toThrow('canceled');
		await expect(pauseMs(clock, 1, signal)).rejects.toThrow('canceled');
		await expect(untilAborted(new Promise(() => {}), signal)).rejects.toThrow('canceled');
	});

	it('grows up to its maximum, and is not the same for all', () => {
		for (let attempt = 0; attempt < 12; attempt++) {
			const full = Math.min(8_000, 500 * 2 ** attempt);
			for (let i = 0; i < 20; i++) {
				const ms = backoffMs(attempt, 500, 8_000);
				expect(ms).toBeGreaterThanOrEqual(full / 2);
				expect(ms).toBeLessThanOrEqual(full);
			}
		}
		expect(new Set(Array.from({ length: 10 }, () => backoffMs(3, 500, 8_000))).size).toBeGreaterThan(1);
	});
});

describe('a time limit', () => {
	it('ends the wait, and nothing else', async () => {
		const clock = new VirtualClock();
		const timedOut = () => new Error('too late');
		const slow = clock.sleepMs(5_000).then(() => 'done');
		await expect(clock.until(withinMs(clock, 3_000, slow, timedOut))).rejects.toThrow('too late');
		await expect(clock.until(withinMs(clock, 3_000, slow, timedOut))).resolves.toBe('done');
		await expect(withinMs(clock, 3_000, Promise.reject(new Error('broken')), timedOut)).rejects.toThrow(
			'broken',
		);
	});

	it('keeps nothing of what was in time until its timer ends', async () => {
		const clock = new VirtualClock();
		const answerTo = async () => {
			const work = Promise.resolve({ body: 'large' });
			const ref = new WeakRef(await withinMs(clock, 30_000, work, () => new Error(`no ${String(work)}`)));
			return { ref };
		};
		expect(await isCollected((await answerTo()).ref)).toBe(true);
	});
});

it('a batch is cancelled with its parent, once', () => {
	const parent = new Cancellation();
	const child = new Cancellation(parent);
	let aborts = 0;
	const listener = () => aborts++;
	child.addEventListener('abort', listener);
	child.addEventListener('abort', () => aborts++);
	child.removeEventListener('abort', listener);
	parent.abort();
	parent.abort();
	expect([child.aborted, aborts]).toEqual([true, 1]);
	expect(new Cancellation(parent).aborted).toBe(true);
	// n8n's own signal lives as long as the execution: a loop makes many runs.
	const { signal } = new AbortController();
	const stopped = new Cancellation(signal);
	stopped.abort();
	expect([stopped.aborted, getEventListeners(signal, 'abort')]).toEqual([true, []]);
});
