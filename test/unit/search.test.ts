import { uploadName } from '../../nodes/AtlasCloud/api/files/uploads';
import { sha256 } from '../../nodes/AtlasCloud/api/hash';
import { EarlierInputs } from '../../nodes/AtlasCloud/api/purchases/earlierInputs';
import { hashOf, valuesOf } from '../../nodes/AtlasCloud/api/purchases/body';
import { Ledger } from '../../nodes/AtlasCloud/api/purchases/ledger';
import {
	identify,
	type InputPath,
	type PurchaseInput,
	type RequestBody,
} from '../../nodes/AtlasCloud/api/purchases/request';
import { Search } from '../../nodes/AtlasCloud/api/purchases/search';
import { compareBodies, readBody, wantedBody } from '../../nodes/AtlasCloud/api/purchases/body';
import { added, cut, otherName, parsed, twice, withDefaults, withoutRequest } from '../oddRows';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const BODY = { model: 'm', prompt: 'make it gold' };
const FILES = 'https://files.example.com';
const PAGE = '<html><title>Access denied</title></html>';

interface Past {
	id: string;
	images?: string[];
	/** In place of prompt and images. */
	fields?: object;
	status?: unknown;
	prompt?: string;
	/** Before now. Default 60. */
	secondsAgo?: number;
	result?: object;
}

type Row = Record<string, unknown> & { ID: string; createdAt: unknown; requestBody: unknown };

interface Setup {
	files?: Record<string, string>;
	/** Predictions that items of any node have. */
	takenIds?: Record<string, true>;
	/** One whose submit is looked for. */
	lost?: Past;
	fileAnswer?: (url: string, count: number) => FakeAnswer | undefined;
	/** What the history shows of its rows, as answer to its n-th request. */
	alter?: (rows: Row[], n: number, pageNo: number) => Row[];
	/** Rows that a page has at most, whatever was asked for. */
	maxRows?: number;
	total?: (rows: Row[]) => unknown;
	dateSkewSeconds?: (n: number) => number;
	mayHaveFailed?: boolean;
}

type Content = { file: unknown } | { url: string };

const content = (text: string): Content => ({
	file: { content: { sha256: sha256(text), sizeBytes: text.length } },
});
const inputAt = (path: InputPath, input: Content) => ({ path, ...input }) as PurchaseInput;
const bodyOf = ({ images, prompt = BODY.prompt, fields }: Past) =>
	fields ? { model: BODY.model, ...fields } : { ...BODY, prompt, images };

/** A history with these purchases, the newest first, and files by their path. */
function setup(past: Past[], options: Setup = {}) {
	const { files = {}, takenIds = {}, lost, fileAnswer = () => undefined, mayHaveFailed = true } = options;
	const {
		alter = (rows) => rows,
		maxRows = 50,
		total = (rows) => rows.length,
		dateSkewSeconds = () => 0,
	} = options;
	const clock = new VirtualClock();
	const startMs = clock.nowMs();
	const rows = past.map((one): Row => {
		const { id, status = 'completed', secondsAgo = 60, result = {} } = one;
		const createdAt = Math.floor(startMs / 1_000) - secondsAgo;
		const record = { id, status, outputs: status === 'completed' ? [`${FILES}/out.png`] : null, ...result };
		return { ID: id, createdAt, model: 'm', requestBody: JSON.stringify(bodyOf(one)), result: record };
	});
	let historyCount = 0;
	let fileCount = 0;
	const http = new FakeHttp(({ url }): FakeAnswer => {
		if (url.includes('/model/history')) {
			const n = ++historyCount;
			const query = new URL(url).searchParams;
			const size = Math.min(maxRows, Number(query.get('size')));
			const shown = alter(rows, n, Number(query.get('no')));
			const items = shown.slice((Number(query.get('no')) - 1) * size).slice(0, size);
			const date = new Date(clock.nowMs() + 1_000 * dateSkewSeconds(n)).toUTCString();
			return { headers: { date }, json: { code: 200, data: { items, total: total(shown) } } };
		}
		const text = files[url.slice(FILES.length + 1)];
		const deleted = { statusCode: 404, chunks: [Buffer.from('<Error><Code>NoSuchKey</Code></Error>')] };
		const found = text === undefined ? deleted : fileOf(text);
		return fileAnswer(url, ++fileCount) ?? found;
	});
	const client = clientOf(http, clock);
	const ledger = new Ledger(
		{ records: {}, takenIds },
		{ executionId: '1', runIndex: 0, isTool: false, parametersHash: 'p' },
	);
	if (lost) {
		const bodyHash = hashOf(valuesOf(bodyOf(lost)));
		const facts = {
			fingerprint: '',
			model: 'm',
			prompt: null,
			size: null,
			images: [],
			hasUrl: true,
			keptUntilMs: 0,
		};
		const sentAtMs = startMs - 61_000;
		const record = ledger.begin({ itemIndex: 9 }, { ...facts, bodyHash, sentAtMs, estimateUsd: null });
		ledger.settle(record, { state: 'lost' }, sentAtMs + 1_000);
	}
	const search = new Search(client, ledger, new EarlierInputs(client, undefined));
	const take = async (body: RequestBody, inputs: PurchaseInput[]): Promise<string | null> =>
		await search.take(
			{
				identity: identify({ body, inputs }),
				sinceMs: startMs - 3_600_000,
				mayHaveFailed,
				giveUpAtMs: clock.nowMs() + 300_000,
			},
			({ id }) => (ledger.claim(id) ? id : null),
		);
	const claim = async (...inputs: Content[]) =>
		await take(
			BODY,
			inputs.map((input, i) => inputAt(['images', i], input)),
		);
	return {
		claim: async (...inputs: Content[]) => await clock.until(claim(...inputs)),
		claimBody: async (body: RequestBody, inputs: PurchaseInput[]) => await clock.until(take(body, inputs)),
		claimAll: async (all: Content[][]) =>
			await clock.until(Promise.all(all.map(async (inputs) => await claim(...inputs)))),
		readAgain: () => search.readAgain(),
		pass: async (ms: number) => await clock.pass(ms),
		reads: (part: string) => http.requests.filter(({ url }) => url.includes(part)).length,
	};
}

function fileOf(text: string, headers: Record<string, string> = {}): FakeAnswer {
	return { headers: { 'content-length': String(text.length), ...headers }, chunks: [Buffer.from(text)] };
}

/** An upload of photo A whose name Atlas kept. */
const named = uploadName({ executionId: '1', nodeTag: '0123abcd', runIndex: 0 }, 0, sha256('photo A'), 'png');

const files = { '1.png': 'photo A', '2.png': 'photo B' };
const images = [`${FILES}/1.png`];

describe('what was bought before', () => {
	const past = [
		{ id: 'b', images: [`${FILES}/2.png`] },
		{ id: 'a', images },
	];

	it('is recognized by the content of its inputs, and taken by one item only', async () => {
		const { claimAll, reads } = setup(past, { files });
		const all = ['photo A', 'photo B', 'photo C', 'photo A'].map((text) => [content(text)]);
		expect(await claimAll(all)).toEqual(['a', 'b', null, null]);
		// Once for each, and once more before anything is bought.
		expect([reads('/model/history?no=1'), reads('1.png')]).toEqual([2, 1]);
	});

	it('is one node’s only, where two of a workflow asked for the same', async () => {
		const takenIds: Record<string, true> = {};
		const two = [
			{ id: 'second', images },
			{ id: 'first', images },
		];
		const claims = [];
		for (let node = 0; node < 3; node++)
			claims.push(await setup(two, { files, takenIds }).claim(content('photo A')));
		expect(claims).toEqual(['second', 'first', null]);
	});

	it('is recognized by its URLs, in their order', async () => {
		const [x, y] = ['https://x.example.com/', 'https://y.example.com/'];
		const { claimAll, reads } = setup([
			{ id: 'xy', images: [x, y] },
			{ id: 'yx', images: [y, x] },
		]);
		const claimed = await claimAll([[{ url: y }, { url: x }], [{ url: x }, { url: y }], [{ url: x }]]);
		expect(claimed).toEqual(['yx', 'xy', null]);
		expect(reads('.example.com/')).toBe(reads('/model/history'));
	});

	it('is recognized without a download if Atlas kept the upload’s name, or has the data itself', async () => {
		const data = `data:image/png;base64,${Buffer.from('photo C').toString('base64')}`;
		const { claim, reads } = setup([
			{ id: 'a', images: [`${FILES}/${named}`] },
			{ id: 'c', images: [data] },
		]);
		expect(await claim(content('photo B'))).toBeNull();
		expect(await claim(content('photo A'))).toBe('a');
		expect(await claim(content('photo C'))).toBe('c');
		expect(reads(FILES)).toBe(0);
	});

	it('is no other prompt’s, no older one, nothing that an item has, or that is looked for', async () => {
		const { claim } = setup(
			[
				{ id: 'prompt', images, prompt: 'make it blue' },
				{ id: 'taken', images },
				{ id: 'lost', images },
				{ id: 'old', images, secondsAgo: 86_400 },
			],
			{ files, takenIds: { taken: true }, lost: { id: 'lost', images } },
		);
		expect(await claim(content('photo A'))).toBeNull();
	});

	it('is one that did not fail, then a moderated one, then another failed one', async () => {
		const { claim } = setup(
			[
				{ id: 'failed', images, status: 'failed' },
				{ id: 'moderated', images, status: 'failed', result: { error_code: 1039 } },
				{ id: 'good', images },
			],
			{ files },
		);
		const claimed: Array<string | null> = [];
		for (let i = 0; i < 4; i++) claimed.push(await claim(content('photo A')));
		expect(claimed).toEqual(['good', 'moderated', 'failed', null]);
	});

	it('is the one that moderation stopped, though another failed one is known without a download', async () => {
		const { claim } = setup(
			[
				{ id: 'moderated', images, status: 'failed', result: { error_code: 1039 } },
				{ id: 'failed', images: [`${FILES}/${named}`], status: 'failed' },
			],
			{ files },
		);
		expect(await claim(content('photo A'))).toBe('moderated');
	});

	it('is another request if it has a field that older bodies of its model do not have', async () => {
		const [image] = images;
		const fields = { prompt: BODY.prompt, image };
		const { claimBody } = setup([
			{ id: 'seeded', fields: { ...fields, seed: 5 } },
			{ id: 'old', fields, secondsAgo: 86_400 },
			{ id: 'older', fields, secondsAgo: 90_000 },
		]);
		expect(await claimBody(BODY, [inputAt(['image'], { url: image })])).toBeNull();
	});

	it('is looked for in one reading by items that look again within seconds', async () => {
		const { claimBody, reads, readAgain, pass } = setup([]);
		const readings = [];
		for (const prompt of ['a', 'b', 'c']) {
			readAgain();
			await claimBody({ model: 'm', prompt }, []);
			readings.push(reads('/model/history'));
			await pass(4_000);
		}
		expect(readings).toEqual([2, 2, 4]);
	});

	it('is recognized field by field, in lists of objects, too', async () => {
		const refers = (type: string, ...urls: string[]) => ({ refers: urls.map((url) => ({ url, type })) });
		const [one] = images;
		const { claimBody } = setup(
			[
				{ id: 'two', fields: refers('video', one, one) },
				{ id: 'image', fields: refers('image', one) },
				{ id: 'swapped', fields: { video: `${FILES}/2.png`, audio: one } },
			],
			{ files },
		);
		const of = (...kinds: string[]) => [
			{ model: 'm', refers: kinds.map((type) => ({ type })) },
			kinds.map((_type, i) => inputAt(['refers', i, 'url'], content('photo A'))),
		];
		const taken = async (...kinds: string[]) =>
			await claimBody(...(of(...kinds) as [RequestBody, PurchaseInput[]]));
		expect(await taken('video')).toBeNull();
		expect(await taken('video', 'video')).toBe('two');
		expect(await taken('image')).toBe('image');
		const lipsync = (video: string, audio: string) => [
			inputAt(['video'], content(video)),
			inputAt(['audio'], content(audio)),
		];
		expect(await claimBody({ model: 'm' }, lipsync('photo A', 'photo B'))).toBeNull();
		expect(await claimBody({ model: 'm' }, lipsync('photo B', 'photo A'))).toBe('swapped');
	});
});

const others = (count: number) =>
	Array.from({ length: count }, (_, i) => ({ id: `other ${i}`, prompt: `${i}` }));
const ours: Past = { id: 'ours', images };

/** Ours is behind fifty others. It is taken, or nothing is: what counts is that it is not bought again. */
async function isSafe(options: Setup, past: Past[] = [...others(50).map(plain), ours]): Promise<string> {
	const { claim } = setup(past, { files, ...options });
	return await claim(content('photo A')).then(
		(id) => id ?? 'bought again',
		(error: { kind: string; message: string }) => (error.message.includes('ours') ? 'named' : error.kind),
	);
}

function plain({ id, prompt }: Past): Past {
	return { id: id.replace(' ', '-'), prompt, images };
}

const TAKEN_OR_NOTHING = ['ours', 'named', 'read', 'unknown'];

describe('while others submit faster than pages are read', () => {
	const past = Array.from({ length: 120 }, (_, i) => ({ id: `old-${i}`, prompt: 'another', images }));
	/** Each request finds a page of new rows on top, up to a number of pages. */
	const growing = (maxPages: number) =>
		setup(past, {
			files,
			alter: (rows, n) => {
				const added = Array.from({ length: 50 * Math.min(n, maxPages) }, (_, i) => `new-${i}`).reverse();
				return [...added.map((id) => ({ ...rows[0], ID: id, result: {} })), ...rows];
			},
		});

	it('the rest of the history is read once that ends', async () => {
		expect(await growing(14).claim(content('photo A'))).toBeNull();
	});

	it('nothing is bought if it does not end', async () => {
		const { claim } = growing(Infinity);
		await expect(claim(content('photo A'))).rejects.toThrow('couldn’t be read to the end: its pages repeat');
	});
});

describe('a history that is odd is not one in which nothing was bought', () => {
	const onOurs = (change: (row: Row) => object) => (rows: Row[]) =>
		rows.map((row) => (row.ID === 'ours' ? ({ ...row, ...change(row) } as Row) : row));
	const onAll = (change: (row: Row) => object) => (rows: Row[]) =>
		rows.map((row) => ({ ...row, ...change(row) }) as Row);
	const onFirst = (change: (row: Row) => object) => (rows: Row[]) =>
		rows.map((row, i) => (i === 0 ? ({ ...row, ...change(row) } as Row) : row));

	it.each<[string, Setup]>([
		[
			'a newer row is deleted while the pages are read',
			{ alter: (rows, n) => (n === 1 ? rows : rows.slice(1)) },
		],
		['newer rows are deleted in each reading', { alter: (rows, n) => (n % 2 === 1 ? rows : rows.slice(1)) }],
		[
			'each second page is a row short',
			{ alter: (rows, _n, pageNo) => (pageNo === 1 ? rows : rows.slice(1)) },
		],
		[
			'a newer row comes',
			{ alter: (rows, n) => (n === 1 ? rows : [{ ...rows[0], ID: 'x', result: {} }, ...rows]) },
		],
		['the oldest row comes first', { alter: (rows) => [...rows].reverse() }],
		['one on top is of 1970', { alter: onFirst(() => ({ createdAt: 86_400 })) }],
		[
			'one on top is three days old',
			{ alter: onFirst((row) => ({ createdAt: Number(row.createdAt) - 259_200 })) },
		],
		['ours has no time', { alter: onOurs(() => ({ createdAt: null })) }],
		['times are in milliseconds', { alter: onAll((row) => ({ createdAt: Number(row.createdAt) * 1e3 })) }],
		['times are in microseconds', { alter: onAll((row) => ({ createdAt: Number(row.createdAt) * 1e6 })) }],
		[
			'times are in minutes',
			{ alter: onAll((row) => ({ createdAt: Math.floor(Number(row.createdAt) / 60) })) },
		],
		['there is no total', { total: () => undefined }],
		['the total is 0', { total: () => 0 }],
		['the total is that of a page', { total: () => 50 }],
		['pages are small', { maxRows: 20 }],
		['pages are small, without a total', { maxRows: 20, total: () => undefined }],
		['pages are small, and so is the total', { maxRows: 20, total: () => 20 }],
		['our request is shortened', { alter: onOurs(cut(40)) }],
		['all requests are shortened', { alter: onAll(cut(25)) }],
		['all requests are left out', { alter: onAll(withoutRequest) }],
		['texts in requests are shortened', { alter: onOurs(added({ prompt: 'make it g…' })) }],
		['requests name no model', { alter: onAll(added({ model: undefined })) }],
		[
			'requests name no model, nor do rows',
			{ alter: onAll((row) => ({ ...added({ model: undefined })(row), model: null })) },
		],
		['requests name no model, and have defaults', { alter: onAll(added({ model: undefined, seed: -1 })) }],
		['inputs in requests are emptied', { alter: onOurs(added({ images: [] })) }],
		['inputs in requests are left out', { alter: onOurs(added({ images: ['…'] })) }],
		['requests are JSON', { alter: onAll(parsed) }],
		['requests are text of texts', { alter: onAll(twice) }],
		['requests have defaults', { alter: onAll(withDefaults) }],
		['the model has another name', { alter: onAll(otherName) }],
		['the model has another name in the request, too', { alter: onAll(added({ model: 'm-250828' })) }],
		['the status is a number', { alter: onOurs(() => ({ status: 2, result: { id: 'ours', status: 2 } })) }],
		['there is no status', { alter: onOurs(() => ({ result: { id: 'ours' } })) }],
		['there is no result', { alter: onOurs(() => ({ result: null })) }],
		['ours has no ID', { alter: onOurs(() => ({ ID: undefined, result: { status: 'completed' } })) }],
		...[-172_800, -3_600, 3_600, 172_800].flatMap((seconds): Array<[string, Setup]> => [
			[`all Date headers are ${seconds} s off`, { dateSkewSeconds: () => seconds }],
			[`the first Date header is ${seconds} s off`, { dateSkewSeconds: (n) => (n === 1 ? seconds : 0) }],
		]),
	])('%s', async (_what, options) => {
		expect(TAKEN_OR_NOTHING).toContain(await isSafe(options));
	});

	it.each<[string, Past[], Setup]>([
		['nothing is there', [], {}],
		['others are', [...others(3), { id: 'long ago', images, secondsAgo: 86_400 }].map(plain).slice(0, 3), {}],
		['shortened ones are plainly others', others(3).map(plain), { alter: onAll(cut(25)) }],
		[
			'one has a field that others do not have',
			[
				{ id: 'png', fields: { prompt: BODY.prompt, images, output_format: 'png' } },
				{ id: 'other', prompt: 'x', images },
			],
			{},
		],
	])('but it is bought if %s', async (_what, past, options) => {
		expect(await isSafe(options, past)).toBe('bought again');
	});
});

describe('an earlier input that cannot be read is not another file', () => {
	const page = (statusCode: number): FakeAnswer => ({
		statusCode,
		headers: { 'content-type': 'text/html', 'content-length': String(PAGE.length) },
		chunks: [Buffer.from(PAGE)],
	});
	const past = [ours];

	it.each([200, 400, 401, 403, 404, 405, 407, 410, 416, 429, 451, 500, 503])(
		'a page with %d',
		async (statusCode) => {
			const always = await isSafe({ fileAnswer: () => page(statusCode) }, past);
			expect(always).toBe('named');
			const once = await isSafe({ fileAnswer: (_url, n) => (n === 1 ? page(statusCode) : undefined) }, past);
			expect(TAKEN_OR_NOTHING).toContain(once);
		},
	);

	it.each<[string, FakeAnswer]>([
		['a redirect to another host', { statusCode: 302, headers: { location: 'https://login.example.org/' } }],
		['nothing', { statusCode: 404, chunks: [] }],
		['a gateway’s JSON', { statusCode: 404, json: { message: 'no Route matched with those values' } }],
	])('%s', async (_what, answer) => {
		const fileAnswer = (url: string) => (url.startsWith(FILES) ? answer : fileOf('a login page'));
		expect(await isSafe({ fileAnswer }, past)).toBe('named');
	});

	it('a plain-http link', async () => {
		expect(await isSafe({}, [{ id: 'ours', images: ['http://files.example.com/1.png'] }])).toBe('named');
	});

	it('a name that does not resolve', async () => {
		const fileAnswer = () => {
			throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
		};
		expect(await isSafe({ fileAnswer }, past)).toBe('named');
	});

	it('but one that Atlas has deleted is gone, if it says so twice', async () => {
		const deleted: FakeAnswer = {
			statusCode: 404,
			chunks: [Buffer.from('<Error><Code>NoSuchKey</Code></Error>')],
		};
		expect(await isSafe({ fileAnswer: () => deleted }, past)).toBe('bought again');
		expect(await isSafe({ fileAnswer: (_url, n) => (n === 1 ? deleted : undefined) }, past)).toBe('ours');
	});
});

const prompt = 'make it black and white '.repeat(200).trim();
const row = (shortened: string) => JSON.stringify({ model: 'a/b', prompt: shortened });
it.each([
	['as it is', row(prompt), 'same'],
	['shortened, and still long', row(`${prompt.slice(0, 4_000)}…`), 'maybe'],
	['shortened', row(`${prompt.slice(0, 200)}…`), 'maybe'],
	['in a body that is cut off', row(prompt).slice(0, 1_000), 'maybe'],
	['and another', row(prompt.replace('black', 'red')), 'other'],
])('a prompt that is kept as its hash is compared with one %s', (_what, requestBody, expected) => {
	const wanted = wantedBody({ model: 'a/b', prompt }, []);
	expect(compareBodies(wanted, readBody(requestBody), null, () => true)).toBe(expected);
});
