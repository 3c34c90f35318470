import { sha256OfStream } from '../../nodes/AtlasCloud/api/hash';
import { RemoteContent, MAX_FILES, MAX_TOTAL_MS } from '../../nodes/AtlasCloud/api/files/remote';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const PHOTO = Buffer.from('a photo');
const TWIN = Buffer.from('b photo');
const URL_A = 'https://files.example.com/a.png';

const hashOf = async (bytes: Buffer) =>
	(
		await sha256OfStream(
			(async function* () {
				yield await Promise.resolve(bytes);
			})(),
		)
	).hex;
const file = (bytes: Buffer, announced = true): FakeAnswer => ({
	chunks: [bytes.subarray(0, 3), bytes.subarray(3)],
	headers: announced ? { 'content-length': String(bytes.length) } : {},
});

function setup(answer: (url: string, count: number) => FakeAnswer | Promise<FakeAnswer>) {
	const clock = new VirtualClock();
	const http = new FakeHttp(async ({ url }, count) => await answer(url, count));
	const files = new RemoteContent(clientOf(http, clock), undefined);
	const holds = async (url: string, bytes: Buffer) =>
		await files.holds(url, await hashOf(bytes), bytes.length);
	return {
		clock,
		http,
		holds,
		until: async (url: string, bytes: Buffer) => await clock.until(holds(url, bytes)),
	};
}

const UNKNOWN = {
	kind: 'unknown',
	status: 'unknown',
	message: expect.stringMatching(/^Couldn’t check whether an earlier/) as string,
};

describe('an input file of an earlier edit', () => {
	it.each([true, false])(
		'is identified by its content, not by its size (length announced: %p)',
		async (announced) => {
			const { until, http } = setup(() => file(PHOTO, announced));
			expect(await until(URL_A, PHOTO)).toBe(true);
			expect(await until(URL_A, TWIN)).toBe(false);
			// Both have the same size: it is read once for them.
			expect(http.requests).toHaveLength(1);
		},
	);

	it('is fetched without the API key', async () => {
		const { until, http } = setup(() => file(PHOTO));
		await until(URL_A, PHOTO);
		expect(http.requests[0]).toMatchObject({ authenticated: false, method: 'GET' });
	});

	it('is not read if it announces another size, and not requested again', async () => {
		let isRead = false;
		const { until, http } = setup(() => ({
			headers: { 'content-length': '1000000' },
			chunks: (function* () {
				isRead = true;
				yield PHOTO;
			})(),
		}));
		expect(await until(URL_A, PHOTO)).toBe(false);
		expect(await until(URL_A, Buffer.from('another size'))).toBe(false);
		expect(isRead).toBe(false);
		expect(http.requests).toHaveLength(1);
	});

	it('is not read to its end if it is longer than expected and does not say so', async () => {
		let pieces = 0;
		const { until } = setup(() => ({
			chunks: (function* () {
				for (; pieces < 1_000; pieces++) yield PHOTO;
			})(),
		}));
		expect(await until(URL_A, PHOTO)).toBe(false);
		expect(pieces).toBeLessThan(5);
	});

	it.each([403, 404, 410])('that is answered %d does not exist', async (statusCode) => {
		const { until, http } = setup(() => ({ statusCode }));
		expect(await until(URL_A, PHOTO)).toBe(false);
		expect(http.requests).toHaveLength(1);
	});

	it.each(['http://10.0.0.1/a.png', 'https://127.0.0.1/a.png', 'file:///etc/passwd', 'nonsense', ''])(
		'at %p is not fetched',
		async (url) => {
			const { until, http } = setup(() => file(PHOTO));
			expect(await until(url, PHOTO)).toBe(false);
			expect(http.requests).toHaveLength(0);
		},
	);

	it('is not followed into a private network', async () => {
		const { until, http } = setup(() => ({
			statusCode: 302,
			headers: { location: 'https://10.0.0.1/a.png' },
		}));
		expect(await until(URL_A, PHOTO)).toBe(false);
		expect(http.requests).toHaveLength(1);
	});

	it.each<[string, () => FakeAnswer]>([
		['is answered 503', () => ({ statusCode: 503 })],
		['is answered 429', () => ({ statusCode: 429 })],
		['is cut off', () => ({ headers: { 'content-length': '7' }, chunks: [PHOTO.subarray(0, 3)] })],
	])('that %s is retried, and then it is unknown', async (_what, broken) => {
		const once = setup((_url, count) => (count === 1 ? broken() : file(PHOTO)));
		expect(await once.until(URL_A, PHOTO)).toBe(true);
		const always = setup(broken);
		await expect(always.until(URL_A, PHOTO)).rejects.toMatchObject(UNKNOWN);
		expect(always.http.requests).toHaveLength(3);
	});

	it('that trickles in is abandoned', async () => {
		const { clock, until } = setup(() => ({
			chunks: (async function* () {
				for (let i = 0; i < 100_000; i++) {
					await clock.sleepMs(10_000);
					yield Buffer.alloc(0);
				}
			})(),
		}));
		const startMs = clock.nowMs();
		// It counts as read to its end, with too few bytes, or as unknown: it ends.
		await until(URL_A, PHOTO).catch((error: unknown) => expect(error).toMatchObject(UNKNOWN));
		expect(clock.nowMs() - startMs).toBeLessThan(MAX_TOTAL_MS);
	});
});

describe('reading earlier inputs ends', () => {
	it('after a number of files', async () => {
		const { clock, holds, http } = setup(() => file(PHOTO));
		const readAll = async () => {
			for (let i = 0; i <= MAX_FILES; i++) await holds(`https://files.example.com/${i}.png`, PHOTO);
		};
		await expect(clock.until(readAll())).rejects.toMatchObject(UNKNOWN);
		expect(http.requests).toHaveLength(MAX_FILES);
	});

	it('after some time', async () => {
		const slow: { clock?: VirtualClock } = {};
		const { clock, holds, http } = setup(async () => {
			await slow.clock?.sleepMs(50_000);
			return file(PHOTO);
		});
		slow.clock = clock;
		const readAll = async () => {
			for (let i = 0; i < 100; i++) await holds(`https://files.example.com/${i}.png`, PHOTO);
		};
		await expect(clock.until(readAll())).rejects.toMatchObject(UNKNOWN);
		expect(http.requests.length).toBeLessThanOrEqual(MAX_TOTAL_MS / 50_000 + 1);
	});
});
