import { AtlasClock } from '../../nodes/AtlasCloud/api/time/atlasClock';
import type { Exchange } from '../../nodes/AtlasCloud/api/http/answer';
import type { AtlasClient } from '../../nodes/AtlasCloud/api/http/client';
import { Durations } from '../../nodes/AtlasCloud/api/predictions/durations';
import {
	firstPollMs,
	maxRoundRobin,
	nextPollMs,
	roundRobinPollMs,
} from '../../nodes/AtlasCloud/api/predictions/pollTimes';
import { PredictionPoller } from '../../nodes/AtlasCloud/api/predictions/poller';
import { VirtualClock } from './virtualClock';

const ANSWER_MS = 10;

/** The same numbers between 0 and 1 each time. */
function seededRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

interface Batch {
	/** How long predictions take, in seconds; a quarter more or less. */
	seconds: number;
	items: number;
	atOnce: number;
	/** Whether Atlas reports how long a prediction took. */
	isReported?: boolean;
	/** Numbers of predictions that fail, after a second. */
	failing?: number[];
}

/** Runs a batch on a virtual clock. The next prediction is submitted when one is known to have ended. */
async function runBatch({ seconds, items, atOnce, isReported = true, failing = [] }: Batch) {
	const clock = new VirtualClock();
	const random = seededRandom(7);
	const endsMs = new Map<string, number>();
	const tookMsOf = new Map<string, number>();
	const polledAtMs: number[] = [];
	const poll = async (path: string): Promise<Exchange> => {
		const id = path.split('/').at(-1) ?? '';
		polledAtMs.push(clock.nowMs());
		const isOver = clock.nowMs() >= (endsMs.get(id) ?? 0);
		await clock.sleepMs(ANSWER_MS);
		const status = failing.includes(Number(id)) ? 'failed' : 'completed';
		const metrics = isReported ? { predict_time: (tookMsOf.get(id) ?? 0) / 1_000 } : undefined;
		const done = { id, status, outputs: ['https://files.test/a.png'], metrics };
		const json = isOver ? done : { id, status: 'processing' };
		const times = { sentAtMs: clock.nowMs(), receivedAtMs: clock.nowMs(), dateMs: null };
		const answer = { statusCode: 200, requestId: null, retryAfterMs: null, json, ...times };
		return { answer: { ...answer, isEnvelope: true, envelopeCode: 200, reason: null } };
	};
	const client = { clock, atlasClock: new AtlasClock(), signal: undefined, poll };
	const poller = new PredictionPoller(client as unknown as AtlasClient);
	const lagsMs: number[] = [];
	let next = 0;
	const oneAfterAnother = async () => {
		while (next < items) {
			const number = next++;
			const predictionId = String(number);
			const sentAtMs = clock.nowMs();
			const tookMs = failing.includes(number) ? 1_000 : seconds * 1_000 * (0.75 + random() / 2);
			endsMs.set(predictionId, sentAtMs + tookMs);
			tookMsOf.set(predictionId, tookMs);
			const deadlineMs = sentAtMs + 600_000;
			const request = { predictionId, model: 'm', sentAtMs, deadlineMs, signal: undefined };
			await poller.waitUntilCompleted(request).catch(() => null);
			lagsMs.push(clock.nowMs() - sentAtMs - tookMs);
		}
	};
	await clock.until(Promise.all(Array.from({ length: atOnce }, oneAfterAnother)));
	return {
		meanLagMs: lagsMs.reduce((sum, lag) => sum + lag, 0) / items,
		pollsPerPrediction: polledAtMs.length / items,
		polledAtMs,
	};
}

describe('a batch', () => {
	it.each([
		{ seconds: 2, items: 100, atOnce: 20 },
		{ seconds: 8, items: 100, atOnce: 20 },
		{ seconds: 60, items: 100, atOnce: 20 },
	])('of $seconds s predictions is noticed soon, with few polls', async (batch) => {
		const { meanLagMs, pollsPerPrediction } = await runBatch(batch);
		expect(meanLagMs).toBeLessThan(Math.max(250, 50 * batch.seconds));
		expect(pollsPerPrediction).toBeLessThan(5);
	});

	it('is noticed as soon when Atlas does not report how long its predictions took', async () => {
		const { meanLagMs, pollsPerPrediction } = await runBatch({
			seconds: 8,
			items: 100,
			atOnce: 20,
			isReported: false,
		});
		expect(meanLagMs).toBeLessThan(400);
		expect(pollsPerPrediction).toBeLessThan(5);
	});

	it('that is larger than the rate limit allows is polled less', async () => {
		const { meanLagMs, pollsPerPrediction, polledAtMs } = await runBatch({
			seconds: 3,
			items: 300,
			atOnce: 100,
		});
		expect(pollsPerPrediction).toBeLessThan(2);
		expect(meanLagMs).toBeLessThan(850);
		for (const atMs of polledAtMs)
			expect(polledAtMs.filter((other) => other >= atMs && other < atMs + 1_000).length).toBeLessThanOrEqual(
				40,
			);
	});

	it('whose first ones all fail learns from others', async () => {
		const failing = [0, 1, 2, 3, 4, 5, 6, 7];
		const { meanLagMs } = await runBatch({ seconds: 4, items: 20, atOnce: 20, failing });
		expect(meanLagMs).toBeLessThan(2_000);
	});

	it('of one is polled closely from the first second on', async () => {
		const { meanLagMs, polledAtMs } = await runBatch({ seconds: 4, items: 1, atOnce: 1 });
		expect(meanLagMs).toBeLessThan(0.15 * 4_000);
		expect(polledAtMs.length).toBeLessThan(15);
	});
});

describe('while no duration is known', () => {
	it('a few are polled in turn', () => {
		const polls = [0, 1, 2, 3].flatMap((index) => {
			const times: number[] = [];
			for (let ms = 0; ms < 20_000; ms = times[times.length - 1])
				times.push(roundRobinPollMs(ms, { index, count: 4 }));
			return times.map((ms) => ({ ms, index }));
		});
		const inTurn = polls.sort((a, b) => a.ms - b.ms).map(({ index }) => index);
		expect(inTurn.slice(0, 20)).toEqual(inTurn.slice(0, 20).map((_, turn) => turn % 4));
	});

	it('those of a large batch are polled more closely, at little cost for each', () => {
		const pollsUntil = (endMs: number, slot: { index: number; count: number; unsubmittedCount?: number }) => {
			let polls = 0;
			for (let ms = 0; ms < endMs; polls++) ms = roundRobinPollMs(ms, slot);
			return polls;
		};
		const few = pollsUntil(4_000, { index: 0, count: 8 });
		for (const unsubmittedCount of [300, 3_000]) {
			const polls = pollsUntil(4_000, { index: 0, count: 8, unsubmittedCount });
			expect(polls).toBeGreaterThan(2 * few);
			expect((8 * polls) / unsubmittedCount).toBeLessThan(1);
		}
		expect(maxRoundRobin(20)).toBeLessThan(maxRoundRobin(300));
	});

	it('the others wait, though not forever', () => {
		expect(roundRobinPollMs(0, null)).toBe(60_000);
		expect(roundRobinPollMs(60_000, null)).toBe(120_000);
	});

	it.each([0, 999, 1_000, 1_400, 9_999, 10_000, 10_001, 86_400_000])(
		'the next poll is later than %i ms',
		(ms) => {
			for (const count of [1, 2, 8])
				for (let index = 0; index < count; index++)
					expect(roundRobinPollMs(ms, { index, count })).toBeGreaterThan(ms);
		},
	);
});

describe('durations', () => {
	const known = (...times: number[]) => {
		const durations = new Durations();
		for (const ms of times) durations.add(ms);
		return durations;
	};

	it('of the quickest predictions set the first poll', () => {
		const durations = known(3_000, 3_200, 3_400, 3_600, 3_800, 4_000);
		expect(firstPollMs(durations, 4)).toBeGreaterThanOrEqual(3_000);
		expect(firstPollMs(durations, 4)).toBeLessThan(3_400);
	});

	it('set a later first poll when polls are scarce', () => {
		const durations = known(3_000, 3_200, 3_400, 3_600, 3_800, 4_000);
		const firstMs = [5, 3, 2, 1.5, 1, 0.2].map((polls) => firstPollMs(durations, polls));
		expect(firstMs).toEqual([...firstMs].sort((a, b) => a - b));
		expect(firstMs.at(-1)).toBeLessThanOrEqual(4_000);
	});

	it('that are exceeded are polled less and less often', () => {
		const durations = known(3_000, 3_100, 3_200, 3_300, 3_400);
		const steps = [4_000, 8_000, 16_000, 60_000].map((ms) => nextPollMs(durations, ms, 4) - ms);
		expect(steps).toEqual([...steps].sort((a, b) => a - b));
		expect(steps[3]).toBeGreaterThan(10_000);
	});

	it('tell how likely one has ended since it was last seen in progress', () => {
		const durations = known(3_000, 3_100, 3_200, 3_300, 3_400);
		expect(durations.chanceOfEnd(0, 2_900)).toBe(0);
		expect(durations.chanceOfEnd(0, 3_250)).toBeCloseTo(0.5);
		expect(durations.chanceOfEnd(3_150, 3_250)).toBeCloseTo(0.25);
		expect(durations.chanceOfEnd(3_150, 9_000)).toBeCloseTo(0.75);
		// One that is slower than all before tells nothing of when it ends.
		expect(durations.chanceOfEnd(3_500, 9_000)).toBe(0);
	});

	it('of long ago are forgotten', () => {
		const durations = known(
			...Array.from({ length: 100 }, () => 60_000),
			...Array.from({ length: 100 }, () => 3_000),
		);
		expect(durations.medianMs).toBe(3_000);
	});
});
