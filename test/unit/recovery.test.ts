import { RemoteContent } from '../../nodes/AtlasCloud/api/files/remoteContent';
import { bodyHash } from '../../nodes/AtlasCloud/api/predictions/history';
import { sha256 } from '../../nodes/AtlasCloud/api/hash';
import {
	Recovery,
	type RequestShape,
	type InputIdentity,
} from '../../nodes/AtlasCloud/api/purchases/recovery';
import { uploadName } from '../../nodes/AtlasCloud/api/files/uploadNames';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const BODY = { model: 'm', prompt: 'make it gold' };
const FILES = 'https://files.example.com';

interface PastEdit {
	id: string;
	images: string[];
	status?: string;
	prompt?: string;
	/** Before now. Default 60. */
	secondsAgo?: number;
	result?: object;
}

const bodyOf = ({ images, prompt = BODY.prompt }: PastEdit) => ({ ...BODY, prompt, images });

/** A history with these edits, the newest first, and files by their path. */
function setup(
	past: PastEdit[],
	options: {
		files?: Record<string, string>;
		claimed?: string[];
		lost?: PastEdit[];
		fileAnswer?: (url: string) => FakeAnswer | undefined;
	} = {},
) {
	const { files = {}, claimed = [], lost = [], fileAnswer = () => undefined } = options;
	const clock = new VirtualClock();
	const startMs = clock.nowMs();
	const items = past.map((edit) => {
		const { id, status = 'completed', secondsAgo = 60, result = {} } = edit;
		const createdAt = Math.floor(startMs / 1_000) - secondsAgo;
		const told = { id, status, outputs: status === 'completed' ? [`${FILES}/out.png`] : null, ...result };
		return { ID: id, createdAt, model: 'm', requestBody: JSON.stringify(bodyOf(edit)), result: told };
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
		isSought: (hash: string) => lost.some((edit) => bodyHash(bodyOf(edit)) === hash),
	};
	const recovery = new Recovery(client, new RemoteContent(client, undefined), known, startMs - 3_600_000);
	const take = async (...pictures: InputIdentity[]) => {
		const task = await recovery.take({ body: BODY, pictures } satisfies RequestShape);
		return task?.predictionId ?? null;
	};
	const reads = (part: string) => http.requests.filter(({ url }) => url.includes(part)).length;
	return {
		take: async (...pictures: InputIdentity[]) => await clock.until(take(...pictures)),
		takeAll: async (all: InputIdentity[][]) =>
			await clock.until(Promise.all(all.map(async (pictures) => await take(...pictures)))),
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

	it('is told by the content of its pictures, though their sizes are equal', async () => {
		const { takeAll } = setup(past, { files });
		expect(await takeAll([[content('photo A')], [content('photo B')], [content('photo C')]])).toEqual([
			'a',
			'b',
			null,
		]);
	});

	it('is taken by one item only', async () => {
		const { takeAll, reads } = setup(past, { files });
		const taken = await takeAll([[content('photo A')], [content('photo A')], [content('photo A')]]);
		expect(taken).toEqual(['a', null, null]);
		expect([reads('/model/history'), reads('1.png')]).toEqual([1, 1]);
	});

	it('is told by its URLs, in their order', async () => {
		const [x, y] = ['https://x.example.com/', 'https://y.example.com/'];
		const { takeAll, reads } = setup([
			{ id: 'xy', images: [x, y] },
			{ id: 'yx', images: [y, x] },
		]);
		expect(await takeAll([[{ url: y }, { url: x }], [{ url: x }, { url: y }], [{ url: x }]])).toEqual([
			'yx',
			'xy',
			null,
		]);
		expect(reads('.example.com/')).toBe(reads('/model/history'));
	});

	it('is told by the name of an upload that was kept, without a download', async () => {
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
		const { take, reads } = setup([{ id: 'a', images: [`${FILES}/${name}`] }]);
		expect(await take(content('photo B'))).toBeNull();
		expect(await take(content('photo A'))).toBe('a');
		expect(reads(FILES)).toBe(0);
	});

	it('is no other prompt’s, no older execution’s, and nothing that an item has', async () => {
		const images = [`${FILES}/1.png`];
		const { take } = setup(
			[
				{ id: 'prompt', images, prompt: 'make it blue' },
				{ id: 'claimed', images },
				{ id: 'old', images, secondsAgo: 86_400 },
			],
			{ files, claimed: ['claimed'] },
		);
		expect(await take(content('photo A'))).toBeNull();
	});

	it('is not what another item still looks for', async () => {
		const { take } = setup(past, { files, lost: [past[1]!] });
		expect(await take(content('photo A'))).toBeNull();
		expect(await take(content('photo B'))).toBe('b');
	});

	it('is a good one before a moderated one, before one that failed', async () => {
		const images = [`${FILES}/1.png`];
		const { take } = setup(
			[
				{ id: 'failed', images, status: 'failed' },
				{ id: 'moderated', images, status: 'failed', result: { error_code: 1039 } },
				{ id: 'good', images },
			],
			{ files },
		);
		expect(await take(content('photo A'))).toBe('good');
		expect(await take(content('photo A'))).toBe('moderated');
		expect(await take(content('photo A'))).toBe('failed');
		expect(await take(content('photo A'))).toBeNull();
	});

	it('is nothing where the files are gone', async () => {
		expect(await setup(past).take(content('photo A'))).toBeNull();
	});

	it('is unknown where a file cannot be read now', async () => {
		const { take } = setup(past, { fileAnswer: () => ({ statusCode: 503 }) });
		await expect(take(content('photo A'))).rejects.toMatchObject({ kind: 'unknown', status: 'unknown' });
	});
});
