import type { AtlasError } from '../../nodes/AtlasCloud/api/errors';
import { Cancellation } from '../../nodes/AtlasCloud/api/time/clock';
import type { Prediction } from '../../nodes/AtlasCloud/api/predictions/prediction';
import { Waiter } from '../../nodes/AtlasCloud/api/predictions/waiter';
import { WARM_UP_MS } from '../../nodes/AtlasCloud/api/predictions/readPrediction';
import { clientOf, FakeHttp, settled, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const LATENCY_MS = 60;

/** Predictions that are done a number of ms after the start, and every poll of them. */
class Atlas {
	readonly clock = new VirtualClock();

	readonly startMs = this.clock.nowMs();

	readonly polls: Array<{ id: string; atMs: number }> = [];

	readonly http = new FakeHttp(async ({ url }) => {
		const id = decodeURIComponent(url.split('/').at(-1) ?? '');
		await this.clock.sleepMs(LATENCY_MS / 2);
		this.polls.push({ id, atMs: this.nowMs() });
		const answer = this.answer(id, this.nowMs());
		await this.clock.sleepMs(LATENCY_MS / 2);
		return answer;
	});

	readonly client = clientOf(this.http, this.clock);

	readonly waiter = new Waiter(this.client);

	constructor(private readonly answer: (id: string, atMs: number) => FakeAnswer) {}

	nowMs(): number {
		return this.clock.nowMs() - this.startMs;
	}

	waitFor(
		id: string,
		more: { model?: string; sentAtMs?: number | null; timeoutMs?: number; signal?: Cancellation } = {},
	) {
		const { model = 'm', sentAtMs = 0, timeoutMs = 300_000, signal } = more;
		return this.waiter.until({
			id,
			model,
			shape: '',
			sentAtMs: sentAtMs === null ? null : this.startMs + sentAtMs,
			visibleByMs: this.startMs + WARM_UP_MS,
			deadlineMs: this.clock.nowMs() + timeoutMs,
			signal,
		});
	}

	/** The result of a wait, and when it ended. */
	async outcome(work: Promise<Prediction | null>) {
		const { value, error } = await this.clock.until(settled<Prediction | null, AtlasError>(work));
		return { prediction: value ?? null, error: error ?? null, atMs: this.nowMs() };
	}
}

const inProgress: FakeAnswer = { json: { code: 200, data: { status: 'processing' } } };
const completed = (data: object): FakeAnswer => ({
	json: { code: 200, data: { status: 'completed', ...data } },
});
const outputs = ['https://cdn.example.com/a.png'];
const done = completed({ id: 'p', outputs });
const refused = (status: number): FakeAnswer => ({
	statusCode: status,
	json: { code: status, msg: 'no', data: null },
});

describe('one prediction', () => {
	it.each([1_400, 1_500, 3_000, 8_300, 10_000, 45_000, 200_000, 300_000])(
		'that takes %d ms is noticed within a quarter of that, though nothing is known of its model',
		async (ms) => {
			const atlas = new Atlas((_id, atMs) => (atMs < ms ? inProgress : done));
			const { prediction, atMs } = await atlas.outcome(atlas.waitFor('p', { timeoutMs: 3_600_000 }));
			expect(prediction?.status).toBe('completed');
			expect(atMs - ms).toBeLessThanOrEqual(0.25 * ms + 2 * LATENCY_MS);
			expect(atlas.polls[0]?.atMs).toBeGreaterThanOrEqual(900);
			expect(atlas.polls.length).toBeLessThanOrEqual(25);
		},
	);

	it('of a model that is known is noticed sooner, with fewer polls', async () => {
		const atlas = new Atlas((id, atMs) =>
			atMs < (id === 'first' ? 300_000 : 800_000) ? inProgress : completed({ id, outputs }),
		);
		await atlas.outcome(atlas.waitFor('first', { timeoutMs: 3_600_000 }));
		const { length } = atlas.polls;
		const { atMs } = await atlas.outcome(atlas.waitFor('p', { sentAtMs: 500_000, timeoutMs: 3_600_000 }));
		expect(atMs - 800_000).toBeLessThan(20_000);
		expect(atlas.polls.length - length).toBeLessThanOrEqual(12);
	});

	it('is polled at once when only its id is known', async () => {
		const atlas = new Atlas(() => done);
		const { atMs } = await atlas.outcome(atlas.waitFor('p', { sentAtMs: null }));
		expect(atMs).toBeLessThan(2 * LATENCY_MS);
		expect(atlas.polls).toHaveLength(1);
	});

	it('waits for its deadline while Atlas demands a longer pause', async () => {
		const atlas = new Atlas((id) =>
			id === 'b' ? { ...refused(429), headers: { 'retry-after': '120' } } : done,
		);
		let asked = 0;
		const { nowMs } = atlas.clock;
		jest.spyOn(atlas.clock, 'nowMs').mockImplementation(() => {
			// Without this, a loop without a pause would freeze the test.
			if (++asked > 100_000) throw new Error('It never pauses');
			return nowMs.call(atlas.clock);
		});
		const other = atlas.outcome(atlas.waitFor('b', { sentAtMs: null, timeoutMs: 60_000 }));
		await atlas.clock.pass(1_000);
		const { error } = await atlas.outcome(atlas.waitFor('a', { timeoutMs: 60_000 }));
		expect(error?.kind).toBe('timeout');
		await other;
	});

	it('that is in progress at its deadline is polled then, and given up', async () => {
		const atlas = new Atlas(() => inProgress);
		const { prediction, error, atMs } = await atlas.outcome(atlas.waitFor('p', { timeoutMs: 60_000 }));
		expect([prediction, error]).toEqual([null, null]);
		expect(atlas.polls.at(-1)?.atMs).toBeGreaterThanOrEqual(60_000);
		expect(atMs).toBeLessThan(62_000);
		expect(atlas.polls.length).toBeLessThan(60);
	});

	it('that completes just before its deadline is not called late', async () => {
		const atlas = new Atlas((_id, atMs) => (atMs < 59_900 ? inProgress : done));
		const { prediction } = await atlas.outcome(atlas.waitFor('p', { timeoutMs: 60_000 }));
		expect(prediction?.status).toBe('completed');
	});

	it('that is told after its deadline, and after three broken answers, is not lost', async () => {
		let broken = 0;
		const atlas = new Atlas((_id, atMs) => (atMs < 58_000 ? inProgress : ++broken > 3 ? done : { json: {} }));
		// The third is the one at the deadline.
		const { prediction } = await atlas.outcome(atlas.waitFor('p', { timeoutMs: 59_100 }));
		expect(prediction?.status).toBe('completed');
	});

	it('that completes just before its deadline is not called late, however many do', async () => {
		const atlas = new Atlas((id, atMs) => (atMs < 59_900 ? inProgress : completed({ id, outputs })));
		const ids = Array.from({ length: 100 }, (_, i) => `p${i}`);
		const waits = ids.map(async (id) => await atlas.waitFor(id, { model: id, timeoutMs: 60_000 }));
		const all = await atlas.clock.until(Promise.all(waits));
		expect(all.filter((prediction) => prediction?.status !== 'completed')).toEqual([]);
	});

	it.each([0, 10])('that completes while n8n sleeps is not called late: network after %d s', async (s) => {
		const sleptMs = 3 * 3_600_000;
		const page = { statusCode: 502, chunks: [Buffer.from('<html>Bad gateway</html>')] };
		const isUp = (atMs: number) => atMs > sleptMs + s * 1_000;
		const atlas = new Atlas((_id, atMs) => (atMs < 5_000 ? inProgress : isUp(atMs) ? done : page));
		const work = settled<Prediction | null, AtlasError>(atlas.waitFor('p', { timeoutMs: 60_000 }));
		await atlas.clock.pass(2_000);
		atlas.clock.agenda.nowMs += sleptMs;
		expect((await atlas.clock.until(work)).value?.status).toBe('completed');
	});

	it('that can’t be read for ten minutes is waited for until its deadline', async () => {
		const page = { statusCode: 502, chunks: [Buffer.from('<html>Bad gateway</html>')] };
		const atlas = new Atlas((_id, atMs) => (atMs < 10_000 ? inProgress : atMs < 610_000 ? page : done));
		const { prediction } = await atlas.outcome(atlas.waitFor('p', { timeoutMs: 1_800_000 }));
		expect(prediction?.status).toBe('completed');
	});

	it('that ended days ago, nothing says how soon, teaches nothing', async () => {
		const created_at = new Date(new Atlas(() => done).startMs - 3 * 86_400_000).toISOString();
		const atlas = new Atlas((id, atMs) =>
			id === 'old' ? completed({ id, outputs, created_at }) : atMs < 3_000 ? inProgress : done,
		);
		await atlas.outcome(atlas.waitFor('old', { sentAtMs: null }));
		const { atMs } = await atlas.outcome(atlas.waitFor('p'));
		expect(atMs).toBeLessThan(5_000);
	});

	it('that is not found for half a minute is an error', async () => {
		const atlas = new Atlas(() => refused(404));
		const { error, atMs } = await atlas.outcome(atlas.waitFor('p'));
		expect(error).toMatchObject({ kind: 'read', statusCode: 404, predictionId: 'p' });
		expect(atMs).toBeGreaterThanOrEqual(WARM_UP_MS);
		expect(atMs).toBeLessThan(2 * WARM_UP_MS);
	});

	it.each<[string, FakeAnswer]>([
		['no outputs', completed({ id: 'p', outputs: null })],
		['another one’s outputs, without an ID', completed({ outputs: ['https://cdn.example.com/other.png'] })],
		[
			'another one’s link',
			completed({ outputs, urls: { get: 'https://x.example.com/api/v1/model/prediction/q' } }),
		],
		['a failure without an ID', { json: { code: 200, data: { status: 'failed' } } }],
		...[400, 401, 402, 403, 404, 410, 451].map((status): [string, FakeAnswer] => [
			`${status}`,
			refused(status),
		]),
	])('that is told once, or twice, with %s is looked at again', async (_what, first) => {
		for (const times of [1, 2]) {
			let count = 0;
			const atlas = new Atlas((_id, atMs) =>
				atMs < WARM_UP_MS ? inProgress : count++ < times ? first : done,
			);
			const { prediction } = await atlas.outcome(atlas.waitFor('p'));
			expect(prediction?.outputs).toEqual([{ url: outputs[0] }]);
		}
	});

	it('is done, or over, where Atlas leaves out IDs', async () => {
		const atlas = new Atlas(() => completed({ outputs }));
		expect((await atlas.outcome(atlas.waitFor('p'))).prediction?.status).toBe('completed');
		const empty = new Atlas(() => completed({ id: 'p', outputs: [] }));
		const { error } = await empty.outcome(empty.waitFor('p'));
		expect(error).toMatchObject({ kind: 'read', predictionId: 'p' });
		expect([atlas.polls.length, empty.polls.length]).toEqual([3, 3]);
	});

	it.each([
		['with 200', 200],
		['with 500', 500],
	])('that failed %s is reported, and not polled again', async (_how, statusCode) => {
		const atlas = new Atlas(() => ({
			statusCode,
			json: { code: statusCode, msg: 'x', data: { id: 'p', status: 'failed', error: 'out of paint' } },
		}));
		const { error } = await atlas.outcome(atlas.waitFor('p'));
		expect(error).toMatchObject({ kind: 'failed', reason: 'out of paint', predictionId: 'p' });
		expect(atlas.polls).toHaveLength(1);
	});

	it('is left at once by a cancel, and not polled again', async () => {
		const signal = new Cancellation();
		const atlas = new Atlas(() => inProgress);
		const work = atlas.waitFor('p', { signal });
		work.catch(() => {});
		await atlas.clock.pass(5_000);
		signal.abort();
		const atMs = atlas.nowMs();
		const { error } = await atlas.outcome(work);
		expect(error?.name).toBe('CancelledError');
		expect(atlas.nowMs()).toBe(atMs);
		const { length } = atlas.polls;
		await atlas.clock.pass(100_000);
		expect(atlas.polls.length - length).toBeLessThanOrEqual(1);
	});
});

describe('a batch', () => {
	/** Runs predictions that start together; each takes 8 s, up to a quarter more or less. */
	async function batch(count: number, limit?: (atMs: number) => boolean) {
		const doneMs = new Map(
			Array.from({ length: count }, (_, i) => [`p${i}`, 8_000 * (0.75 + (((i * 7919) % 1000) / 1000) * 0.5)]),
		);
		const atlas = new Atlas((id, atMs) => {
			if (limit && !limit(atMs)) return refused(429);
			const ms = doneMs.get(id) ?? 0;
			if (atMs < ms) return inProgress;
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
					const prediction = await atlas.waitFor(id);
					expect(prediction?.status).toBe('completed');
					return atlas.nowMs() - ms;
				}),
			),
		);
		return { atlas, meanDelayMs: delays.reduce((sum, ms) => sum + ms, 0) / count };
	}

	it('is never polled more than 40 times in any second', async () => {
		const { atlas } = await batch(300);
		const times = atlas.polls.map(({ atMs }) => atMs).sort((a, b) => a - b);
		const max = Math.max(
			...times.map((ms) => times.filter((other) => other >= ms && other < ms + 1_000).length),
		);
		expect(max).toBeLessThanOrEqual(40);
	});

	it('is polled more slowly when Atlas asks for it, and loses none', async () => {
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
