import { AtlasError } from '../../nodes/AtlasCloud/api/errors';
import { RateLimiter } from '../../nodes/AtlasCloud/api/pace/rateLimiter';
import { PNG } from '../../nodes/AtlasCloud/api/files/kinds';
import { READ_TIMEOUT_MS, SUBMIT_TIMEOUT_MS } from '../../nodes/AtlasCloud/api/http/timeouts';
import { Uploads, type InputFile } from '../../nodes/AtlasCloud/api/files/uploads';
import { Waiter } from '../../nodes/AtlasCloud/api/predictions/waiter';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

/*
 * Every wait has an end. A wait without one fails these tests: the virtual clock says so, or time runs on until Jest
 * gives up.
 */

const MINUTE_MS = 60_000;

/** The outcome of some work, and how long it took on the virtual clock. */
async function outcome<T>(clock: VirtualClock, work: Promise<T>) {
	const startMs = clock.nowMs();
	return await clock.until(
		work.then(
			(value) => ({ value, error: undefined, tookMs: clock.nowMs() - startMs }),
			(error: unknown) => ({
				value: undefined,
				error: error as AtlasError,
				tookMs: clock.nowMs() - startMs,
			}),
		),
	);
}

/** An answer whose body comes one byte every ten seconds: it never stalls, and never ends. */
function trickling(clock: VirtualClock): FakeAnswer {
	return {
		chunks: (async function* () {
			for (;;) {
				await clock.sleepMs(10_000);
				yield Buffer.from(' ');
			}
		})(),
	};
}

const never = async () => await new Promise<FakeAnswer>(() => {});
const busy = (retryAfter: number): FakeAnswer => ({
	statusCode: 429,
	headers: { 'retry-after': String(retryAfter) },
	json: { code: 429, msg: 'rate limit exceeded' },
});

function startPolling(answer: (clock: VirtualClock) => FakeAnswer | Promise<FakeAnswer>) {
	const clock = new VirtualClock();
	const http = new FakeHttp(async () => await answer(clock));
	const work = new Waiter(clientOf(http, clock)).until({
		id: 'p',
		model: 'm',
		shape: '',
		visibleByMs: clock.nowMs(),
		sentAtMs: clock.nowMs(),
		deadlineMs: clock.nowMs() + 5_000,
		signal: undefined,
	});
	return { clock, http, work };
}

describe('a poll', () => {
	it.each<[string, (clock: VirtualClock) => FakeAnswer | Promise<FakeAnswer>]>([
		['is asked to wait five minutes', () => busy(300)],
		['is asked to wait a day', () => busy(86_400)],
		['is answered by a trickle', trickling],
		['is never answered', never],
		[
			'is answered with another prediction’s record',
			() => ({ json: { data: { id: 'x', status: 'completed', outputs: ['https://a.example.com/x.png'] } } }),
		],
	])('that %s ends at about its Timeout, with the ID', async (_what, answer) => {
		const { clock, work } = startPolling(answer);
		const { error, tookMs } = await outcome(clock, work);
		expect(error).toMatchObject({ kind: 'timeout', status: 'unknown', predictionId: 'p' });
		expect(tookMs).toBeGreaterThanOrEqual(5_000);
		expect(tookMs).toBeLessThanOrEqual(5_000 + READ_TIMEOUT_MS + 2_000);
	});

	it('is not sent while asked to wait', async () => {
		const { clock, http, work } = startPolling(() => busy(300));
		await outcome(clock, work);
		expect(http.requests).toHaveLength(1);
	});
});

describe('the answer to a submit', () => {
	it.each<[string, (clock: VirtualClock) => FakeAnswer | Promise<FakeAnswer>]>([
		['trickles in', trickling],
		['never comes', never],
	])('is abandoned if it %s', async (_what, answer) => {
		const clock = new VirtualClock();
		const client = clientOf(new FakeHttp(async () => await answer(clock)), clock);
		const { value, tookMs } = await outcome(clock, client.post('/x', {}, {}));
		expect(value).toBeDefined();
		expect(value?.answer?.json).toBeUndefined();
		expect(tookMs).toBeLessThanOrEqual(SUBMIT_TIMEOUT_MS + 2_000);
	});
});

describe('a read', () => {
	it.each<[string, (clock: VirtualClock) => FakeAnswer | Promise<FakeAnswer>]>([
		['trickles in', trickling],
		['never comes', never],
	])('ends if its answer %s', async (_what, answer) => {
		const clock = new VirtualClock();
		const client = clientOf(new FakeHttp(async () => await answer(clock)), clock);
		const { error, tookMs } = await outcome(clock, client.get('/x', 'read it'));
		expect(error).toMatchObject({ kind: 'read' });
		expect(tookMs).toBeLessThan(10 * MINUTE_MS);
	});
});

describe('an upload', () => {
	const file: InputFile = {
		fieldName: 'data',
		fileName: 'a.png',
		kind: PNG,
		sizeBytes: 3,
		storedId: 'a',
		async *open() {
			yield await Promise.resolve(Buffer.from('abc'));
		},
	};
	const upload = async (answer: (clock: VirtualClock) => FakeAnswer | Promise<FakeAnswer>) => {
		const clock = new VirtualClock();
		const http = new FakeHttp(async () => await answer(clock));
		const owner = { executionId: '1', nodeTag: '0123abcd', runIndex: 0 };
		const uploads = new Uploads(clientOf(http, clock), owner, undefined);
		return { ...(await outcome(clock, uploads.url(file, 0))), http };
	};

	it('ends at once if it is asked to wait a day', async () => {
		const { error, tookMs, http } = await upload(() => busy(86_400));
		expect(error).toMatchObject({ kind: 'read', statusCode: 429 });
		expect(tookMs).toBeLessThan(MINUTE_MS);
		expect(http.requests).toHaveLength(1);
	});

	it('ends after some minutes if it is always rejected', async () => {
		const { error, tookMs } = await upload(() => busy(1));
		expect(error).toMatchObject({ kind: 'read', statusCode: 429 });
		expect(tookMs).toBeLessThan(15 * MINUTE_MS);
	});

	it.each<[string, (clock: VirtualClock) => FakeAnswer | Promise<FakeAnswer>]>([
		['trickles in', trickling],
		['never comes', never],
	])('ends if its answer %s', async (_what, answer) => {
		const { error, tookMs } = await upload(answer);
		expect(error).toMatchObject({ kind: 'read' });
		expect(tookMs).toBeLessThan(25 * MINUTE_MS);
	});

	it('at one per second gets twenty files through', async () => {
		const clock = new VirtualClock();
		let lastMs = -Infinity;
		const http = new FakeHttp((_request, n): FakeAnswer => {
			const isAccepted = clock.nowMs() - lastMs >= 1_000;
			if (!isAccepted) return { statusCode: 429, json: { code: 429, msg: 'rate limit exceeded' } };
			lastMs = clock.nowMs();
			return { json: { code: 200, data: { download_url: `https://files.example.com/${n}.png` } } };
		});
		const owner = { executionId: '1', nodeTag: '0123abcd', runIndex: 0 };
		const uploads = new Uploads(clientOf(http, clock), owner, undefined);
		const files = Array.from({ length: 20 }, (_, i): InputFile => ({
			...file,
			storedId: `f${i}`,
			async *open() {
				yield await Promise.resolve(Buffer.from(`${100 + i}`));
			},
		}));
		const { value, tookMs } = await outcome(
			clock,
			Promise.all(files.map(async (one, i) => await uploads.url(one, i))),
		);
		expect(new Set(value).size).toBe(20);
		expect(tookMs).toBeLessThan(3 * MINUTE_MS);
	});
});

describe('a permit', () => {
	it('is not waited for if the service asks for a longer pause than the item has', async () => {
		const clock = new VirtualClock();
		const limiter = new RateLimiter(clock);
		const first = await clock.until(limiter.acquire(undefined));
		first.rejected(86_400_000);
		const { value, tookMs } = await outcome(clock, limiter.acquire(undefined, { maxPauseMs: 5 * MINUTE_MS }));
		expect(value).toBeNull();
		expect(tookMs).toBe(0);
		const deadlineMs = clock.nowMs() + MINUTE_MS;
		expect((await outcome(clock, limiter.acquire(undefined, { deadlineMs }))).value).toBeNull();
	});

	it('follows a pause that the item has time for', async () => {
		const clock = new VirtualClock();
		const limiter = new RateLimiter(clock);
		(await clock.until(limiter.acquire(undefined))).rejected(120_000);
		const { value, tookMs } = await outcome(clock, limiter.acquire(undefined, { maxPauseMs: 5 * MINUTE_MS }));
		expect(value).not.toBeNull();
		expect(tookMs).toBeGreaterThanOrEqual(120_000);
		expect(tookMs).toBeLessThan(3 * MINUTE_MS);
	});
});
