import { RemoteContent } from '../../nodes/AtlasCloud/api/files/remote';
import { bodyHash } from '../../nodes/AtlasCloud/api/predictions/history';
import { sha256 } from '../../nodes/AtlasCloud/api/hash';
import { Recovery } from '../../nodes/AtlasCloud/api/purchases/recovery';
import type { InputIdentity, RequestShape } from '../../nodes/AtlasCloud/api/purchases/requestShape';
import { uploadName } from '../../nodes/AtlasCloud/api/files/uploads';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const BODY = { model: 'm', prompt: 'make it gold' };
const FILES = 'https://files.example.com';

interface PastPurchase {
	id: string;
	images?: string[];
	/** In place of prompt and images. */
	fields?: object;
	status?: string;
	prompt?: string;
	/** Before now. Default 60. */
	secondsAgo?: number;
	result?: object;
}

const bodyOf = ({ images, prompt = BODY.prompt, fields }: PastPurchase) =>
	fields ? { model: BODY.model, ...fields } : { ...BODY, prompt, images };

/** A history with these purchases, the newest first, and files by their path. */
function setup(
	past: PastPurchase[],
	options: {
		files?: Record<string, string>;
		claimed?: string[];
		lost?: PastPurchase[];
		fileAnswer?: (url: string) => FakeAnswer | undefined;
	} = {},
) {
	const { files = {}, claimed = [], lost = [], fileAnswer = () => undefined } = options;
	const clock = new VirtualClock();
	const startMs = clock.nowMs();
	const items = past.map((one) => {
		const { id, status = 'completed', secondsAgo = 60, result = {} } = one;
		const createdAt = Math.floor(startMs / 1_000) - secondsAgo;
		const record = { id, status, outputs: status === 'completed' ? [`${FILES}/out.png`] : null, ...result };
		return { ID: id, createdAt, model: 'm', requestBody: JSON.stringify(bodyOf(one)), result: record };
	});
	const http = new FakeHttp(({ url }): FakeAnswer => {
		const headers = { date: new Date(clock.nowMs()).toUTCString() };
		if (url.includes('/model/history'))
			return { headers, json: { code: 200, data: { items, total: items.length } } };
		const content = files[url.slice(FILES.length + 1)];
		return (
			fileAnswer(url) ??
			(content === undefined
				? { statusCode: 404 }
				: { headers: { 'content-length': String(content.length) }, chunks: [Buffer.from(content)] })
		);
	});
	const client = clientOf(http, clock);
	const known = {
		claimedIds: () => claimed,
		isSought: (hash: string) => lost.some((one) => bodyHash(bodyOf(one)) === hash),
	};
	const recovery = new Recovery(client, new RemoteContent(client, undefined), known, startMs - 3_600_000);
	const claim = async (...inputs: InputIdentity[]) => {
		const shape: RequestShape = {
			body: BODY,
			inputs: inputs.map((identity, i) => ({ path: ['images', i], identity })),
		};
		return (await recovery.claim(shape))?.predictionId ?? null;
	};
	const reads = (part: string) => http.requests.filter(({ url }) => url.includes(part)).length;
	return {
		claimShape: async (shape: RequestShape) =>
			(await clock.until(recovery.claim(shape)))?.predictionId ?? null,
		claim: async (...inputs: InputIdentity[]) => await clock.until(claim(...inputs)),
		claimAll: async (all: InputIdentity[][]) =>
			await clock.until(Promise.all(all.map(async (inputs) => await claim(...inputs)))),
		reads,
	};
}

const content = (text: string): InputIdentity => ({ sha256: sha256(text), sizeBytes: text.length });

describe('what an execution had bought before it crashed', () => {
	const files = { '1.png': 'photo A', '2.png': 'photo B' };
	const past = [
		{ id: 'b', images: [`${FILES}/2.png`] },
		{ id: 'a', images: [`${FILES}/1.png`] },
	];

	it('is recognized by the content of its inputs, even if their sizes are equal', async () => {
		const { claimAll } = setup(past, { files });
		expect(await claimAll([[content('photo A')], [content('photo B')], [content('photo C')]])).toEqual([
			'a',
			'b',
			null,
		]);
	});

	it('is claimed by one item only', async () => {
		const { claimAll, reads } = setup(past, { files });
		const claimed = await claimAll([[content('photo A')], [content('photo A')], [content('photo A')]]);
		expect(claimed).toEqual(['a', null, null]);
		expect([reads('/model/history'), reads('1.png')]).toEqual([1, 1]);
	});

	it('is recognized by its URLs, in their order', async () => {
		const [x, y] = ['https://x.example.com/', 'https://y.example.com/'];
		const { claimAll, reads } = setup([
			{ id: 'xy', images: [x, y] },
			{ id: 'yx', images: [y, x] },
		]);
		expect(await claimAll([[{ url: y }, { url: x }], [{ url: x }, { url: y }], [{ url: x }]])).toEqual([
			'yx',
			'xy',
			null,
		]);
		expect(reads('.example.com/')).toBe(reads('/model/history'));
	});

	it('is recognized without a download if Atlas kept the upload’s name', async () => {
		const name = uploadName(
			{
				executionId: '1',
				nodeTag: '0123abcd',
				runIndex: 0,
				itemIndex: 0,
				contentTag: sha256('photo A').slice(0, 16),
			},
			'png',
		);
		const { claim, reads } = setup([{ id: 'a', images: [`${FILES}/${name}`] }]);
		expect(await claim(content('photo B'))).toBeNull();
		expect(await claim(content('photo A'))).toBe('a');
		expect(reads(FILES)).toBe(0);
	});

	it('is no other prompt’s, no older execution’s, and nothing that an item has', async () => {
		const images = [`${FILES}/1.png`];
		const { claim } = setup(
			[
				{ id: 'prompt', images, prompt: 'make it blue' },
				{ id: 'claimed', images },
				{ id: 'old', images, secondsAgo: 86_400 },
			],
			{ files, claimed: ['claimed'] },
		);
		expect(await claim(content('photo A'))).toBeNull();
	});

	it('is not what another item still searches for', async () => {
		const { claim } = setup(past, { files, lost: [past[1]!] });
		expect(await claim(content('photo A'))).toBeNull();
		expect(await claim(content('photo B'))).toBe('b');
	});

	it('is one that did not fail, then a moderated one, then another failed one', async () => {
		const images = [`${FILES}/1.png`];
		const { claim } = setup(
			[
				{ id: 'failed', images, status: 'failed' },
				{ id: 'moderated', images, status: 'failed', result: { error_code: 1039 } },
				{ id: 'good', images },
			],
			{ files },
		);
		expect(await claim(content('photo A'))).toBe('good');
		expect(await claim(content('photo A'))).toBe('moderated');
		expect(await claim(content('photo A'))).toBe('failed');
		expect(await claim(content('photo A'))).toBeNull();
	});

	it('is nothing if the files are deleted', async () => {
		expect(await setup(past).claim(content('photo A'))).toBeNull();
	});

	it('is unknown if a file cannot be read now', async () => {
		const { claim } = setup(past, { fileAnswer: () => ({ statusCode: 503 }) });
		await expect(claim(content('photo A'))).rejects.toMatchObject({ kind: 'unknown', status: 'unknown' });
	});
});

describe('a purchase with inputs in several fields', () => {
	const [face, voice] = [`${FILES}/face.mp4`, `${FILES}/voice.mp3`];
	const files = { 'face.mp4': 'a face', 'voice.mp3': 'a voice' };
	const body = { model: 'm', sync_mode: 'loop' };
	const lipsync = (video: string, audio: string): RequestShape => ({
		body,
		inputs: [
			{ path: ['video'], identity: content(video) },
			{ path: ['audio'], identity: content(audio) },
		],
	});

	it('is recognized field by field, without a prompt', async () => {
		const { claimShape, reads } = setup(
			[
				{ id: 'swapped', fields: { sync_mode: 'loop', video: voice, audio: face } },
				{ id: 'right', fields: { sync_mode: 'loop', video: face, audio: voice } },
				{ id: 'other', fields: { sync_mode: 'cut_off', video: face, audio: voice } },
				{ id: 'more', fields: { sync_mode: 'loop', video: face, audio: voice, image: face } },
			],
			{ files },
		);
		expect(await claimShape(lipsync('a face', 'a voice'))).toBe('right');
		expect(await claimShape(lipsync('a face', 'a voice'))).toBeNull();
		expect(await claimShape(lipsync('a voice', 'a face'))).toBe('swapped');
		expect(reads('/model/history')).toBe(1);
	});

	it('is recognized in a list of objects, the rest of each object included', async () => {
		const refers = (type: string, ...urls: string[]) => urls.map((url) => ({ url, type }));
		const { claimShape } = setup(
			[
				{ id: 'two', fields: { refers: refers('video', face, face) } },
				{ id: 'image', fields: { refers: refers('image', face) } },
				{ id: 'video', fields: { refers: refers('video', face) } },
			],
			{ files },
		);
		const shape = (...kinds: string[]): RequestShape => ({
			body: { model: 'm', refers: kinds.map((type) => ({ type })) },
			inputs: kinds.map((_type, i) => ({ path: ['refers', i, 'url'], identity: content('a face') })),
		});
		expect(await claimShape(shape('video'))).toBe('video');
		expect(await claimShape(shape('video'))).toBeNull();
		expect(await claimShape(shape('video', 'video'))).toBe('two');
		expect(await claimShape(shape('image'))).toBe('image');
	});
});

describe('a purchase that may have been sent in its types or as it was typed', () => {
	const sent = { duration: 5 };
	const typed = { duration: '5' };
	const shape: RequestShape = {
		body: { model: 'm', ...sent },
		inputs: [],
		asTyped: { body: { model: 'm', ...typed }, inputs: [] },
	};
	const moderated = { status: 'failed', result: { error_code: 1039 } };

	it('is one that did not fail, then a moderated one, then another failed one, in either form', async () => {
		const { claimShape, reads } = setup([
			{ id: 'failed', fields: sent, status: 'failed' },
			{ id: 'typed-failed', fields: typed, status: 'failed' },
			{ id: 'typed-moderated', fields: typed, ...moderated },
			{ id: 'typed', fields: typed },
			{ id: 'sent', fields: sent },
		]);
		const claimed: Array<string | null> = [];
		for (let i = 0; i < 6; i++) claimed.push(await claimShape(shape));
		expect(claimed).toEqual(['sent', 'typed', 'typed-moderated', 'failed', 'typed-failed', null]);
		expect(reads('/model/history')).toBe(1);
	});

	it('is unknown if one as typed failed, and the schema cannot be read to know another one that did not', async () => {
		const uncertain: RequestShape = { body: { model: 'm', ...typed }, inputs: [], isUncertain: true };
		const failed = { id: 'typed-failed', fields: typed, status: 'failed' };
		const { claimShape } = setup([failed, { id: 'sent', fields: sent }]);
		await expect(claimShape(uncertain)).rejects.toMatchObject({ kind: 'unknown' });
		expect(await setup([failed]).claimShape(uncertain)).toBe('typed-failed');
	});
});
