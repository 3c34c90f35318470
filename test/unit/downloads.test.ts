import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { AtlasError } from '../../nodes/AtlasCloud/api/errors';
import { Cancellation } from '../../nodes/AtlasCloud/api/time/clock';
import { Downloads, StoreError, type StoreFile } from '../../nodes/AtlasCloud/api/files/downloads';
import { TransportError } from '../../nodes/AtlasCloud/api/http/http';
import type { PredictionOutput } from '../../nodes/AtlasCloud/api/predictions/outputs';
import { clientOf, FakeHttp, inTurn, settled, type FakeAnswer } from './fakeHttp';
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

const store: StoreFile<Kept> = async (content, fileName, mimeType) => {
	const chunks: Uint8Array[] = [];
	for await (const chunk of content) chunks.push(chunk);
	return { bytes: Buffer.concat(chunks), fileName, mimeType };
};

async function fetchFrom(
	answers: Array<FakeAnswer | Error>,
	output: PredictionOutput = { url: URL_A },
	maxBytes = 1_000_000,
	signal?: Cancellation,
	files = store,
) {
	const clock = new VirtualClock();
	const http = new FakeHttp(inTurn(...answers));
	const downloads = new Downloads(clientOf(http, clock), files, signal);
	const order = { predictionId: 'p1', output, baseName: 'photo-edited', maxBytes };
	const { value: kept, error } = await clock.until(settled(downloads.fetch(order)));
	return { kept, error, requests: http.requests };
}

const inPieces = (bytes: Buffer, size: number) =>
	Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

/** A file that comes a little faster than it would have to. */
async function* trickling(clock: VirtualClock) {
	for (let size = 0; size < 10_000_000; size += 20_000) {
		yield size === 0 ? png : Buffer.alloc(20_000);
		await clock.sleepMs(1_000);
	}
}

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
		['an error', () => ({ chunks: [Buffer.from('{"code": 404}')] })],
		['rubbish', () => ({ chunks: [Buffer.alloc(5_000, 7)] })],
		['nothing', () => ({ chunks: [] })],
		['a reset', () => new TransportError('reset', 'ECONNRESET')],
	])('is retried after %s, but only a few times', async (_what, answer) => {
		const { kept } = await fetchFrom([answer(), answer(), { chunks: [png] }]);
		expect(kept?.bytes.equals(png)).toBe(true);
		const { error, requests } = await fetchFrom([answer()]);
		expect(requests).toHaveLength(4);
		expect(error).toMatchObject({ kind: 'download', predictionId: 'p1', status: 'completed' });
		expect(error?.message).toContain(
			'The prediction is finished and billed, but its file couldn’t be downloaded: ',
		);
	});

	it('is not retried if the file cannot be stored, and says what to do', async () => {
		const refuse = async () => await Promise.reject(new StoreError('it is too large', 'Turn it off.'));
		const { error, requests } = await fetchFrom([{ chunks: [png] }], undefined, undefined, undefined, refuse);
		expect(requests).toHaveLength(1);
		expect(error).toMatchObject({ kind: 'download', predictionId: 'p1', status: 'completed' });
		expect(error).toMatchObject({
			message: expect.stringMatching(
				/^The prediction is finished and billed, but n8n couldn’t store its file: it is too large/,
			) as string,
			description: expect.stringMatching(/^Turn it off\. Then .* won’t be billed again\.$/) as string,
		});
	});

	it.each([403, 404, 410])('may be told %d at first; if it stays, the link has expired', async (status) => {
		const { kept } = await fetchFrom([{ statusCode: status }, { chunks: [png] }]);
		expect(kept?.bytes.equals(png)).toBe(true);
		const { error } = await fetchFrom([{ statusCode: status }]);
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

	it.each(['clip.mp4', 'sound.wav', 'sound.mp3'])('of %s is retried if it is cut off', async (name) => {
		const bytes = readFileSync(join(__dirname, '..', 'fixtures', 'media', name));
		const headers = { 'content-length': String(bytes.length), 'content-type': 'application/octet-stream' };
		const half = { chunks: [bytes.subarray(0, bytes.length >> 1)], headers };
		const { kept, requests } = await fetchFrom([half, half, { chunks: inPieces(bytes, 100), headers }]);
		expect(kept?.bytes.equals(bytes)).toBe(true);
		expect(kept?.fileName).toBe(`photo-edited${name.slice(name.indexOf('.'))}`);
		expect(requests).toHaveLength(3);
	});

	it('takes a file of a kind that the bytes do not tell from what the host says', async () => {
		const bytes = Buffer.from('Kaydara FBX Binary  ');
		const headers = { 'content-type': 'application/octet-stream' };
		const url = 'https://cdn.example.com/model.fbx?sig=a.png';
		const { kept } = await fetchFrom([{ chunks: [bytes], headers }], { url });
		expect(kept).toEqual({ bytes, fileName: 'photo-edited.fbx', mimeType: 'application/octet-stream' });
	});

	it('of a GB takes no more memory than a few chunks', async () => {
		const chunk = Buffer.alloc(1_000_000, 7);
		const head = Buffer.from('000000086d6f6f76000000016d646174', 'hex');
		const size = Buffer.alloc(8);
		size.writeBigUInt64BE(BigInt(16 + 1_000 * chunk.length));
		let alive = 0;
		async function* movie() {
			yield Buffer.concat([Buffer.from('000000086674797000000008', 'hex').subarray(0, 8), head, size]);
			for (alive = 1; alive <= 1_000; alive++) yield await Promise.resolve(chunk);
		}
		let received = 0;
		let ahead = 0;
		const counting: StoreFile<number> = async (content) => {
			for await (const { byteLength } of content) {
				received += byteLength;
				ahead = Math.max(ahead, alive * chunk.length - received);
			}
			return received;
		};
		const clock = new VirtualClock();
		const client = clientOf(new FakeHttp(() => ({ chunks: movie() })), clock);
		const downloads = new Downloads(client, counting, undefined);
		const order = { predictionId: 'p1', output: { url: URL_A }, baseName: 'a', maxBytes: 2_000_000_000 };
		expect(await clock.until(downloads.fetch(order))).toBe(1_000_000_032);
		expect(ahead).toBeLessThanOrEqual(chunk.length);
	});

	it.each<[string, (clock: VirtualClock) => FakeAnswer]>([
		['fails', () => ({ statusCode: 503 })],
		['trickles', (clock) => ({ chunks: trickling(clock) })],
	])('that nobody paid for is tried once, for a minute: a host that %s', async (_what, answer) => {
		const clock = new VirtualClock();
		const startMs = clock.nowMs();
		const http = new FakeHttp(() => answer(clock));
		const downloads = new Downloads(clientOf(http, clock), store, undefined);
		const order = { predictionId: '', output: { url: URL_A }, baseName: 'a', maxBytes: 1e9 };
		expect(await clock.until(settled(downloads.fetchBriefly(order)))).toHaveProperty('error');
		expect(http.requests).toHaveLength(1);
		expect(clock.nowMs() - startMs).toBeLessThanOrEqual(60_000);
	});

	it('sends no request for base64', async () => {
		const { kept, requests } = await fetchFrom([], { base64: png.toString('base64') });
		expect(kept).toMatchObject({ fileName: 'photo-edited.png', mimeType: 'image/png' });
		expect(kept?.bytes.equals(png)).toBe(true);
		expect(requests).toHaveLength(0);
		const half = png.subarray(0, png.length >> 1).toString('base64');
		expect((await fetchFrom([], { base64: half })).error?.message).toContain('the PNG file is incomplete');
		expect((await fetchFrom([], { base64: png.toString('base64') }, 100)).error?.message).toContain(
			'larger than',
		);
	});

	const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';

	it.each([
		['an SVG file', SVG, URL_A],
		['a JSON file', '[1, 2]', 'https://cdn.example.com/a.JSON?b=1'],
	])('of %s ends at once, with advice that can work', async (what, text, url) => {
		const { error, requests } = await fetchFrom([{ chunks: [Buffer.from(text)] }], { url });
		expect(requests).toHaveLength(1);
		expect(error?.message).toContain(`it is ${what}, which this node doesn’t download`);
		expect((error as AtlasError).description).toMatch(
			/^Turn off 'Download Files'.* won’t be billed again\.$/,
		);
	});

	it('sends no request for SVG in the answer, either', async () => {
		const { error } = await fetchFrom([], { base64: Buffer.from(SVG).toString('base64') });
		expect(error?.message).toContain('the file is incomplete');
	});

	it('does not start after a cancel', async () => {
		const signal = new Cancellation();
		signal.abort();
		const { error, requests } = await fetchFrom([{ chunks: [png] }], undefined, undefined, signal);
		expect(error?.name).toBe('CancelledError');
		expect(requests).toHaveLength(0);
	});
});
