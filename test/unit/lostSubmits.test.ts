import { bodyHash } from '../../nodes/AtlasCloud/api/predictions/history';
import { assign, type Candidate } from '../../nodes/AtlasCloud/api/purchases/match';
import {
	LostSubmits,
	SEARCH_MS,
	type KnownSubmits,
	type LostResult,
} from '../../nodes/AtlasCloud/api/purchases/lostSubmits';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const BODY = { model: 'm', prompt: 'make it gold', images: ['https://files.example.com/a.png'] };
const HASH = bodyHash(BODY);

interface Row {
	id: string;
	/** Seconds after the submit. */
	at: number;
	createdAt?: (ms: number) => unknown;
	body?: unknown;
}

interface Story {
	rows: Row[];
	/** How far Atlas's clock is ahead, in seconds. */
	skewSeconds?: number;
	/** How far the n-th answer's Date header is ahead of Atlas's clock besides; `missing` leaves it out. */
	dateSkew?: (n: number) => number | 'missing';
	known?: Partial<KnownSubmits>;
	answer?: (n: number) => FakeAnswer | undefined;
	/** Submits that are lost together. Default 1. */
	count?: number;
}

/** Loses a submit that left a second ago, and searches for it. */
async function search(story: Story) {
	const { rows, skewSeconds = 0, dateSkew = () => 0, known, answer = () => undefined, count = 1 } = story;
	const clock = new VirtualClock();
	const sentAtMs = clock.nowMs();
	const http = new FakeHttp((_request, n) => {
		const nowMs = clock.nowMs() + skewSeconds * 1_000;
		const off = dateSkew(n);
		const items = rows
			.filter(({ at }) => clock.nowMs() >= sentAtMs + at * 1_000)
			.sort((a, b) => b.at - a.at)
			.map(({ id, at, createdAt = (ms) => Math.floor(ms / 1_000), body = BODY }) => ({
				ID: id,
				createdAt: createdAt(sentAtMs + (at + skewSeconds) * 1_000),
				model: 'm',
				requestBody: typeof body === 'string' ? body : JSON.stringify(body),
				result: { id, status: 'processing', outputs: null },
			}));
		return (
			answer(n) ?? {
				headers: off === 'missing' ? {} : { date: new Date(nowMs + off * 1_000).toUTCString() },
				json: { code: 200, data: { items, total: items.length } },
			}
		);
	});
	const all: KnownSubmits = { claimedIds: () => [], unknownCount: () => 0, ...known };
	const lost = new LostSubmits(clientOf(http, clock), all, undefined);
	await clock.pass(1_000);
	const startMs = clock.nowMs();
	const submit = { bodyHash: HASH, model: 'm', sentAtMs, endedAtMs: clock.nowMs() };
	const results = await clock.until(
		Promise.all(Array.from({ length: count }, async (_, i) => await lost.find({ ...submit, key: `0/${i}` }))),
	);
	return { result: results[0]!, results, reads: http.requests.length, tookMs: clock.nowMs() - startMs };
}

const found = (predictionId: string): LostResult => ({ kind: 'found', predictionId });
const own: Row = { id: 'own', at: 0.5 };

describe('a lost submit', () => {
	it.each([-3_600, -600, 0, 600, 3_600])('is found if Atlas’s clock is %d s ahead', async (skewSeconds) => {
		expect((await search({ rows: [own], skewSeconds })).result).toEqual(found('own'));
	});

	it.each<[string, (ms: number) => unknown]>([
		['milliseconds', (ms) => ms],
		['seconds as a text', (ms) => String(Math.floor(ms / 1_000))],
		['ISO 8601', (ms) => new Date(ms).toISOString()],
	])('is found, and no older one, with times in %s', async (_unit, createdAt) => {
		const older = { id: 'older', at: -300, createdAt };
		expect((await search({ rows: [older, { ...own, createdAt }] })).result).toEqual(found('own'));
		expect((await search({ rows: [older] })).result).toEqual({ kind: 'notFound' });
	});

	it.each<[string, Row]>([
		['made before it', { id: 'x', at: -20 }],
		['made after its time', { id: 'x', at: 45 }],
		['without a time', { ...own, createdAt: () => undefined }],
		['whose time is nonsense', { ...own, createdAt: () => 'yesterday' }],
		['of another prompt', { ...own, body: { ...BODY, prompt: 'x' } }],
		['of another input', { ...own, body: { ...BODY, images: ['https://files.example.com/b.png'] } }],
	])('is not a prediction %s', async (_what, row) => {
		const { result, tookMs } = await search({ rows: [row] });
		expect(result).toEqual({ kind: 'notFound' });
		expect(tookMs).toBeLessThan(SEARCH_MS + 30_000);
	});

	// With a clock ten minutes off, a prediction ten minutes older or newer would seem to be this one.
	it.each<[string, number, number]>([
		['stale', 1, -600],
		['ahead', 1, 600],
		['stale, the second', 2, -600],
		['stale, the fourth', 4, -600],
	])('is not an older prediction if one answer’s clock is %s', async (_what, nth, seconds) => {
		const { result } = await search({
			rows: [{ id: 'older', at: -600 }],
			dateSkew: (n) => (n === nth ? seconds : 0),
		});
		expect(result).toEqual({ kind: 'notFound' });
	});

	it.each([-600, 600])('is found though the first answer’s clock is %d s off', async (seconds) => {
		const { result, tookMs } = await search({ rows: [own], dateSkew: (n) => (n === 1 ? seconds : 0) });
		expect(result).toEqual(found('own'));
		expect(tookMs).toBeLessThan(20_000);
	});

	it('is found if no answer has a Date header', async () => {
		expect((await search({ rows: [own], dateSkew: () => 'missing' })).result).toEqual(found('own'));
	});

	it('is found if only one answer has a Date header', async () => {
		const { result } = await search({ rows: [own], dateSkew: (n) => (n === 1 ? 0 : 'missing') });
		expect(result).toEqual(found('own'));
	});

	it('is none that an item already has', async () => {
		const known = { claimedIds: () => ['own'] };
		expect((await search({ rows: [own], known })).result).toEqual({ kind: 'notFound' });
	});

	it('shares no prediction with another that was lost with it', async () => {
		const { results } = await search({ rows: [own, { id: 'second', at: 0.8 }], count: 2 });
		// Equal bodies make them interchangeable.
		expect(results).toEqual(expect.arrayContaining([found('own'), found('second')]));
		const one = await search({ rows: [own], count: 2 });
		expect(one.results.map(({ kind }) => kind).sort()).toEqual(['found', 'notFound']);
	});
});

describe('a search that goes wrong', () => {
	const nested = `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;

	it('survives a request that is nested 5,000 levels deep', async () => {
		const { result } = await search({ rows: [{ id: 'deep', at: 0.7, body: nested }, own] });
		expect(result).toEqual(found('own'));
	});

	it.each<[string, (n: number) => FakeAnswer]>([
		[
			'that breaks off',
			() => ({
				chunks: (function* () {
					yield Buffer.from('{');
					throw new RangeError('x');
				})(),
			}),
		],
		[
			'that throws at once',
			() => {
				throw new TypeError('x');
			},
		],
		['that is refused', () => ({ statusCode: 401, json: { code: 401, msg: 'no' } })],
		['that is busy for five minutes', () => ({ statusCode: 503, headers: { 'retry-after': '300' } })],
		['that is no page', () => ({ json: { code: 200, data: {} } })],
	])('because of an answer %s is reported as unreadable, in time', async (_what, answer) => {
		const { result, tookMs } = await search({ rows: [], answer });
		expect(result).toMatchObject({ kind: 'unreadable', error: { kind: 'read' } });
		expect(tookMs).toBeLessThan(SEARCH_MS * 2);
	});

	it('because of a bug of ours is reported as unreadable, and ends', async () => {
		let calls = 0;
		const known = {
			claimedIds: () => {
				if (calls++ === 0) return [];
				throw new RangeError('Maximum call stack size exceeded');
			},
		};
		const { result } = await search({ rows: [own], known });
		expect(result).toMatchObject({
			kind: 'unreadable',
			error: { kind: 'read', message: expect.stringContaining('Maximum call stack') as string },
		});
	});

	it('once finds the prediction all the same', async () => {
		const answer = (n: number) => (n === 1 ? { json: { code: 200, data: {} } } : undefined);
		expect((await search({ rows: [own], answer })).result).toEqual(found('own'));
	});
});

describe('predictions are assigned', () => {
	const submit = (key: string, sentAtMs: number) => ({
		key,
		bodyHash: HASH,
		model: 'm',
		sentAtMs,
		endedAtMs: sentAtMs + 1_000,
	});
	const task = (predictionId: string, ms: number): Candidate => ({
		predictionId,
		created: { fromMs: ms, toMs: ms + 1_000 },
	});

	it('the oldest to the oldest, and none twice', () => {
		const [first, second] = [submit('0/0', 100_000), submit('0/1', 102_000)];
		const assigned = assign([second, first], [task('b', 102_500), task('a', 100_500)], 0);
		expect([assigned.get(first), assigned.get(second)]).toEqual([found('a'), found('b')]);
	});

	it('to none if more fit than were lost, but to one if another was given up', () => {
		const lost = submit('0/0', 100_000);
		const tasks = [task('a', 100_500), task('b', 100_600)];
		expect(assign([lost], tasks, 0).get(lost)).toEqual({ kind: 'ambiguous', predictionIds: ['a', 'b'] });
		expect(assign([lost], tasks, 1).get(lost)).toEqual(found('a'));
	});
});
