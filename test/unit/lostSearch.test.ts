import { hashOf, valuesOf } from '../../nodes/AtlasCloud/api/purchases/body';
import {
	assign,
	LostSearch,
	SEARCH_MS,
	type Candidate,
	type Found,
} from '../../nodes/AtlasCloud/api/purchases/lostSearch';
import { sentSize } from '../../nodes/AtlasCloud/api/models/sizes';
import { Ledger } from '../../nodes/AtlasCloud/api/purchases/ledger';
import { added, cut, otherName, parsed, twice, withDefaults, withoutRequest } from '../oddRows';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { emptyLedger } from './purchaseTools';
import { VirtualClock } from './virtualClock';

const BODY = { model: 'm', prompt: 'make it gold', images: ['https://files.example.com/a.png'] };
const SENT = {
	prompt: BODY.prompt,
	size: null,
	images: BODY.images,
	keptUntilMs: 0,
	hasUrl: true,
	estimateUsd: null,
};

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
	/** Predictions that other items have. */
	takenIds?: string[];
	/** What the history shows otherwise. */
	alter?: (row: Record<string, unknown>) => object;
	answer?: (n: number) => FakeAnswer | undefined;
	/** Submits that are lost together. Default 1. */
	count?: number;
	prompt?: string;
	/** Further fields of the body. */
	fields?: object;
}

/** Loses a submit that left a second ago, and searches for it. */
async function search(story: Story) {
	const {
		rows,
		skewSeconds = 0,
		dateSkew = () => 0,
		takenIds = [],
		answer = () => undefined,
		count = 1,
		prompt = BODY.prompt,
		fields = {},
	} = story;
	const sent = { ...BODY, prompt, ...fields };
	const { alter = (row) => row } = story;
	const clock = new VirtualClock();
	const sentAtMs = clock.nowMs();
	const http = new FakeHttp((_request, n) => {
		const nowMs = clock.nowMs() + skewSeconds * 1_000;
		const off = dateSkew(n);
		const items = rows
			.filter(({ at }) => clock.nowMs() >= sentAtMs + at * 1_000)
			.sort((a, b) => b.at - a.at)
			.map(({ id, at, createdAt = (ms) => Math.floor(ms / 1_000), body = sent }) => ({
				ID: id,
				createdAt: createdAt(sentAtMs + (at + skewSeconds) * 1_000),
				model: 'm',
				requestBody: typeof body === 'string' ? body : JSON.stringify(body),
				result: { id, status: 'processing', outputs: null },
			}))
			.map(alter);
		return (
			answer(n) ?? {
				headers: off === 'missing' ? {} : { date: new Date(nowMs + off * 1_000).toUTCString() },
				json: { code: 200, data: { items, total: items.length } },
			}
		);
	});
	const taken = Object.fromEntries(takenIds.map((id) => [id, true as const]));
	const scope = { executionId: '1', runIndex: 0, isTool: false, parametersHash: 'p' };
	const ledger = new Ledger({ records: {}, takenIds: taken }, scope);
	const lost = new LostSearch(clientOf(http, clock), ledger, undefined);
	await clock.pass(1_000);
	const startMs = clock.nowMs();
	const facts = {
		...SENT,
		fingerprint: 'f',
		bodyHash: hashOf(valuesOf(sent)),
		model: 'm',
		sentAtMs,
		prompt,
		size: sentSize(sent),
	};
	const records = Array.from({ length: count }, (_, itemIndex) => {
		const record = ledger.begin({ itemIndex }, facts);
		ledger.settle(record, { state: 'lost' }, clock.nowMs());
		return record;
	});
	const results = await clock.until(Promise.all(records.map(async (record) => await lost.find(record))));
	return { result: results[0]!, results, reads: http.requests.length, tookMs: clock.nowMs() - startMs };
}

const found = (id: string): Found => ({ kind: 'found', id });
const unclear = (...ids: string[]): Found => ({ kind: 'unclear', ids });
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
		expect((await search({ rows: [older] })).result).toEqual({ kind: 'none' });
	});

	it.each<[string, Row]>([
		['made before it', { id: 'x', at: -20 }],
		['made after its time', { id: 'x', at: 45 }],
		['of another prompt', { ...own, body: { ...BODY, prompt: 'x' } }],
		['of another input', { ...own, body: { ...BODY, images: ['https://files.example.com/b.png'] } }],
	])('is not a prediction %s', async (_what, row) => {
		const { result, tookMs } = await search({ rows: [row] });
		expect(result).toEqual({ kind: 'none' });
		expect(tookMs).toBeLessThan(SEARCH_MS + 30_000);
	});

	it('is not one of another size', async () => {
		const row = { ...own, body: { ...BODY, size: '2048*2048' } };
		expect((await search({ rows: [row], fields: { size: '1024*1024' } })).result).toEqual({ kind: 'none' });
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
		expect(result).toEqual({ kind: 'none' });
	});

	it.each([-600, 600])('is found though the first answer’s clock is %d s off', async (seconds) => {
		const { result, tookMs } = await search({ rows: [own], dateSkew: (n) => (n === 1 ? seconds : 0) });
		expect(result).toEqual(found('own'));
		expect(tookMs).toBeLessThan(20_000);
	});

	it.each([0, 1])('is found if only %d answers have a Date header', async (count) => {
		const { result } = await search({ rows: [own], dateSkew: (n) => (n <= count ? 0 : 'missing') });
		expect(result).toEqual(found('own'));
	});

	it('is none that an item already has', async () => {
		expect((await search({ rows: [own], takenIds: ['own'] })).result).toEqual({ kind: 'none' });
	});

	it('shares no prediction with another that was lost with it', async () => {
		const { results } = await search({ rows: [own, { id: 'second', at: 0.8 }], count: 2 });
		// Equal bodies make them interchangeable.
		expect(results).toEqual(expect.arrayContaining([found('own'), found('second')]));
		const one = await search({ rows: [own], count: 2 });
		expect(one.results.map(({ kind }) => kind).sort()).toEqual(['found', 'none']);
	});
});

describe('a row that could be ours, and cannot be understood, is not taken for "not bought"', () => {
	it.each<[string, Partial<Story>]>([
		['has no time', { rows: [{ ...own, createdAt: () => undefined }] }],
		['has a time that is nonsense', { rows: [{ ...own, createdAt: () => 'yesterday' }] }],
		['has a time of 1970', { rows: [{ ...own, createdAt: () => 86_400 }] }],
		['is shortened', { alter: cut(30) }],
		['has a shortened URL', { alter: added({ images: ['https://files.example…'] }) }],
		['is shortened to nothing', { alter: cut(0) }],
		['has its inputs emptied', { alter: added({ images: [] }) }],
		['has them emptied beside a long prompt', { alter: added({ images: [] }), prompt: 'gold '.repeat(500) }],
		['names no model in its body', { alter: added({ model: undefined }) }],
		['has no body', { alter: withoutRequest }],
		['has an added field', { alter: withDefaults }],
		[
			'has one beside a size that is no text',
			{ alter: withDefaults, fields: { resolution: '720p', aspect_ratio: '16:9' } },
		],
		['has another name of its model', { alter: cut(0), rows: [own] }],
		...[8, 20, 45, 60, -8, -20, -45, -60].map((seconds): [string, Partial<Story>] => [
			`comes with Date headers that are ${seconds} s off`,
			{ dateSkew: () => seconds },
		]),
	])('if it %s', async (_what, changes) => {
		const { result } = await search({ rows: [own], ...changes });
		// It may be found all the same.
		expect([unclear('own'), found('own')]).toContainEqual(result);
	});

	it.each<[string, (row: Record<string, unknown>) => object]>([
		['as JSON', parsed],
		['as text of a text', twice],
		[
			'in base64',
			({ requestBody, ...row }) => ({
				...row,
				requestBody: Buffer.from(String(requestBody)).toString('base64'),
			}),
		],
		[
			'under `input`',
			(row) => ({ ...row, requestBody: { model: 'm', input: { ...BODY, model: undefined } } }),
		],
		['with nulls', added({ seed: null })],
		['with its model by another name', otherName],
	])('but is found if its body is written %s', async (_how, alter) => {
		expect((await search({ rows: [own], alter })).result).toEqual(found('own'));
	});

	it.each<[string, (row: Record<string, unknown>) => object]>([
		['another prompt', (row) => ({ ...row, requestBody: '{"model":"m","prompt":"make it blue","ima…' })],
		[
			'the beginning of another prompt',
			(row) => ({ ...row, requestBody: '{"model":"m","prompt":"make it bl…' }),
		],
		['another model', (row) => ({ ...row, model: 'vendor/other', requestBody: undefined })],
	])('and one that is plainly %s is no doubt', async (_what, alter) => {
		expect((await search({ rows: [own], alter })).result).toEqual({ kind: 'none' });
	});
});

describe('a search that goes wrong', () => {
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

	it('once finds the prediction all the same', async () => {
		const answer = (n: number) => (n === 1 ? { json: { code: 200, data: {} } } : undefined);
		expect((await search({ rows: [own], answer })).result).toEqual(found('own'));
	});
});

it('a lost submit is known to be none although an older one is searched for, too, in its last round', async () => {
	const clock = new VirtualClock();
	const startMs = clock.nowMs();
	const http = new FakeHttp(() => {
		// Another person's, made five minutes before.
		const createdAt = Math.floor(startMs / 1_000) - 300;
		const requestBody = JSON.stringify({ model: 'm', prompt: 'a stranger’s' });
		const items = [{ ID: 'x', createdAt, model: 'm', requestBody, result: { id: 'x', status: 'completed' } }];
		const headers = { date: new Date(clock.nowMs()).toUTCString() };
		return { headers, json: { code: 200, data: { items, total: 1 } } };
	});
	const ledger = emptyLedger();
	const lost = new LostSearch(clientOf(http, clock), ledger, undefined);
	const lose = (itemIndex: number, prompt: string, sentAtMs: number) => {
		const bodyHash = hashOf(valuesOf({ model: 'm', prompt }));
		const facts = { ...SENT, fingerprint: 'f', bodyHash, model: 'm', sentAtMs, prompt };
		const record = ledger.begin({ itemIndex }, facts);
		ledger.settle(record, { state: 'lost' }, sentAtMs + 1_000);
		return record;
	};
	const first = lost.find(lose(0, 'make it gold', startMs - 1_000));
	await clock.pass(50_000);
	// What an attempt before lost, ten minutes ago.
	const second = lost.find(lose(1, 'make it blue', startMs - 600_000));
	expect(await clock.until(first)).toEqual({ kind: 'none' });
	expect(await clock.until(second)).toEqual({ kind: 'none' });
});

describe('predictions are assigned', () => {
	const submit = (key: string, sentAtMs: number) => ({
		key,
		sentAtMs,
		endedAtMs: sentAtMs + 1_000,
	});
	const task = (id: string, ms: number): Candidate => ({
		id,
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
		expect(assign([lost], tasks, 0).get(lost)).toEqual({ kind: 'unclear', ids: ['a', 'b'] });
		expect(assign([lost], tasks, 1).get(lost)).toEqual(found('a'));
	});
});
