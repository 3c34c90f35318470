import { Cancellation } from '../../nodes/AtlasCloud/api/time/clock';
import { RateLimiter, type Permit } from '../../nodes/AtlasCloud/api/pace/rateLimiter';
import { VirtualClock } from './virtualClock';

const LATENCY_MS = 100;

/** Atlas, as far as a limiter can see it: accepts a request, or answers 429. */
interface Gate {
	accepts(nowMs: number): boolean;
	retryAfterMs?: number;
}

/** Sends requests as the limiter permits, and reports when they were sent and accepted, and how many were rejected. */
async function sendAll(count: number, gate: Gate) {
	const clock = new VirtualClock();
	const startMs = clock.nowMs();
	const limiter = new RateLimiter(clock);
	const acceptedMs: number[] = [];
	const sentMs: number[] = [];
	let rejections = 0;
	let rejectionsInSecondHalf = 0;
	const send = async () => {
		let permit: Permit;
		for (;;) {
			permit = await limiter.acquire(undefined);
			sentMs.push(clock.nowMs() - startMs);
			await clock.sleepMs(LATENCY_MS / 2);
			const isAccepted = gate.accepts(clock.nowMs());
			await clock.sleepMs(LATENCY_MS / 2);
			if (isAccepted) break;
			rejections++;
			if (acceptedMs.length > count / 2) rejectionsInSecondHalf++;
			permit.rejected(gate.retryAfterMs ?? null);
		}
		acceptedMs.push(clock.nowMs() - startMs);
		permit.accepted();
	};
	await clock.until(Promise.all(Array.from({ length: count }, send)));
	return {
		seconds: (clock.nowMs() - startMs) / 1_000,
		sentMs,
		acceptedMs,
		rejections,
		rejectionsInSecondHalf,
	};
}

function bucket(perSecond: number, burst: number): Gate {
	let tokens = burst;
	let lastMs: number | null = null;
	return {
		accepts(nowMs) {
			tokens = Math.min(burst, tokens + ((nowMs - (lastMs ?? nowMs)) / 1_000) * perSecond);
			lastMs = nowMs;
			if (tokens < 1) return false;
			tokens--;
			return true;
		},
	};
}

it('is as fast as the answers if nothing is rejected', async () => {
	const { seconds, rejections } = await sendAll(200, { accepts: () => true });
	expect(rejections).toBe(0);
	expect(seconds).toBeLessThan(2);
});

it('starts with a few, so that only a few run into a limit', async () => {
	const { sentMs } = await sendAll(100, { accepts: () => true });
	expect(sentMs.filter((ms) => ms < LATENCY_MS)).toHaveLength(4);
});

it.each([
	[2, 2],
	[5, 5],
	[10, 20],
	[1, 10],
])('finds a rate of %d per second, with bursts of %d', async (perSecond, burst) => {
	const count = 120;
	const { seconds, rejections, rejectionsInSecondHalf } = await sendAll(count, bucket(perSecond, burst));
	const ideal = (count - burst) / perSecond;
	expect(seconds).toBeLessThan(ideal * 1.6 + 5);
	// It does not run into the limit again and again.
	expect(rejections).toBeLessThan(count);
	expect(rejectionsInSecondHalf).toBeLessThan(count / 2);
});

it('keeps its rate after a rejection that is for the number in flight', async () => {
	const clock = new VirtualClock();
	const limiter = new RateLimiter(clock);
	for (let count = 0; count < 20; count++) (await limiter.acquire(undefined)).accepted();
	await clock.pass(4_000);
	(await limiter.acquire(undefined)).rejected(null, true);
	expect(limiter.waitMs).toBeLessThanOrEqual(0);
	expect(limiter.rate).toBe(Infinity);
	(await limiter.acquire(undefined)).rejected(null);
	expect(limiter.rate).toBeLessThan(1);
});

it('takes a cut back when a rejection after the pause is for the number in flight', async () => {
	const clock = new VirtualClock();
	const limiter = new RateLimiter(clock);
	for (let count = 0; count < 5; count++) (await limiter.acquire(undefined)).accepted();
	(await limiter.acquire(undefined)).rejected(null, true);
	expect(limiter.rate).toBe(4);
	const next = await clock.until(limiter.acquire(undefined));
	next.rejected(null, true);
	expect(limiter.rate).toBe(Infinity);
});

it('pauses as long as Retry-After says', async () => {
	let rejectedAtMs: number | null = null;
	const { sentMs } = await sendAll(10, {
		retryAfterMs: 20_000,
		accepts(nowMs) {
			rejectedAtMs ??= nowMs;
			return nowMs - rejectedAtMs >= 10_000;
		},
	});
	expect(sentMs.filter((ms) => ms > LATENCY_MS && ms < 20_000)).toEqual([]);
});

it('gives no permit to a waiter that is cancelled, but one to the next', async () => {
	const clock = new VirtualClock();
	const limiter = new RateLimiter(clock);
	const signal = new Cancellation();
	const first = await limiter.acquire(undefined);
	expect(first.acquiredAtMs).toBe(clock.nowMs());
	first.rejected(60_000);
	const cancelled = limiter.acquire(signal);
	const next = limiter.acquire(undefined);
	cancelled.catch(() => {});
	await clock.pass(3_000);
	signal.abort();
	await expect(clock.until(cancelled)).rejects.toThrow('canceled');
	await expect(clock.until(next)).resolves.toMatchObject({ acquiredAtMs: expect.any(Number) as number });
});

describe('a permit', () => {
	it('is not waited for if the service asks for a longer pause than the item has', async () => {
		const clock = new VirtualClock();
		const limiter = new RateLimiter(clock);
		const first = await clock.until(limiter.acquire(undefined));
		first.rejected(86_400_000);
		const startMs = clock.nowMs();
		expect(await clock.until(limiter.acquire(undefined, { maxPauseMs: 300_000 }))).toBeNull();
		expect(clock.nowMs()).toBe(startMs);
		const deadlineMs = clock.nowMs() + 60_000;
		expect(await clock.until(limiter.acquire(undefined, { deadlineMs }))).toBeNull();
	});

	it('follows a pause that the item has time for', async () => {
		const clock = new VirtualClock();
		const limiter = new RateLimiter(clock);
		(await clock.until(limiter.acquire(undefined))).rejected(120_000);
		const startMs = clock.nowMs();
		expect(await clock.until(limiter.acquire(undefined, { maxPauseMs: 300_000 }))).not.toBeNull();
		expect(clock.nowMs() - startMs).toBeGreaterThanOrEqual(120_000);
		expect(clock.nowMs() - startMs).toBeLessThan(180_000);
	});
});
