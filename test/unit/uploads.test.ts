import type { AtlasError } from '../../nodes/AtlasCloud/api/errors';
import { PNG } from '../../nodes/AtlasCloud/api/files/kinds';
import { isUploadOf, uploadName, Uploads, type InputFile } from '../../nodes/AtlasCloud/api/files/uploads';
import { sha256 } from '../../nodes/AtlasCloud/api/hash';
import { buy } from '../../nodes/AtlasCloud/api/purchases/buy';
import type { PurchaseRequest } from '../../nodes/AtlasCloud/api/purchases/request';
import { clientOf, FakeHttp } from './fakeHttp';
import { toolsOf } from './purchaseTools';
import { VirtualClock } from './virtualClock';

const owner = { executionId: '4711', nodeTag: '0123abcd', runIndex: 2 };
const HASH = `fedcba9876543210${'0'.repeat(48)}`;

describe('the name of an upload', () => {
	it('tells its content in its URL', () => {
		const text = uploadName(owner, 17, HASH, 'png');
		expect(text).toBe('n8n-4711-0123abcd-r2-i17-fedcba9876543210.png');
		for (const url of [
			`https://files.example.com/uploads/abc/${text}`,
			`https://files.example.com/${text}?X-Amz-Signature=1/2`,
			`https://files.example.com/a/${text}#x`,
		]) {
			expect(isUploadOf(url, HASH)).toBe(true);
			expect(isUploadOf(url, sha256('another'))).toBe(false);
		}
	});

	it('contains only letters and digits of an execution’s ID', () => {
		const nameOf = (executionId: string) => uploadName({ ...owner, executionId }, 0, HASH, 'jpg');
		expect(nameOf('ab-12/../x')).toMatch(/^n8n-ab12x-0123abcd-/);
		expect(nameOf('')).toMatch(/^n8n-0-0123abcd-/);
	});

	it.each([
		'https://files.example.com/uploads/photo.png',
		'https://files.example.com/8c3d1f.png',
		'https://files.example.com/n8n-1-0123abcd-r2-i17-fedcba98.png',
		'https://files.example.com/xn8n-1-0123abcd-r2-i17-fedcba9876543210.png',
		'https://files.example.com/?f=n8n-1-0123abcd-r2-i17-fedcba9876543210.png',
		'data:image/png;base64,AAAA',
		'',
	])('is not seen in %s', (url) => expect(isUploadOf(url, HASH)).toBeNull());
});

function file(content: string): InputFile {
	return {
		fieldName: 'data',
		fileName: 'a.png',
		kind: PNG,
		content: {
			sizeBytes: content.length,
			sha256: sha256(content),
			async *open() {
				yield await Promise.resolve(Buffer.from(content));
			},
			hold: async () => await Promise.resolve(() => {}),
			release: () => {},
		},
	};
}

describe('uploads', () => {
	const setup = (
		answer: (n: number) => { statusCode?: number; json?: unknown },
		takesMs: (n: number) => number = () => 0,
	) => {
		const clock = new VirtualClock();
		const http = new FakeHttp(async (_request, n) => {
			await clock.sleepMs(takesMs(n));
			return answer(n);
		});
		return { clock, http, uploads: new Uploads(clientOf(http, clock), owner, undefined) };
	};
	/** No two uploads of this process have a URL in common. */
	let links = 0;
	const link = () => ({
		json: { code: 200, data: { download_url: `https://f.example.com/${links++}.png` } },
	});

	it('send the same content once, whatever it is called', async () => {
		const { clock, http, uploads } = setup(link);
		const urls = await clock.until(
			Promise.all([
				uploads.url(file('same'), 0),
				uploads.url({ ...file('same'), fileName: 'b.png' }, 1),
				uploads.url({ ...file('same'), fieldName: null }, 2),
				uploads.url(file('other'), 3),
			]),
		);
		expect(new Set(urls.slice(0, 3)).size).toBe(1);
		expect(urls[3]).not.toBe(urls[0]);
		expect(http.requests).toHaveLength(2);
		expect(http.requests[0]?.file).toMatchObject({ mimeType: 'image/png', sizeBytes: 4 });
		expect(http.requests[0]?.file?.fileName).toMatch(/^n8n-4711-0123abcd-r2-i\d-[0-9a-f]{16}\.png$/);
	});

	it('are sent again after half an hour, once for all that ask', async () => {
		const { clock, http, uploads } = setup(link, () => 60_000);
		const urls = async () =>
			await clock.until(Promise.all([0, 1].map(async (i) => await uploads.url(file('old'), i))));
		const [first] = await urls();
		await clock.pass(1_800_000);
		expect(await urls()).toEqual([first, first]);
		await clock.pass(1);
		const [second, shared] = await urls();
		expect(second).not.toBe(first);
		expect(shared).toBe(second);
		expect(http.requests).toHaveLength(2);
	});

	it('are no input if two contents got one URL', async () => {
		const { clock, uploads } = setup(() => ({
			json: { code: 200, data: { download_url: 'https://f.example.com/shared.png' } },
		}));
		const url = async (content: string) =>
			await uploads.url(file(content), 0).catch(({ message }: Error) => message);
		const shared = 'Atlas Cloud gave a.png the URL of another file';
		expect(await clock.until(url('one'))).toMatch(/^https/);
		expect([await clock.until(url('two')), await clock.until(url('one'))]).toEqual([shared, shared]);
	});

	it('hold up no others, however long they take', async () => {
		const { clock, uploads } = setup(link, (n) => (n <= 4 ? 1_000_000 : 0));
		const urlOf = async (name: string) => await uploads.url(file(name), 0);
		void Promise.all(['v1', 'v2', 'v3', 'v4'].map(urlOf));
		await clock.pass(1_000);
		const startMs = clock.nowMs();
		await clock.until(urlOf('small'));
		expect(clock.nowMs() - startMs).toBeLessThan(1_000);
	});

	it('are still their own when ten thousand others came after', async () => {
		const { clock, uploads } = setup((n) => ({
			json: { code: 200, data: { download_url: `https://many.example.com/${n}.png` } },
		}));
		const urlsOf = async (contents: string[]) =>
			await clock.until(Promise.all(contents.map(async (content) => await uploads.url(file(content), 0))));
		const [before] = await urlsOf(['logo']);
		await urlsOf(Array.from({ length: 10_001 }, (_, i) => `photo ${i}`));
		expect(await urlsOf(['logo'])).toEqual([before]);
	});

	it('hold no memory while Atlas Cloud makes them wait', async () => {
		const throttled = { statusCode: 429, headers: { 'retry-after': '60' }, json: { code: 429, msg: 'slow' } };
		const { clock, http, uploads } = setup((n) => (n === 1 ? throttled : link()));
		const { content, ...rest } = file('photo');
		let held = 0;
		const hold = async () => await Promise.resolve((++held, () => void held--));
		const url = uploads.url({ ...rest, content: { ...content, hold } }, 0);
		await clock.until(clock.sleepMs(30_000));
		expect([http.requests.length, held]).toEqual([1, 0]);
		expect(await clock.until(url)).toMatch(/^https/);
		expect(held).toBe(0);
	});

	it('are retried though they had to wait long for memory', async () => {
		const { clock, uploads } = setup((n) => (n === 1 ? { statusCode: 503 } : link()));
		const { content, ...rest } = file('video');
		const hold = async () => await clock.sleepMs(1_200_000).then(() => () => {});
		const url = uploads.url({ ...rest, content: { ...content, hold } }, 0);
		expect(await clock.until(url)).toMatch(/^https/);
	});

	it('that have another file’s URL by now are not submitted', async () => {
		const clock = new VirtualClock();
		let submits = 0;
		const http = new FakeHttp(({ url }) => {
			if (url.includes('uploadMedia'))
				return { json: { code: 200, data: { download_url: 'https://f.example.com/same.png' } } };
			submits++;
			return { statusCode: 429, headers: { 'retry-after': '20' }, json: { code: 429, msg: 'slow' } };
		});
		const tools = toolsOf(clientOf(http, clock));
		const request: PurchaseRequest = {
			itemIndex: 0,
			model: 'a/b',
			endpoint: '/api/v1/model/generateImage',
			body: { model: 'a/b', prompt: 'x' },
			inputs: [{ path: ['images', 0], file: file('first') }],
			headers: {},
			timeoutMs: 300_000,
			failsOnTimeout: true,
			mayResubmit: false,
			reuseHours: 0,
			keepHours: 336,
		};
		const bought = buy(tools, request, 'leave').catch(({ message }: Error) => message);
		while (submits < 1) await clock.until(clock.sleepMs(100));
		await clock.until(tools.uploads.url(file('second'), 1).catch(() => null));
		expect(await clock.until(bought)).toMatch(/the URL of another file/);
		expect(submits).toBe(1);
	});

	it.each<[object, string | RegExp]>([
		[{ code: 200, data: { url: 'https://f.example.com/other-name.png' } }, /other-name.png$/],
		[{ url: 'https://f.example.com/bare.png' }, /bare.png$/],
		[{}, 'Couldn’t upload a.png: incomplete response (200)'],
		[{ code: 200, data: {} }, 'Couldn’t upload a.png: incomplete response (200)'],
		[
			{ code: 200, data: { download_url: 'ftp://x/y.png' } },
			'Couldn’t upload a.png: incomplete response (200)',
		],
	])('have the link in %j, or are asked for again', async (json, outcome) => {
		const { clock, http, uploads } = setup(() => ({ json }));
		const url = uploads.url(file(JSON.stringify(json)), 0).catch(({ message }: Error) => message);
		expect(await clock.until(url)).toMatch(outcome);
		expect(http.requests).toHaveLength(typeof outcome === 'string' ? 6 : 1);
	});

	it('are retried, and what failed is not remembered', async () => {
		let isDown = true;
		const { clock, http, uploads } = setup(() => (isDown ? { statusCode: 503 } : link()));
		const named = { ...file('x'), fileName: '<b>'.repeat(1_000) };
		const failed = await clock.until(uploads.url(named, 0).catch((error: AtlasError) => error.message));
		expect(failed).toMatch(/^Couldn’t upload [^<]{1,200}: /);
		expect(http.requests).toHaveLength(6);
		isDown = false;
		expect(await clock.until(uploads.url(file('x'), 0))).toMatch(/^https/);
	});

	it.each(['a longer file', 'short'])(
		'end where a file is no longer as long as announced: %s',
		async (text) => {
			const { clock, http, uploads } = setup(link);
			const { content, ...rest } = file(text);
			await clock.until(uploads.url({ ...rest, content: { ...content, sizeBytes: 8 } }, 0));
			const sent: Uint8Array[] = [];
			const reading = (async () => {
				for await (const chunk of http.requests[0]!.file!.open()) sent.push(chunk);
			})();
			await expect(reading).rejects.toThrow('a.png changed while the node ran');
			expect(Buffer.concat(sent).length).toBeLessThanOrEqual(8);
		},
	);
});
