import { Cancellation } from '../../nodes/AtlasCloud/api/flow/cancellation';
import { RateLimiter, type RateLimiterOptions } from '../../nodes/AtlasCloud/api/flow/rateLimiter';
import { VirtualClock } from './virtualClock';

const LATENCY_MS = 100;

/** Atlas, as far as a pace can see it: takes a request, or answers 429. */
interface Gate {
	takes(nowMs: number): boolean;
	/** How long what it took goes on; none where nothing is under way afterwards. */
	runMs?: number;
	ended?(): void;
	retryAfterMs?: number;
}

/** Sends so many requests at the pace that it finds, and tells when each was taken, and how often one was refused. */
async function sendAll(count: number, gate: Gate, options?: RateLimiterOptions) {
	const clock = new VirtualClock();
	const startMs = clock.nowMs();
	const pace = new RateLimiter(clock, options);
	const takenMs: number[] = [];
	const leftMs: number[] = [];
	let refusals = 0;
	let refusalsAfterHalf = 0;
	const send = async () => {
		for (;;) {
			const turn = await pace.turn(undefined);
			leftMs.push(clock.nowMs() - startMs);
			await clock.sleepMs(LATENCY_MS / 2);
			const isTaken = gate.takes(clock.nowMs());
			await clock.sleepMs(LATENCY_MS / 2);
			if (isTaken) break;
			refusals++;
			if (takenMs.length > count / 2) refusalsAfterHalf++;
			pace.refused(turn, gate.retryAfterMs ?? null);
		}
		takenMs.push(clock.nowMs() - startMs);
		pace.taken(gate.runMs !== undefined);
		if (gate.runMs === undefined) return;
		await clock.sleepMs(gate.runMs);
		gate.ended?.();
		pace.finished();
	};
	await clock.until(Promise.all(Array.from({ length: count }, send)));
	return { seconds: (clock.nowMs() - startMs) / 1_000, leftMs, takenMs, refusals, refusalsAfterHalf };
}

function bucket(perSecond: number, burst: number): Gate & { least: number } {
	let tokens = burst;
	let lastMs: number | null = null;
	return {
		least: 0,
		takes(nowMs) {
			tokens = Math.min(burst, tokens + ((nowMs - (lastMs ?? nowMs)) / 1_000) * perSecond);
			lastMs = nowMs;
			if (tokens < 1) return false;
			tokens--;
			return true;
		},
	};
}

function atOnce(most: number, runMs: number): Gate & { peak: () => number } {
	let running = 0;
	let peak = 0;
	return {
		runMs,
		takes() {
			if (running >= most) return false;
			peak = Math.max(peak, ++running);
			return true;
		},
		ended: () => void running--,
		peak: () => peak,
	};
}

it('is as fast as the answers where nothing is refused', async () => {
	const { seconds, refusals } = await sendAll(200, { takes: () => true });
	expect(refusals).toBe(0);
	expect(seconds).toBeLessThan(2);
});

it('begins with a few, so that a limit is met by few', async () => {
	const { leftMs } = await sendAll(100, { takes: () => true });
	expect(leftMs.filter((ms) => ms < LATENCY_MS)).toHaveLength(4);
});

it.each([
	[2, 2],
	[5, 5],
	[10, 20],
	[1, 10],
])('finds a rate of %d a second, with bursts of %d', async (perSecond, burst) => {
	const count = 120;
	const { seconds, refusals, refusalsAfterHalf } = await sendAll(count, bucket(perSecond, burst));
	const ideal = (count - burst) / perSecond;
	expect(seconds).toBeLessThan(ideal * 1.6 + 5);
	// It does not run against the wall again and again.
	expect(refusals).toBeLessThan(count);
	expect(refusalsAfterHalf).toBeLessThan(count / 2);
});

it.each([
	[1, 8_000],
	[4, 8_000],
	[10, 3_000],
])('finds that no more than %d may be under way at once', async (most, runMs) => {
	const count = 40;
	const gate = atOnce(most, runMs);
	const { seconds, refusals } = await sendAll(count, gate, { maxUnderWay: 20 });
	expect(gate.peak()).toBe(most);
	const ideal = (count / most) * (runMs / 1_000);
	expect(seconds).toBeLessThan(ideal * 1.5 + 10);
	expect(refusals).toBeLessThan(count * 2.5);
});

it('never has more under way than it is told', async () => {
	const gate = atOnce(Infinity, 2_000);
	await sendAll(50, gate, { maxUnderWay: 7 });
	expect(gate.peak()).toBe(7);
});

it('keeps off as long as a Retry-After says', async () => {
	let refusedAtMs: number | null = null;
	const { leftMs } = await sendAll(10, {
		retryAfterMs: 20_000,
		takes(nowMs) {
			refusedAtMs ??= nowMs;
			return nowMs - refusedAtMs >= 10_000;
		},
	});
	expect(leftMs.filter((ms) => ms > LATENCY_MS && ms < 20_000)).toEqual([]);
});

it('lets nobody go who is cancelled while waiting, and the others after', async () => {
	const clock = new VirtualClock();
	const pace = new RateLimiter(clock, { maxUnderWay: 1 });
	const signal = new Cancellation();
	const first = await pace.turn(undefined);
	expect(first.leftAtMs).toBe(clock.nowMs());
	const cancelled = pace.turn(signal);
	const patient = pace.turn(undefined);
	cancelled.catch(() => {});
	await clock.pass(3_000);
	signal.abort();
	await expect(clock.until(cancelled)).rejects.toThrow('canceled');
	pace.gone();
	await expect(clock.until(patient)).resolves.toMatchObject({ leftAtMs: expect.any(Number) as number });
});
