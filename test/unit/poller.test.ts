import { Cancellation } from '../../nodes/AtlasCloud/api/flow/cancellation';
import { TransportError } from '../../nodes/AtlasCloud/api/http/http';
import type { Prediction } from '../../nodes/AtlasCloud/api/predictions/predictions';
import { PredictionPoller, WARM_UP_MS } from '../../nodes/AtlasCloud/api/predictions/poller';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const LATENCY_MS = 60;

/** Predictions that are done so many ms after the start, and everything that was asked about them. */
class Atlas {
	readonly clock = new VirtualClock();

	readonly startMs = this.clock.nowMs();

	readonly looks: Array<{ id: string; atMs: number }> = [];

	readonly http = new FakeHttp(async ({ url }) => {
		const id = decodeURIComponent(url.split('/').at(-1) ?? '');
		await this.clock.sleepMs(LATENCY_MS / 2);
		this.looks.push({ id, atMs: this.nowMs() });
		const answer = this.answer(id, this.nowMs());
		await this.clock.sleepMs(LATENCY_MS / 2);
		return answer;
	});

	readonly watch = new PredictionPoller(clientOf(this.http, this.clock));

	constructor(private readonly answer: (id: string, atMs: number) => FakeAnswer) {}

	nowMs(): number {
		return this.clock.nowMs() - this.startMs;
	}

	completed(id: string, more: { sentAtMs?: number | null; timeoutMs?: number; signal?: Cancellation } = {}) {
		const { sentAtMs = 0, timeoutMs = 300_000, signal } = more;
		return this.watch.completed({
			predictionId: id,
			model: 'm',
			sentAtMs: sentAtMs === null ? null : this.startMs + sentAtMs,
			deadlineMs: this.clock.nowMs() + timeoutMs,
			signal,
		});
	}

	/** Waits, and tells when it was over and what came. */
	async outcome(work: Promise<Prediction | null>) {
		return await this.clock.until(
			work.then(
				(prediction) => ({ prediction, error: null, atMs: this.nowMs() }),
				(error: unknown) => ({
					prediction: null,
					error: error as Error & { kind?: string },
					atMs: this.nowMs(),
				}),
			),
		);
	}
}

const going: FakeAnswer = { json: { code: 200, data: { status: 'processing' } } };
const done: FakeAnswer = {
	json: { code: 200, data: { status: 'completed', outputs: ['https://cdn.example.com/a.png'] } },
};
const refused = (status: number): FakeAnswer => ({
	statusCode: status,
	json: { code: status, msg: 'no', data: null },
});

describe('one prediction', () => {
	it.each([1_400, 3_000, 8_300, 10_000, 45_000, 200_000])(
		'that takes %d ms is seen soon, by few looks',
		async (ms) => {
			const atlas = new Atlas((_id, atMs) => (atMs < ms ? going : done));
			const { prediction, atMs } = await atlas.outcome(atlas.completed('p'));
			expect(prediction?.status).toBe('completed');
			expect(atMs - ms).toBeLessThan(0.3 * ms + 1_000);
			expect(atlas.looks[0]?.atMs).toBeGreaterThanOrEqual(900);
			expect(atlas.looks.length).toBeLessThan(10 + 12 * Math.log2(ms / 1_000));
		},
	);

	it('is looked for at once where only its id is known', async () => {
		const atlas = new Atlas(() => done);
		const { atMs } = await atlas.outcome(atlas.completed('p', { sentAtMs: null }));
		expect(atMs).toBeLessThan(2 * LATENCY_MS);
		expect(atlas.looks).toHaveLength(1);
	});

	it('that is still going at its deadline is given up, and looked at then', async () => {
		const atlas = new Atlas(() => going);
		const { prediction, error, atMs } = await atlas.outcome(atlas.completed('p', { timeoutMs: 60_000 }));
		expect([prediction, error]).toEqual([null, null]);
		expect(atlas.looks.at(-1)?.atMs).toBeGreaterThanOrEqual(60_000);
		expect(atMs).toBeLessThan(62_000);
		expect(atlas.looks.length).toBeLessThan(60);
	});

	it('that is done just before its deadline is not called late', async () => {
		const atlas = new Atlas((_id, atMs) => (atMs < 59_900 ? going : done));
		const { prediction } = await atlas.outcome(atlas.completed('p', { timeoutMs: 60_000 }));
		expect(prediction?.status).toBe('completed');
	});

	it.each([404, 400])('that is answered %d at first is not visible yet', async (status) => {
		const atlas = new Atlas((_id, atMs) => (atMs < 20_000 ? refused(status) : done));
		const { prediction } = await atlas.outcome(atlas.completed('p'));
		expect(prediction?.status).toBe('completed');
	});

	it('that stays unknown for half a minute is', async () => {
		const atlas = new Atlas(() => refused(404));
		const { error, atMs } = await atlas.outcome(atlas.completed('p'));
		expect(error).toMatchObject({ kind: 'read', statusCode: 404, predictionId: 'p' });
		expect(atMs).toBeGreaterThanOrEqual(WARM_UP_MS);
		expect(atMs).toBeLessThan(2 * WARM_UP_MS);
	});

	it.each([401, 402, 403, 451])('is not asked for again after a %d', async (status) => {
		const atlas = new Atlas(() => refused(status));
		const { error } = await atlas.outcome(atlas.completed('p'));
		expect(error).toMatchObject({ kind: 'read', statusCode: status });
		expect(atlas.looks).toHaveLength(1);
	});

	it('is waited for through an outage', async () => {
		const faults: FakeAnswer[] = [
			refused(500),
			refused(503),
			refused(429),
			{ chunks: [Buffer.from('<html>')] },
			{ json: {} },
			{ statusCode: 502, chunks: [] },
		];
		const atlas = new Atlas((_id, atMs) => {
			if (atMs > 90_000) return done;
			if (atMs % 7 < 1) throw new TransportError('reset', 'ECONNRESET');
			return faults[Math.floor(atMs) % faults.length]!;
		});
		const { prediction } = await atlas.outcome(atlas.completed('p'));
		expect(prediction?.status).toBe('completed');
		expect(atlas.looks.length).toBeLessThan(60);
	});

	it('whose every look is broken is told as unknown at its deadline', async () => {
		const atlas = new Atlas(() => refused(503));
		const { error } = await atlas.outcome(atlas.completed('p', { timeoutMs: 60_000 }));
		expect(error).toMatchObject({ kind: 'timeout', status: 'unknown', predictionId: 'p', statusCode: 503 });
	});

	it.each([
		['with 200', 200],
		['with 500', 500],
	])('that failed is told %s, and not asked for again', async (_how, statusCode) => {
		const atlas = new Atlas(() => ({
			statusCode,
			json: { code: statusCode, msg: 'x', data: { id: 'p', status: 'failed', error: 'out of paint' } },
		}));
		const { error } = await atlas.outcome(atlas.completed('p'));
		expect(error).toMatchObject({ kind: 'failed', reason: 'out of paint', predictionId: 'p' });
		expect(atlas.looks).toHaveLength(1);
	});

	it('is left at once by a cancel, and not looked at again', async () => {
		const signal = new Cancellation();
		const atlas = new Atlas(() => going);
		const work = atlas.completed('p', { signal });
		work.catch(() => {});
		await atlas.clock.pass(5_000);
		signal.abort();
		const atMs = atlas.nowMs();
		const { error } = await atlas.outcome(work);
		expect(error?.name).toBe('CancelledError');
		expect(atlas.nowMs()).toBe(atMs);
		const { length } = atlas.looks;
		await atlas.clock.pass(100_000);
		expect(atlas.looks.length - length).toBeLessThanOrEqual(1);
	});
});

describe('a batch', () => {
	/** Runs so many predictions that start together; each takes 8 s, up to a quarter more or less. */
	async function batch(count: number, limit?: (atMs: number) => boolean) {
		const doneMs = new Map(
			Array.from({ length: count }, (_, i) => [`p${i}`, 8_000 * (0.75 + (((i * 7919) % 1000) / 1000) * 0.5)]),
		);
		const atlas = new Atlas((id, atMs) => {
			if (limit && !limit(atMs)) return refused(429);
			const ms = doneMs.get(id) ?? 0;
			if (atMs < ms) return going;
			return {
				json: {
					data: {
						id,
						status: 'completed',
						outputs: ['https://c.example.com/a.png'],
						metrics: { predict_time: ms / 1_000 },
					},
				},
			};
		});
		const delays = await atlas.clock.until(
			Promise.all(
				[...doneMs].map(async ([id, ms]) => {
					const prediction = await atlas.completed(id);
					expect(prediction?.status).toBe('completed');
					return atlas.nowMs() - ms;
				}),
			),
		);
		return { atlas, meanDelayMs: delays.reduce((sum, ms) => sum + ms, 0) / count };
	}

	it.each([5, 20, 100])('of %d: few looks, and the pictures soon', async (count) => {
		const { atlas, meanDelayMs } = await batch(count);
		expect(atlas.looks.length / count).toBeLessThan(count === 5 ? 15 : 8);
		// A hundred at once are more than the rate of looks has room for.
		expect(meanDelayMs).toBeLessThan(count === 100 ? 3_500 : 1_200);
	});

	it('never asks more than a few dozen times in any second', async () => {
		const { atlas } = await batch(300);
		const times = atlas.looks.map(({ atMs }) => atMs).sort((a, b) => a - b);
		const most = Math.max(
			...times.map((ms) => times.filter((other) => other >= ms && other < ms + 1_000).length),
		);
		expect(most).toBeLessThanOrEqual(40);
	});

	it('slows down where Atlas asks for it, and loses none', async () => {
		let tokens = 5;
		let lastMs = 0;
		const { atlas } = await batch(40, (atMs) => {
			tokens = Math.min(5, tokens + ((atMs - lastMs) / 1_000) * 4);
			lastMs = atMs;
			return tokens >= 1 && tokens-- > 0;
		});
		expect(atlas.nowMs()).toBeLessThan(90_000);
	});
});

describe('a look without waiting', () => {
	const now = async (atlas: Atlas) => await atlas.outcome(atlas.watch.now('p', undefined));

	it('tells how it stands', async () => {
		const atlas = new Atlas(() => going);
		expect((await now(atlas)).prediction?.status).toBe('processing');
		expect(atlas.looks).toHaveLength(1);
	});

	it('is patient with what passes', async () => {
		let count = 0;
		const atlas = new Atlas(() => [refused(503), refused(429), { json: {} }, done][count++] ?? done);
		expect((await now(atlas)).prediction?.status).toBe('completed');
	});

	it('asks again for half a minute for what is not visible yet', async () => {
		const atlas = new Atlas((_id, atMs) => (atMs < 25_000 ? refused(404) : done));
		expect((await now(atlas)).prediction?.status).toBe('completed');
		const never = new Atlas(() => refused(404));
		const { error, atMs } = await now(never);
		expect(error).toMatchObject({ kind: 'read', statusCode: 404 });
		expect(atMs).toBeLessThan(2 * WARM_UP_MS);
	});

	it('gives up after a few tries', async () => {
		const atlas = new Atlas(() => refused(500));
		expect((await now(atlas)).error).toMatchObject({ kind: 'read', statusCode: 500 });
		expect(atlas.looks.length).toBeLessThanOrEqual(6);
	});
});
