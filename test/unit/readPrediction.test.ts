import {
	noteSubmitted,
	pollPrediction,
	readPrediction,
	WARM_UP_MS,
	withFiles,
	within,
} from '../../nodes/AtlasCloud/api/predictions/readPrediction';
import { clientOf, FakeHttp, pathOf, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const DONE: FakeAnswer = {
	json: { code: 200, data: { status: 'completed', outputs: ['https://cdn.example.com/a.png'] } },
};
const NOT_FOUND: FakeAnswer = {
	statusCode: 404,
	json: { code: 404, msg: 'prediction not found', data: null },
};
const PAGE: FakeAnswer = { statusCode: 404, chunks: [Buffer.from('<html>Not Found</html>')] };

const historyOf = (...ids: string[]): FakeAnswer => {
	const items = ids.map((id) => ({ ID: id, status: 'processing', requestBody: '{}' }));
	return { json: { code: 200, data: { items, total: items.length } } };
};

let ids = 0;

/** Reads a prediction that Atlas shows after so long, in ms. */
async function read(
	{ visibleAtMs = Infinity, missing = NOT_FOUND, history = historyOf(), isSubmittedHere = false } = {},
	{ giveUpAfterMs, ...options }: { giveUpAfterMs?: number; isAskedAgain?: boolean } = {},
) {
	const clock = new VirtualClock();
	const startMs = clock.nowMs();
	const id = `p${++ids}`;
	if (isSubmittedHere) noteSubmitted(id, startMs);
	const http = new FakeHttp((request) => {
		if (pathOf(request).startsWith('/api/v1/model/history')) return history;
		return clock.nowMs() - startMs >= visibleAtMs ? DONE : missing;
	});
	const giveUpAtMs = giveUpAfterMs === undefined ? undefined : startMs + giveUpAfterMs;
	const reading = readPrediction(clientOf(http, clock), id, undefined, { ...options, giveUpAtMs });
	const outcome = await clock.until(
		reading.then(
			({ status }) => status as string,
			({ message }: Error) => message,
		),
	);
	const paths = http.requests.map((request) => pathOf(request).replace(id, 'ID'));
	return { id, outcome, paths, tookMs: clock.nowMs() - startMs };
}

describe('a prediction that Atlas does not find', () => {
	it('is not asked for without a pause, whatever Retry-After says', async () => {
		const missing = { ...NOT_FOUND, headers: { 'retry-after': '0' } };
		const { paths } = await read({ missing, isSubmittedHere: true });
		expect(paths.length).toBeLessThan(15);
	});

	it('and that the history does not have is told within seconds', async () => {
		const { id, outcome, tookMs, paths } = await read();
		expect(outcome).toBe(`Couldn’t read prediction ${id}: prediction not found (404)`);
		expect(tookMs).toBeLessThan(3_000);
		expect(paths).toEqual([
			'/api/v1/model/prediction/ID',
			'/api/v1/model/prediction/ID',
			'/api/v1/model/history?no=1&size=50&sessionID=ID',
		]);
	});

	it.each([
		['is waited for if this process has just submitted it', { isSubmittedHere: true }],
		['is waited for if its history cannot be read', { history: { statusCode: 403 } as FakeAnswer }],
		['is waited for if the history is a page', { history: PAGE }],
	])('%s', async (_what, service) => {
		expect(await read({ ...service, visibleAtMs: 25_000 })).toMatchObject({ outcome: 'completed' });
		const { outcome, tookMs } = await read(service);
		expect(outcome).toContain('prediction not found (404)');
		expect(tookMs).toBeLessThan(2 * WARM_UP_MS + 60_000);
	});

	it('is waited for if the history has it', async () => {
		const history = historyOf(`p${ids + 1}`);
		expect(await read({ history, visibleAtMs: 25_000 })).toMatchObject({ outcome: 'completed' });
	});

	it('is not given up after one answer', async () => {
		expect(await read({ visibleAtMs: 1 })).toMatchObject({ outcome: 'completed' });
	});

	it('costs one request where somebody asks again later', async () => {
		const { paths } = await read({}, { isAskedAgain: true });
		expect(paths).toEqual(['/api/v1/model/prediction/ID']);
	});
});

it('a page is not Atlas’s answer: it is read again, a few times', async () => {
	expect(await read({ missing: PAGE, visibleAtMs: 2_000 })).toMatchObject({ outcome: 'completed' });
	const { paths } = await read({ missing: PAGE });
	expect(paths).toHaveLength(6);
});

it.each([429, 200])('a poll with the code 429 and the status %d is one too many', async (statusCode) => {
	const http = new FakeHttp(() => ({ statusCode, json: { code: 429, msg: 'slow down' } }));
	const permit = { acquiredAtMs: 0, accepted: jest.fn(), rejected: jest.fn(), released: jest.fn() };
	await within(permit, pollPrediction(clientOf(http, new VirtualClock()), 'p'));
	expect(permit.rejected).toHaveBeenCalledTimes(1);
});

/** An answer with one file in it. @param length in characters of base64 */
function atlasWith(length: number) {
	const clock = new VirtualClock();
	const outputs = ['A'.repeat(length)];
	const http = new FakeHttp(() => ({ json: { code: 200, data: { id: 'p', status: 'completed', outputs } } }));
	return { clock, http, client: clientOf(http, clock) };
}

it('no attempt starts after the given time', async () => {
	const missing = { ...PAGE, statusCode: 503, headers: { 'retry-after': '300' } };
	const { tookMs, paths } = await read({ missing }, { giveUpAfterMs: 10_000 });
	expect(paths).toHaveLength(1);
	expect(tookMs).toBeLessThan(10_000);
});

it('a small file in an answer is kept', async () => {
	const { client, http } = atlasWith(1_000_000);
	const prediction = await readPrediction(client, 'p', undefined);
	const length = await withFiles(
		client,
		prediction,
		undefined,
		async ({ outputs }) => await Promise.resolve(outputs[0]?.base64?.length),
	);
	expect(length).toBe(1_000_000);
	expect(http.requests).toHaveLength(1);
});

it('large ones are read when they are stored, 32 MB at a time', async () => {
	const { client, clock } = atlasWith(10_000_000);
	const prediction = await readPrediction(client, 'p', undefined);
	expect(prediction).toMatchObject({ outputs: [{ base64: null }], embeddedBytes: 10_000_000 });
	let atOnce = 0;
	let most = 0;
	const store = async () =>
		await withFiles(client, prediction, undefined, async ({ outputs }) => {
			most = Math.max(most, ++atOnce);
			await clock.sleepMs(1_000);
			atOnce--;
			return outputs[0]?.base64?.length;
		});
	const stored = await clock.until(Promise.all(Array.from({ length: 6 }, store)));
	expect(stored).toEqual(Array(6).fill(10_000_000));
	expect(most).toBe(3);
});
