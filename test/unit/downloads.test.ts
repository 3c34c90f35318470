import sharp from 'sharp';
import { Cancellation } from '../../nodes/AtlasCloud/api/flow/cancellation';
import { Downloads, type FileStore } from '../../nodes/AtlasCloud/api/files/downloads';
import { TransportError } from '../../nodes/AtlasCloud/api/http/http';
import { imageSize, imageSizeFurtherIn } from '../../nodes/AtlasCloud/api/files/imageSize';
import { toPrediction, type PredictionOutput } from '../../nodes/AtlasCloud/api/predictions/predictions';
import { Semaphore } from '../../nodes/AtlasCloud/api/flow/semaphore';
import {
	LARGE_ANSWER_BYTES,
	readAll,
	readBeginning,
	readFrom,
} from '../../nodes/AtlasCloud/api/http/streams';
import { BASE_URL, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const URL_A = 'https://cdn.example.com/a.bin';
let png: Buffer;
beforeAll(async () => {
	png = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#a03' } })
		.png()
		.toBuffer();
});

interface Kept {
	bytes: Buffer;
	fileName: string;
	mimeType: string;
}

const store: FileStore<Kept> = {
	async storeStream(_source, content, fileName, mimeType) {
		const chunks: Uint8Array[] = [];
		for await (const chunk of content) chunks.push(chunk);
		return { bytes: Buffer.concat(chunks), fileName, mimeType };
	},
	storeBytes: async (bytes, fileName, mimeType) =>
		await Promise.resolve({ bytes: Buffer.from(bytes), fileName, mimeType }),
};

async function fetchFrom(
	answers: Array<FakeAnswer | Error>,
	output: PredictionOutput = { url: URL_A },
	maxBytes = 1_000_000,
	signal?: Cancellation,
) {
	const clock = new VirtualClock();
	const http = new FakeHttp((_request, count) => {
		const answer = answers[Math.min(count, answers.length) - 1]!;
		if (answer instanceof Error) throw answer;
		return answer;
	});
	const downloads = new Downloads(http, clock, BASE_URL, store);
	const order = { predictionId: 'p1', output, baseName: 'photo-edited', maxBytes, signal };
	const result = await clock.until(
		downloads.fetch(order).then(
			(kept) => ({ kept, error: undefined }),
			(error: unknown) => ({ kept: undefined, error: error as Error }),
		),
	);
	return { ...result, requests: http.requests };
}

const inPieces = (bytes: Buffer, size: number) =>
	Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

describe('a download', () => {
	it.each([1, 7, 512, 100_000])('stores what was sent, in chunks of %d', async (size) => {
		const { kept, requests } = await fetchFrom([
			{
				chunks: inPieces(png, size),
				headers: { 'content-length': String(png.length), 'content-type': 'text/html' },
			},
		]);
		expect(kept).toMatchObject({ fileName: 'photo-edited.png', mimeType: 'image/png' });
		expect(kept?.bytes.equals(png)).toBe(true);
		expect(requests).toHaveLength(1);
		expect(requests[0]).toMatchObject({ authenticated: false, url: URL_A });
	});

	it.each<[string, () => FakeAnswer | Error]>([
		['a half', () => ({ chunks: [png.subarray(0, png.length >> 1)] })],
		[
			'fewer bytes than announced',
			() => ({ chunks: [png], headers: { 'content-length': String(png.length + 1) } }),
		],
		['a page', () => ({ chunks: [Buffer.from('<!doctype html><html>')] })],
		['rubbish', () => ({ chunks: [Buffer.alloc(5_000, 7)] })],
		['nothing', () => ({ chunks: [] })],
		['503', () => ({ statusCode: 503 })],
		['429', () => ({ statusCode: 429 })],
		['a reset', () => new TransportError('reset', 'ECONNRESET')],
	])('is retried after %s, but only a few times', async (_what, answer) => {
		const { kept } = await fetchFrom([answer(), answer(), { chunks: [png] }]);
		expect(kept?.bytes.equals(png)).toBe(true);
		const { error, requests } = await fetchFrom([answer()]);
		expect(requests).toHaveLength(4);
		expect(error).toMatchObject({ kind: 'download', predictionId: 'p1', status: 'completed' });
		expect(error?.message).toContain('The edit is done and paid for, but its picture could not be fetched: ');
	});

	it.each([403, 404, 410])('is not retried after %d: the link has expired', async (status) => {
		const { error, requests } = await fetchFrom([{ statusCode: status }]);
		expect(requests).toHaveLength(1);
		expect(error).toMatchObject({
			statusCode: status,
			message: expect.stringContaining('has expired') as string,
		});
	});

	it('is rejected if it is too large, announced or not', async () => {
		for (const headers of [{ 'content-length': String(png.length) }, {}] as Array<Record<string, string>>) {
			const { error, requests } = await fetchFrom(
				[{ chunks: inPieces(png, 100), headers }],
				undefined,
				png.length - 1,
			);
			expect(error?.message).toContain('it is larger than');
			expect(requests).toHaveLength(1);
		}
	});

	it('sends no request for base64', async () => {
		const { kept, requests } = await fetchFrom([], { base64: png.toString('base64') });
		expect(kept).toMatchObject({ fileName: 'photo-edited.png', mimeType: 'image/png' });
		expect(kept?.bytes.equals(png)).toBe(true);
		expect(requests).toHaveLength(0);
		const half = png.subarray(0, png.length >> 1).toString('base64');
		expect((await fetchFrom([], { base64: half })).error?.message).toContain('not a whole picture');
		expect((await fetchFrom([], { base64: png.toString('base64') }, 100)).error?.message).toContain(
			'larger than',
		);
	});

	it('rejects SVG, which can contain a script', async () => {
		const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
		const headers = { 'content-type': 'image/svg+xml' };
		expect((await fetchFrom([{ chunks: [svg], headers }])).error?.message).toContain(
			'something that is not a picture (SVG)',
		);
		expect((await fetchFrom([], { base64: svg.toString('base64') })).error?.message).toContain(
			'not a whole picture',
		);
	});

	it('of 96 MB in base64 is kept whole', async () => {
		const bytes = Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(95_999_992, 7), Buffer.from('\0;')]);
		const prediction = toPrediction('p1', {
			data: { id: 'p1', status: 'completed', outputs: [bytes.toString('base64')] },
		});
		const { kept } = await fetchFrom([], prediction!.outputs[0], 100_000_000);
		expect(kept?.bytes.equals(bytes)).toBe(true);
	});

	it.each(['http://cdn.example.com/a.png', 'https://10.0.0.1/a.png', 'http://127.0.0.1/a.png', 'a.png'])(
		'is not made from %s',
		async (url) => {
			const { error, requests } = await fetchFrom([{ chunks: [png] }], { url });
			expect(error?.message).toContain('is not followed');
			expect(requests).toHaveLength(0);
		},
	);

	it('does not start after a cancel', async () => {
		const signal = new Cancellation();
		signal.abort();
		const { error, requests } = await fetchFrom([{ chunks: [png] }], undefined, undefined, signal);
		expect(error?.name).toBe('CancelledError');
		expect(requests).toHaveLength(0);
	});
});

describe('a stream', () => {
	const counted = (count: number, size: number) => {
		const seen = { pieces: 0, isEnded: false };
		return {
			seen,
			chunks: (async function* () {
				try {
					for (let i = 0; i < count; i++) {
						seen.pieces++;
						yield await Promise.resolve(Buffer.alloc(size, i));
					}
				} finally {
					seen.isEnded = true;
				}
			})(),
		};
	};

	it('is read only as far as needed, and then ended', async () => {
		const { seen, chunks } = counted(1_000, 10_000);
		expect((await readBeginning(chunks, 65_536)).length).toBe(70_000);
		expect(seen).toEqual({ pieces: 7, isEnded: true });
		expect((await readBeginning(counted(3, 10).chunks, 65_536)).length).toBe(30);
	});

	it.each([
		[0, 5],
		[10, 10],
		[15, 12],
		[29, 5],
		[40, 5],
	])('is read from offset %d for %d bytes', async (offset, wanted) => {
		const all = Buffer.concat([0, 1, 2].map((i) => Buffer.alloc(10, i)));
		expect(await readFrom(counted(3, 10).chunks, offset, wanted)).toEqual(
			all.subarray(offset, offset + wanted),
		);
	});

	it('is ended if it stalls', async () => {
		const clock = new VirtualClock();
		let isOver = () => {};
		const over = new Promise<never>((_resolve, reject) => {
			isOver = () => reject(new TransportError('stalled', 'ETIMEDOUT'));
		});
		const stream = {
			destroy: () => isOver(),
			async *[Symbol.asyncIterator]() {
				yield Buffer.from('a');
				await over;
			},
		};
		const startMs = clock.nowMs();
		const reading = readAll(stream, { clock, stallMs: 30_000, signal: undefined, maxBytes: 100 });
		await expect(clock.until(reading)).rejects.toThrow('stalled');
		expect(clock.nowMs() - startMs).toBeLessThan(35_000);
	});
});

describe('large answers', () => {
	const gated = (sizes: number[]) => {
		const state = { pieces: 0, isDestroyed: false, go: () => {} };
		const gate = new Promise<void>((resolve) => (state.go = resolve));
		const stream = {
			destroy: () => (state.isDestroyed = true),
			async *[Symbol.asyncIterator]() {
				for (const size of sizes) {
					state.pieces++;
					yield Buffer.alloc(size);
				}
				await gate;
			},
		};
		return { state, stream };
	};
	const settle = async () => {
		for (let i = 0; i < 50; i++) await Promise.resolve();
	};

	it('are read a few at a time, and do not count as stalled meanwhile', async () => {
		const clock = new VirtualClock();
		const limits = {
			clock,
			stallMs: 30_000,
			signal: undefined,
			maxBytes: 1e9,
			largeAnswers: new Semaphore(2),
		};
		const sizes = [LARGE_ANSWER_BYTES, 1, 1];
		const large = [gated(sizes), gated(sizes), gated(sizes)];
		const small = gated([LARGE_ANSWER_BYTES]);
		const read = large.map(async ({ stream }) => await readAll(stream, limits));
		const readSmall = readAll(small.stream, limits);
		await settle();
		expect(large.map(({ state }) => state.pieces)).toEqual([3, 3, 2]);
		small.state.go();
		expect((await readSmall).length).toBe(LARGE_ANSWER_BYTES);
		await clock.until(clock.sleepMs(20_000));
		large[0]!.state.go();
		expect((await read[0])?.length).toBe(LARGE_ANSWER_BYTES + 2);
		await settle();
		expect(large[2]!.state).toMatchObject({ pieces: 3 });
		for (const { state } of large) state.go();
		expect((await Promise.all(read)).map(({ length }) => length)).toEqual(
			Array(3).fill(LARGE_ANSWER_BYTES + 2),
		);
	});

	it('that wait for a permit end with the execution, and do not count as stalled', async () => {
		const clock = new VirtualClock();
		const signal = new Cancellation();
		const permits = new Semaphore(0);
		const { state, stream } = gated([LARGE_ANSWER_BYTES + 1, 1]);
		const reading = readAll(stream, {
			clock,
			stallMs: 30_000,
			signal,
			maxBytes: 1e9,
			largeAnswers: permits,
		}).catch((error: unknown) => error);
		await clock.until(clock.sleepMs(120_000));
		expect(state).toMatchObject({ isDestroyed: false, pieces: 1 });
		signal.abort();
		expect(await clock.until(reading)).toMatchObject({ name: 'CancelledError' });
		expect(state.isDestroyed).toBe(true);
	});
});

describe('dimensions far into a file', () => {
	it('of a TIFF are found without keeping what is before them', async () => {
		const tiff = await sharp({ create: { width: 700, height: 300, channels: 3, background: '#123' } })
			.tiff({ compression: 'none' })
			.toBuffer();
		expect(imageSize(tiff.subarray(0, 65_536))).toBeNull();
		const found = await imageSizeFurtherIn(tiff.subarray(0, 65_536), streamOf(inPieces(tiff, 1_000)));
		expect(found).toEqual({ width: 700, height: 300 });
	});

	it('are not searched for in a file that was read whole, nor without end', async () => {
		expect(await imageSizeFurtherIn(Buffer.from('GIF89a'), streamOf([]))).toBeNull();
		let pieces = 0;
		const endless = (async function* () {
			for (;;) {
				pieces++;
				yield await Promise.resolve(Buffer.alloc(100_000));
			}
		})();
		const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(65_536)]);
		expect(await imageSizeFurtherIn(jpeg, endless)).toBeNull();
		expect(pieces).toBeLessThan(100);
	});
});

async function* streamOf(chunks: Uint8Array[]) {
	for (const chunk of chunks) yield await Promise.resolve(chunk);
}
