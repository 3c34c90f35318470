import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@n8n/backend-common';
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { request } from 'undici';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';
import type { FaultAction, Ledger, Sandbox, SandboxOptions } from '../../sandbox';
import { nextRound, retryByPerson } from './retries';
import { virtualTime } from './virtualTime';
import {
	fastSandbox,
	LITE,
	picture,
	pictureOf,
	predictionOf,
	runSeedream,
	sha256,
	submittedBodies,
	V4,
	type InputItem,
	type SeedreamOptions,
	type SeedreamResult,
} from './seedream';

jest.mock('../../nodes/AtlasCloud/shared/transport/n8nClock', () => jest.requireActual('./virtualTime'));
jest.mock('../../nodes/AtlasCloud/shared/transport/n8nHttp', () => jest.requireActual('./virtualTime'));

let sandbox: Sandbox;
let ledger: Ledger;
let photo: Buffer;
let other: Buffer;

async function atlas(options: SandboxOptions = {}): Promise<void> {
	await sandbox?.close();
	sandbox = await fastSandbox({ clock: virtualTime, ...options });
	({ ledger } = sandbox);
}

beforeAll(async () => {
	photo = await picture();
	other = await picture({ left: '#111111' });
});
beforeEach(async () => await atlas());
afterAll(async () => await sandbox.close());

const RETRY_3 = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
const CONTINUE = { onError: 'continueRegularOutput' } as const;
const MODERATED: FaultAction = { type: 'failTask', shape: 'moderation' };

/** So often a download is tried. */
const DOWNLOAD_TRIES = 4;

function fails(endpoint: 'submit' | 'file' | 'history', action: FaultAction, times = 1, nth = 1): void {
	sandbox.addFault({ endpoint, action, times, nth });
}

/** When each submit arrived, in seconds after the first request. */
function submitSeconds(): number[] {
	const startMs = ledger.requests[0].atMs;
	return ledger.requests.flatMap(({ endpoint, atMs }) =>
		endpoint === 'submit' ? [Math.round((atMs - startMs) / 1_000)] : [],
	);
}

/** Stands before the sandbox and turns the answer to a submit into an error that holds the new prediction all the same. */
async function behindGateway(work: (baseUrl: string) => Promise<void>): Promise<void> {
	const server = createServer((incoming, outgoing) => {
		const parts: Buffer[] = [];
		incoming.on('data', (part: Buffer) => parts.push(part));
		incoming.on('end', async () => {
			const { authorization, 'content-type': contentType } = incoming.headers;
			const answer = await request(`${sandbox.baseUrl}${incoming.url}`, {
				method: incoming.method as 'GET' | 'POST',
				headers: { authorization, ...(contentType ? { 'content-type': contentType } : {}) },
				...(incoming.method === 'POST' ? { body: Buffer.concat(parts) } : {}),
			});
			const text = await answer.body.text();
			const isSubmit = incoming.url?.includes('generateImage') ?? false;
			const headers = { 'content-type': 'application/json', date: String(answer.headers.date) };
			outgoing.writeHead(isSubmit ? 500 : answer.statusCode, headers);
			outgoing.end(isSubmit ? text.replace('"code":200', '"code":500') : text);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	try {
		await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
	} finally {
		server.closeAllConnections();
		server.close();
	}
}

async function edit(options: Partial<SeedreamOptions> = {}): Promise<SeedreamResult> {
	return await runSeedream({ sandbox, items: [{ files: { data: photo } }], ...options });
}

/** Items that are all the very same request: an address, and no upload with a name of its own. */
function sameUrl(count: number): Pick<SeedreamOptions, 'items'> & { parameters: Record<string, unknown> } {
	const id = sandbox.addForeignTask({ model: 'x', prompt: 'a picture at an address', images: [] });
	const [imageUrls] = ledger.predictions.get(id)?.outputs ?? [];
	return {
		items: Array.from({ length: count }, (): InputItem => ({})),
		parameters: { imageSource: 'url', imageUrls, size: '1024*1024' },
	};
}

const chargedIds = () => ledger.charges.map(({ predictionId }) => predictionId);
const submits = () => ledger.count('submit');
const idsIn = ({ json }: SeedreamResult) => json.map(({ predictionId }) => predictionId);
const errorOf = (json: IDataObject | undefined) => json?.error as IDataObject | undefined;

describe('a lost answer', () => {
	it.each<[string, FaultAction]>([
		['is cut off', { type: 'resetAfter' }],
		['is a gateway’s 504', { type: 'status', status: 504, body: '<html>', handled: true }],
		['has no id', { type: 'emptyObject' }],
	])('bills once when it %s: the edit is found in the history', async (_name, action) => {
		fails('submit', action);
		const result = await edit();
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
		expect(sha256(await pictureOf(result.out[0]))).toBe(
			predictionOf(sandbox, result.json[0]).outputSha256[0],
		);
	});

	it('is looked for until the history shows it, past other people’s edits and page after page', async () => {
		let isBusy = true;
		await atlas({
			history: { delaySeconds: 20, foreignTasks: 6 },
			onRequestOver: ({ endpoint, body }) => {
				if (endpoint !== 'submit') return;
				for (let i = 0; isBusy && i < 70; i++)
					sandbox.addForeignTask({ ...(body as object), prompt: `${i}` });
				isBusy = false;
			},
		});
		fails('submit', { type: 'resetAfter' });
		const result = await edit();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(ledger.requests.some(({ path }) => path.includes('no=2'))).toBe(true);
	});

	it.each([-3_600, -90, 90, 3_600])(
		'is found where Atlas’s clock is %s s from ours',
		async (clockSkewSeconds) => {
			await atlas({ clockSkewSeconds });
			fails('submit', { type: 'resetAfter' });
			expect(idsIn(await edit())).toEqual(chargedIds());
		},
	);

	it('is unknown, and says how to find out, when the history never shows it', async () => {
		fails('submit', { type: 'resetBefore' });
		const { error } = await edit();
		expect(error?.message).toMatch(/^It is unknown whether Atlas Cloud took the edit/);
		expect(error?.description).toMatch(/was not sent again.*Get Many.*Wait for Completion/s);
		expect([submits(), chargedIds()]).toEqual([1, []]);
	});

	it('is unknown too when the history cannot be read: a broken answer is no empty history', async () => {
		fails('submit', { type: 'resetAfter' });
		fails('history', { type: 'emptyObject' }, Infinity);
		const { error } = await edit({ parameters: { options: { resubmitUnknown: true } } });
		expect(error?.message).toMatch(/^It is unknown whether/);
		expect(error?.description).toContain('Could not read the prediction history');
		expect(submits()).toBe(1);
	});

	it('claims a different edit for each of several lost submits of the same body', async () => {
		fails('submit', { type: 'resetAfter' }, 3);
		const result = await edit(sameUrl(3));
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect([chargedIds().length, submits()]).toEqual([3, 3]);
	});

	it('does not take the edit of another item that was answered', async () => {
		fails('submit', { type: 'resetBefore' });
		const result = await edit({ ...sameUrl(2), nodeExtras: CONTINUE });
		const messages = result.json.map((json) => errorOf(json)?.message ?? '');
		expect(messages.filter((message) => /^It is unknown/.test(String(message)))).toHaveLength(1);
		expect(result.json.flatMap(({ predictionId }) => predictionId ?? [])).toEqual(chargedIds());
		expect(chargedIds()).toHaveLength(1);
	});

	it('claims none and tells all where more edits fit than answers were lost', async () => {
		let body: object | undefined;
		await atlas({
			onRequestOver: (request) => {
				if (request.endpoint !== 'submit' || body) return;
				body = request.body as object;
				sandbox.addForeignTask(body);
			},
		});
		fails('submit', { type: 'resetAfter' });
		const { error } = await edit(sameUrl(1));
		const fitting = [...ledger.predictions.values()].filter(
			(task) => task.body && JSON.stringify(task.body) === JSON.stringify(body),
		);
		expect(fitting).toHaveLength(2);
		for (const { id } of fitting) expect(error?.message).toContain(id);
		expect(submits()).toBe(1);
	});

	it('tells two of the same body apart even after both were given up as unknown', async () => {
		await atlas({ history: { delaySeconds: 150 } });
		fails('submit', { type: 'resetAfter' }, 2);
		const { items, parameters } = sameUrl(2);
		const result = await edit({
			items,
			parameters: { ...parameters, options: { concurrency: 1 } },
			nodeExtras: { ...CONTINUE, ...RETRY_3 },
		});
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect([chargedIds().length, submits()]).toEqual([2, 2]);
	});

	it('is found in the history too where the answer is an error that holds the id', async () => {
		await behindGateway(async (baseUrl) => {
			const parameters = { options: { resubmitUnknown: true } };
			const result = await edit({ credentialData: { baseUrl }, parameters });
			expect(result.error).toBeUndefined();
			expect(idsIn(result)).toEqual(chargedIds());
			expect(submits()).toBe(1);
		});
	});

	it('is asked for at once by the id that such an answer held, and never bought again', async () => {
		await atlas({ history: { delaySeconds: 100_000 } });
		await behindGateway(async (baseUrl) => {
			const parameters = { options: { resubmitUnknown: true } };
			const result = await edit({ credentialData: { baseUrl }, nodeExtras: RETRY_3, parameters });
			expect(idsIn(result)).toEqual(chargedIds());
			expect(submits()).toBe(1);
		});
	});

	it('keeps the id that such an answer held where nothing shows it, through all tries', async () => {
		await atlas({ history: { delaySeconds: 100_000 }, warmUp: { seconds: 100_000, status: 404 } });
		await behindGateway(async (baseUrl) => {
			const parameters = { options: { resubmitUnknown: true } };
			const { error } = await edit({ credentialData: { baseUrl }, nodeExtras: RETRY_3, parameters });
			expect(error?.message).toContain(chargedIds()[0]);
			expect(submits()).toBe(1);
			const items = [photo, other].map((data) => ({ files: { data } }));
			const both = await edit({ credentialData: { baseUrl }, items, parameters });
			for (const id of chargedIds().slice(1))
				expect(`${both.error?.message} ${both.error?.description}`).toContain(id);
		});
	});

	it('is found past tasks that are too large to be read page by page', async () => {
		const images = [`data:image/png;base64,${'A'.repeat(3_000_000)}`];
		for (let i = 0; i < 7; i++) sandbox.addForeignTask({ model: V4, prompt: `${i}`, images });
		fails('submit', { type: 'resetAfter' });
		const result = await edit();
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('is sent again once in all where Resubmit When Unknown allows it, however many tries there are', async () => {
		await atlas({ history: { delaySeconds: 100_000 } });
		fails('submit', { type: 'resetAfter' }, Infinity);
		const { error } = await edit({
			parameters: { options: { resubmitUnknown: true } },
			nodeExtras: RETRY_3,
		});
		expect(error?.message).toMatch(/^It is unknown/);
		expect(submits()).toBe(2);
	});

	it('is sent again once where Resubmit When Unknown allows it', async () => {
		fails('submit', { type: 'resetBefore' });
		const parameters = { options: { resubmitUnknown: true } };
		expect(idsIn(await edit({ parameters }))).toEqual(chargedIds());
		expect([submits(), chargedIds().length]).toEqual([2, 1]);
		fails('submit', { type: 'resetBefore' }, Infinity);
		expect((await edit({ parameters })).error?.message).toMatch(/^It is unknown whether/);
		expect(submits()).toBe(4);
	});
});

describe('Resubmit When Unknown', () => {
	const parameters = { prompt: '={{ $json.wish + " wish" }}', options: { resubmitUnknown: true } };
	const match = (wish: string, action: FaultAction) =>
		sandbox.addFault({ endpoint: 'submit', match: `${wish} wish`, action });
	const items = (...wishes: string[]) => wishes.map((wish) => ({ json: { wish }, files: { data: photo } }));
	beforeEach(async () => await atlas({ history: { delaySeconds: 100_000 } }));

	it('does not say that nothing was billed where the second submit is refused', async () => {
		fails('submit', { type: 'resetAfter' });
		fails('submit', { type: 'status', status: 402 }, 1, 2);
		const { error } = await edit({ items: items('a'), parameters });
		expect(error?.message).toContain('status 402');
		expect(error?.description).toMatch(/unknown whether Atlas Cloud took .*first/);
		expect(error?.description).not.toContain('Nothing was created or billed');
		expect(submits()).toBe(2);
	});

	it('forgets no unknown edit where the batch stops before it is sent again', async () => {
		match('b', { type: 'resetAfter' });
		match('a', { type: 'delay', seconds: 5 });
		match('a', { type: 'status', status: 402 });
		const { error } = await edit({ items: items('a', 'b'), parameters });
		expect(error?.message).toContain('status 402');
		expect(error?.description).toContain('Of 1 item it is unknown');
	});
});

describe('what is known not to be created', () => {
	it('is tried again while Atlas says 429, and keeps off as long as Retry-After says', async () => {
		fails('submit', { type: 'status', status: 429, headers: { 'retry-after': '40' } });
		expect(idsIn(await edit())).toEqual(chargedIds());
		const [first, second] = ledger.requests.filter(({ endpoint }) => endpoint === 'submit');
		expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(39_000);
	});

	it('is tried again while the connection is refused', async () => {
		const up = sandbox.restart(20);
		const result = await edit(sameUrl(1));
		await up;
		expect(idsIn(result)).toEqual(chargedIds());
		expect(chargedIds()).toHaveLength(1);
	});

	it('keeps off as long as Retry-After says though another edit ends meanwhile', async () => {
		sandbox.setOptions({ predictSeconds: 30 });
		fails('submit', { type: 'status', status: 429 }, 1, 2);
		fails('submit', { type: 'status', status: 429, headers: { 'retry-after': '200' } }, 1, 3);
		const items = [photo, other].map((data) => ({ files: { data } }));
		const { error } = await edit({ items, parameters: { options: { concurrency: 2 } } });
		expect(error).toBeUndefined();
		const [, , third, fourth] = submitSeconds();
		expect(fourth - third).toBeGreaterThanOrEqual(199);
	});

	it('keeps off for longer than a read would', async () => {
		fails('submit', { type: 'status', status: 429, headers: { 'retry-after': '600' } });
		expect((await edit({ parameters: { options: { timeoutSeconds: 3_600 } } })).error).toBeUndefined();
		const [first, second] = submitSeconds();
		expect(second - first).toBeGreaterThanOrEqual(599);
	});

	it('has its own time for that: what it waited for others does not count', async () => {
		sandbox.addFault({ endpoint: 'upload', nth: 2, action: { type: 'delay', seconds: 5 } });
		fails('submit', { type: 'status', status: 429, headers: { 'retry-after': '100' } });
		fails('submit', { type: 'status', status: 429, headers: { 'retry-after': '40' } }, 1, 3);
		const { json } = await edit({
			items: [photo, other].map((data) => ({ files: { data } })),
			parameters: { options: { timeoutSeconds: 128 } },
			nodeExtras: CONTINUE,
		});
		expect(json.map(({ status, error }) => error ?? status)).toEqual(['completed', 'completed']);
	});

	it.each([400, 401, 402, 403, 404, 413, 451])('is an answer at once: %s', async (status) => {
		fails('submit', { type: 'status', status }, Infinity);
		const { error } = await edit();
		expect(error?.message).toContain(`status ${status}`);
		expect(error?.description).toContain('Nothing was created or billed.');
		expect(submits()).toBe(1);
	});
});

describe('Retry On Fail', () => {
	it('pays once when the file host is down at first, though the prompt holds the time', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_TRIES);
		const result = await edit({
			nodeExtras: RETRY_3,
			parameters: { prompt: '={{ "at " + $now.toMillis() + Math.random() }}' },
		});
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('looks again for what is unknown, and never sends it', async () => {
		await atlas({ history: { delaySeconds: 90 } });
		fails('submit', { type: 'resetAfter' });
		const result = await edit({ nodeExtras: RETRY_3 });
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('sends what stays unknown once, however many tries there are', async () => {
		fails('submit', { type: 'resetBefore' });
		const { error } = await edit({ nodeExtras: RETRY_3 });
		expect(error?.message).toMatch(/^It is unknown whether/);
		expect([submits(), chargedIds()]).toEqual([1, []]);
	});

	it('submits a failed edit once more per try', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' }, 2);
		const result = await edit({ nodeExtras: RETRY_3 });
		expect(result.error).toBeUndefined();
		expect([submits(), chargedIds().length]).toEqual([3, 1]);
	});

	it.each(['moderation', 'nsfw'] as const)('does not submit again what was stopped: %s', async (shape) => {
		fails('submit', { type: 'failTask', shape }, Infinity);
		const { error } = await edit({ nodeExtras: RETRY_3 });
		expect(error?.message).toMatch(/^Content moderation stopped the edit/);
		expect(error?.message).toContain([...ledger.predictions.keys()][0]);
		expect(submits()).toBe(1);
	});

	it('does not pay again for an edit that is done and brings no picture', async () => {
		fails('submit', { type: 'patchResult', patch: { outputs: [] } });
		const { error } = await edit({ nodeExtras: RETRY_3 });
		expect(error?.message).toContain(chargedIds()[0]);
		expect(submits()).toBe(1);
	});

	it('is not held up by an item whose model is another one by then', async () => {
		const json = { model: V4 };
		await atlas({
			onRequestOver: ({ endpoint }) => {
				if (endpoint === 'submit' && submits() === 2) json.model = LITE;
			},
		});
		fails('submit', { type: 'status', status: 402 }, 1, 2);
		const result = await edit({
			items: [
				{ json, files: { data: photo } },
				{ json: { model: V4 }, files: { data: other } },
			],
			parameters: {
				model: { __rl: true, mode: 'id', value: '={{ $json.model }}' },
				size: '2048*2048',
				options: { concurrency: 1 },
			},
			nodeExtras: RETRY_3,
			abortAfterMs: 8_000,
		});
		expect(result.run.status).toBe('success');
		expect(result.json.map(({ model }) => model)).toEqual([V4, V4]);
	});

	it('tells what an earlier try bought though the last one fails before it gets there', async () => {
		const { parameters } = sameUrl(1);
		const failing: FaultAction = { type: 'failTask', shape: 'status200' };
		sandbox.addFault({ endpoint: 'submit', match: 'a wish', action: failing, times: Infinity });
		// The look at the picture and the download are fine; the next try's looks are not.
		fails('file', { type: 'status', status: 503 }, 6, 3);
		const { json } = await edit({
			items: ['a', 'b'].map((wish) => ({ json: { wish } })),
			parameters: { ...parameters, size: 'matchInput', prompt: '={{ $json.wish + " wish" }}' },
			nodeExtras: { ...CONTINUE, ...RETRY_3, maxTries: 2 },
		});
		const error = errorOf(json[1]);
		expect(error).toMatchObject({ predictionId: chargedIds()[0] });
		expect(error?.message).toContain('could not be looked at');
		expect(error?.description).toContain('Wait for Completion');
	});

	it('tells the predictions of earlier tries that failed', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' });
		fails('submit', { type: 'status', status: 402 }, 5, 2);
		const { error } = await edit({ nodeExtras: RETRY_3 });
		expect(error?.description).toContain([...ledger.predictions.keys()][0]);
	});

	it('tells the request that was bought, not the one of the last try', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_TRIES);
		const { json } = await edit({
			nodeExtras: RETRY_3,
			parameters: { prompt: '={{ "at " + Math.random() }}' },
		});
		expect(json.map(({ prompt }) => prompt)).toEqual(ledger.charges.map(({ prompt }) => prompt));
	});

	it('keeps the others’ edits when one item makes n8n run all again', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' });
		const result = await edit({
			items: [{ files: { data: photo } }, { files: { data: other } }],
			parameters: { options: { concurrency: 1 } },
			nodeExtras: { ...CONTINUE, ...RETRY_3 },
		});
		expect(idsIn(result).sort()).toEqual(chargedIds().sort());
		expect([submits(), chargedIds().length]).toEqual([3, 2]);
	});
});

describe('a new wish', () => {
	it('is each item, though picture and prompt are the same', async () => {
		const result = await edit({ items: [1, 2, 3].map(() => ({ files: { data: photo } })) });
		expect(new Set(idsIn(result)).size).toBe(3);
		expect(new Set(chargedIds())).toEqual(new Set(idsIn(result)));
		expect(ledger.count('upload')).toBe(1);
	});

	it('is each round of a loop', async () => {
		const first = await edit();
		const second = await nextRound(first, { sandbox });
		expect([...idsIn(first), ...idsIn(second)]).toEqual(chargedIds());
		expect(chargedIds()).toHaveLength(2);
	});
});

describe('a person’s retry of a failed execution', () => {
	async function failedDownload(options: Partial<SeedreamOptions> = {}) {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_TRIES);
		const result = await edit(options);
		expect(result.error?.message).toContain(chargedIds()[0]);
		return result;
	}

	it('takes up what was bought for the same request', async () => {
		const result = await retryByPerson(await failedDownload(), { sandbox });
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('buys anew where the prompt was changed', async () => {
		const result = await retryByPerson(await failedDownload(), { sandbox }, { prompt: 'something else' });
		expect(idsIn(result)).toEqual([chargedIds()[1]]);
		expect(ledger.charges.map(({ prompt }) => prompt)).toEqual(['make it black and white', 'something else']);
	});

	it('looks again for what was unknown', async () => {
		await atlas({ history: { delaySeconds: 90 } });
		fails('submit', { type: 'resetAfter' });
		const failed = await edit();
		expect(failed.error?.message).toMatch(/^It is unknown/);
		const result = await retryByPerson(failed, { sandbox });
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('gives each item its own, though one of them is unknown and another, the same, was not sent', async () => {
		await atlas({ history: { delaySeconds: 70 }, predictSeconds: 30 });
		fails('submit', { type: 'resetAfter' });
		const items = ['x', 'y', 'x'].map((wish) => ({ json: { wish }, files: { data: photo } }));
		const parameters = { prompt: '={{ $json.wish }}', options: { concurrency: 1 } };
		const failed = await edit({ items, parameters });
		expect(failed.error?.message).toMatch(/^It is unknown/);
		await virtualTime.sleepMs(30_000);
		const result = await retryByPerson(failed, { sandbox, parameters });
		expect(result.error).toBeUndefined();
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(chargedIds()).toHaveLength(3);
	});
});

describe('a retry after a crash of n8n', () => {
	const crashed = { executionId: '41' };
	const retried = { executionId: '42', mode: 'retry' as const };
	beforeEach(() => sandbox.setOptions({ keepUploadNames: true }));

	it('finds what was bought by the names of the uploads, each item its own', async () => {
		const items = [photo, photo, other].map((data) => ({ files: { data } }));
		const before = await edit({ ...crashed, items });
		const result = await edit({ ...retried, items });
		expect(new Set(idsIn(result))).toEqual(new Set(idsIn(before)));
		expect(idsIn(result)[2]).toBe(idsIn(before)[2]);
		expect([submits(), chargedIds().length]).toEqual([3, 3]);
	});

	it('buys only what the crash had left over', async () => {
		await edit(crashed);
		const result = await edit({ ...retried, items: [photo, photo].map((data) => ({ files: { data } })) });
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(chargedIds()).toHaveLength(2);
	});

	it('buys what failed there once more, but for content moderation', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' });
		fails('submit', MODERATED, 1, 3);
		await edit(crashed);
		expect((await edit(retried)).error).toBeUndefined();
		await edit({ ...crashed, items: [{ files: { data: other } }] });
		const stopped = await edit({ ...retried, items: [{ files: { data: other } }] });
		expect(stopped.error?.message).toMatch(/^Content moderation stopped/);
		expect(submits()).toBe(3);
	});

	it('takes up the good one where the first had failed and was bought anew', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' });
		const before = await edit({ ...crashed, nodeExtras: RETRY_3 });
		const result = await edit(retried);
		expect(idsIn(result)).toEqual(idsIn(before));
		expect([submits(), chargedIds().length]).toEqual([2, 1]);
	});

	it.each<[string, IDataObject, FaultAction | null]>([
		['is in the answer itself', { extraBodyFields: { enable_base64_output: true } }, null],
		['is missing', {}, { type: 'patchResult', patch: { outputs: [] } }],
	])('does not pay again for an edit that is done and whose picture %s', async (_what, options, fault) => {
		if (fault) fails('submit', fault);
		const before = await edit({ ...crashed, parameters: { options } });
		const result = await edit({ ...retried, parameters: { options } });
		expect(result.error?.message).toBe(before.error?.message);
		expect([submits(), chargedIds().length]).toEqual([1, 1]);
	});

	it('takes up what was bought before the crash of an earlier retry, too', async () => {
		const items = [1, 2].map(() => ({ files: { data: photo } }));
		await edit(crashed);
		await edit({ ...retried, items });
		const result = await edit({ executionId: '43', mode: 'retry', items });
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(chargedIds()).toHaveLength(2);
	});

	it('finds what was bought before a thousand edits of others', async () => {
		const before = await edit(crashed);
		for (let i = 0; i < 1_001; i++)
			sandbox.addForeignTask({ model: i % 2 ? V4 : LITE, prompt: `${i}`, images: [] });
		expect(idsIn(await edit(retried))).toEqual(idsIn(before));
		expect(submits()).toBe(1);
	});

	it('tells the pictures that were sent', async () => {
		const parameters = { resource: 'prediction', operation: 'submit' };
		const [before] = (await edit({ ...crashed, parameters })).json;
		const [after] = (await edit({ ...retried, parameters })).json;
		expect(after).toMatchObject({ images: before.images, prompt: before.prompt, size: before.size });
		expect(before.images).toHaveLength(1);
	});

	it('does not look where nobody retries: the same picture and prompt may be a new wish', async () => {
		await edit(crashed);
		await edit({ executionId: '42' });
		expect(chargedIds()).toHaveLength(2);
		expect(ledger.count('history')).toBe(0);
	});

	it('takes no edit of another request', async () => {
		await edit(crashed);
		await edit({ ...retried, parameters: { prompt: 'something else' } });
		await edit({ ...retried, items: [{ files: { data: other } }] });
		expect(chargedIds()).toHaveLength(3);
	});

	it('knows what was bought by its content where Atlas replaces the names', async () => {
		await atlas({ keepUploadNames: false });
		const items = [photo, photo, other].map((data) => ({ files: { data } }));
		const before = await edit({ ...crashed, items });
		const result = await edit({ ...retried, items });
		expect(new Set(idsIn(result))).toEqual(new Set(idsIn(before)));
		expect(idsIn(result)[2]).toBe(idsIn(before)[2]);
		expect(chargedIds()).toHaveLength(3);
	});

	it('knows what was bought for images at URLs by the same URLs in the same order', async () => {
		const same = sameUrl(1);
		const before = await edit({ ...crashed, ...same });
		expect(idsIn(await edit({ ...retried, ...same }))).toEqual(idsIn(before));
		expect(chargedIds()).toHaveLength(1);
	});

	it('buys nothing where the inputs of earlier edits cannot be read', async () => {
		await atlas({ keepUploadNames: false });
		await edit(crashed);
		fails('file', { type: 'status', status: 503 }, Infinity);
		expect((await edit(retried)).error?.message).toMatch(/^It is unknown whether an earlier execution/);
		expect(chargedIds()).toHaveLength(1);
	});

	// Here the promise ends, and docs/billing.md says so.
	it('cannot see what was bought for files that Atlas has deleted', async () => {
		await atlas({ keepUploadNames: false });
		await edit(crashed);
		for (const { url } of ledger.uploads) sandbox.deleteUpload(url);
		await edit(retried);
		expect(chargedIds()).toHaveLength(2);
	});

	it('cannot see what was bought for a prompt that changes by itself', async () => {
		const parameters = { prompt: '={{ "at " + Math.random() }}' };
		await edit({ ...crashed, parameters });
		await edit({ ...retried, parameters });
		expect(chargedIds()).toHaveLength(2);
	});
});

describe('On Error: Stop Workflow', () => {
	const three = () => ['a', 'b', 'c'].map((wish) => ({ json: { wish }, files: { data: photo } }));
	const prompt = '={{ $json.wish + " wish" }}';
	const refuse = (wish: string, status = 402, seconds = 0) => {
		const match = `${wish} wish`;
		if (seconds > 0) sandbox.addFault({ endpoint: 'submit', match, action: { type: 'delay', seconds } });
		sandbox.addFault({ endpoint: 'submit', match, action: { type: 'status', status } });
	};

	it('submits nothing new after the first failure', async () => {
		refuse('a');
		const { error } = await edit({ items: three(), parameters: { prompt, options: { concurrency: 1 } } });
		expect(error?.message).toContain('status 402');
		expect([submits(), chargedIds()]).toEqual([1, []]);
	});

	it.each([1, 2])(
		'submits nothing new after the first timeout, with a concurrency of %d',
		async (concurrency) => {
			sandbox.setOptions({ predictSeconds: 600 });
			const items = [1, 2, 3, 4].map(() => ({ files: { data: photo } }));
			const { error } = await edit({ items, parameters: { options: { concurrency, timeoutSeconds: 5 } } });
			expect(error?.message).toMatch(/^The edit is still going/);
			expect(submits()).toBe(concurrency);
		},
	);

	it('waits for the answers of submits under way, not for pictures, and tells their ids', async () => {
		refuse('a');
		for (const wish of ['b', 'c'])
			sandbox.addFault({ endpoint: 'submit', match: `${wish} wish`, action: { type: 'delay', seconds: 5 } });
		const { error } = await edit({ items: three(), parameters: { prompt } });
		expect(chargedIds()).toHaveLength(2);
		for (const id of chargedIds()) expect(error?.description).toContain(id);
		expect(error?.context).toMatchObject({ itemIndex: 0 });
		expect(ledger.count('file')).toBe(0);
	});

	it('throws the failing item with the lowest index, though another failed first', async () => {
		refuse('c');
		refuse('b', 403, 5);
		const { error } = await edit({ items: three(), parameters: { prompt } });
		expect(error?.context).toMatchObject({ itemIndex: 1 });
		expect(error?.message).toContain('status 403');
	});

	it('tells of other items of which it is unknown whether they were taken', async () => {
		refuse('a');
		sandbox.addFault({ endpoint: 'submit', match: 'b wish', action: { type: 'delay', seconds: 2 } });
		sandbox.addFault({ endpoint: 'submit', match: 'b wish', action: { type: 'resetBefore' } });
		const { error } = await edit({ items: three().slice(0, 2), parameters: { prompt } });
		expect(error?.message).toContain('status 402');
		expect(error?.description).toContain('Of 1 item it is unknown whether Atlas Cloud took the edit');
	});

	it('pays nothing twice when the execution is retried', async () => {
		refuse('a');
		sandbox.addFault({ endpoint: 'submit', match: 'b wish', action: { type: 'delay', seconds: 5 } });
		const failed = await edit({ items: three(), parameters: { prompt } });
		const result = await retryByPerson(failed, { sandbox, parameters: { prompt } });
		expect(result.json.map((json) => json.prompt)).toEqual(['a wish', 'b wish', 'c wish']);
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(chargedIds()).toHaveLength(3);
	});
});

describe('a cancel', () => {
	it('submits nothing more, also when Retry On Fail runs the node again', async () => {
		let cancel = () => {};
		const cancelWhen = new Promise<void>((resolve) => (cancel = resolve));
		await atlas({ predictSeconds: 60, onRequestOver: ({ endpoint }) => endpoint === 'submit' && cancel() });
		await edit({
			items: [photo, photo, other].map((data) => ({ files: { data } })),
			parameters: { options: { concurrency: 1 } },
			nodeExtras: RETRY_3,
			cancelWhen,
		});
		await virtualTime.sleepMs(10_000);
		expect(submits()).toBe(1);
	});
});

describe('the log after a cancel', () => {
	const said = async (work: () => Promise<unknown>): Promise<string[]> => {
		const warn = jest.spyOn(Logger.prototype, 'warn');
		try {
			await work();
			return warn.mock.calls.map((call) => JSON.stringify(call));
		} finally {
			warn.mockRestore();
		}
	};
	const stopButton = () => {
		let cancel = () => {};
		const cancelWhen = new Promise<void>((resolve) => (cancel = resolve));
		return { cancel, cancelWhen };
	};

	it('tells what is paid for, once, where the cancel comes between two tries', async () => {
		const { cancel, cancelWhen } = stopButton();
		let files = 0;
		await atlas({
			onRequestOver: ({ endpoint }) => {
				if (endpoint === 'file' && ++files === DOWNLOAD_TRIES) void virtualTime.sleepMs(12_000).then(cancel);
			},
		});
		fails('file', { type: 'resetBefore' }, DOWNLOAD_TRIES);
		const options = { nodeExtras: { ...RETRY_3, waitBetweenTries: 50 }, cancelWhen };
		const lines = await said(async () => await edit(options));
		expect(lines.filter((line) => line.includes(chargedIds()[0]))).toHaveLength(1);
	});

	it('tells it too where that try had handed it on', async () => {
		const { cancel, cancelWhen } = stopButton();
		await atlas({
			onRequestOver: ({ endpoint }) => {
				if (endpoint === 'file') void virtualTime.sleepMs(36_000).then(cancel);
			},
		});
		sandbox.addFault({
			endpoint: 'submit',
			match: 'a wish',
			action: { type: 'failTask', shape: 'status200' },
		});
		const options = {
			items: ['a', 'b'].map((wish) => ({ json: { wish }, files: { data: photo } })),
			parameters: { prompt: '={{ $json.wish + " wish" }}' },
			nodeExtras: { ...CONTINUE, ...RETRY_3, waitBetweenTries: 50 },
			cancelWhen,
		};
		const lines = await said(async () => await edit(options));
		expect(submits()).toBe(2);
		expect(lines.filter((line) => line.includes(chargedIds()[0]))).toHaveLength(1);
	});

	it('tells what an earlier try had handed on, and n8n has thrown away', async () => {
		const { cancel, cancelWhen } = stopButton();
		await atlas({
			onRequestOver: ({ endpoint }) => {
				if (endpoint === 'submit' && submits() === 3) cancel();
			},
		});
		sandbox.addFault({
			endpoint: 'submit',
			match: 'a wish',
			action: { type: 'failTask', shape: 'status200' },
		});
		const items = ['a', 'b'].map((wish) => ({ json: { wish }, files: { data: photo } }));
		const lines = await said(
			async () =>
				await edit({
					items,
					parameters: { prompt: '={{ $json.wish + " wish" }}' },
					nodeExtras: { ...CONTINUE, ...RETRY_3 },
					cancelWhen,
				}),
		);
		const ofB = ledger.charges.find(({ prompt }) => prompt === 'b wish')?.predictionId;
		expect(lines.some((line) => line.includes(String(ofB)))).toBe(true);
	});
});

describe('a download', () => {
	it.each<[string, FaultAction]>([
		['breaks', { type: 'truncate' }],
		['brings something else', { type: 'corruptPicture' }],
		['brings a picture that does not end', { type: 'hugeBody', bytes: 300_000 }],
	])('is tried again from the start when it %s', async (_name, action) => {
		fails('file', action, 2);
		const result = await edit();
		expect(sha256(await pictureOf(result.out[0]))).toBe(
			predictionOf(sandbox, result.json[0]).outputSha256[0],
		);
		expect(ledger.count('file')).toBe(3);
	});

	it('is refused while it streams once it is larger than Max Download Size, and not tried again', async () => {
		fails('file', { type: 'hugeBody', bytes: 40_000_000 });
		const { error } = await edit({ parameters: { options: { maxDownloadMb: 1 } } });
		expect(error?.message).toContain('it is larger than 1 MB');
		expect(error?.message).toContain(chargedIds()[0]);
		expect(ledger.count('file')).toBe(1);
	});

	it('is refused by its announced length already', async () => {
		await atlas({ preparedPictureBytes: 2_000_000 });
		const { error } = await edit({ parameters: { options: { maxDownloadMb: 1 } } });
		expect(error?.message).toContain('it is larger than 1 MB');
		expect(ledger.count('file')).toBe(1);
	});

	it.each(['http://169.254.169.254/latest', 'javascript:alert(1)', 'file:///etc/passwd'])(
		'is not made, and the link not handed on either, where it leads to %s',
		async (link) => {
			for (const downloadImages of [true, false]) {
				fails('submit', { type: 'patchResult', patch: { outputs: [link] } });
				const { error } = await edit({ parameters: { downloadImages } });
				expect(error?.message).toMatch(/^The edit is done and paid for, but its picture.*is not followed/);
				expect(error?.message).toContain(chargedIds().at(-1));
				const parameters = { resource: 'prediction', operation: 'getAll', limit: 1 };
				const [listed] = (await edit({ parameters })).json;
				expect(listed).toMatchObject({ predictionId: chargedIds().at(-1), imageUrl: null });
			}
			expect(ledger.count('file')).toBe(0);
		},
	);

	it('of an expired link tells the id and where to ask', async () => {
		fails('file', { type: 'status', status: 404 }, Infinity);
		const { error } = await edit();
		expect(error?.message).toMatch(/its link has expired/);
		expect(error?.message).toContain(chargedIds()[0]);
		expect(error?.description).toContain('Wait for Completion');
	});
});

it('a prediction that is not visible yet is waited for, though the answer to its submit took its time', async () => {
	await atlas({ warmUp: { seconds: 10, status: 404 } });
	fails('submit', { type: 'delay', seconds: 40 });
	const result = await edit();
	expect(result.error).toBeUndefined();
	expect(idsIn(result)).toEqual(chargedIds());
});

describe('a failed prediction', () => {
	it.each([
		['status200', /^Atlas Cloud could not make the edit: generation failed: the model could not/],
		['http500', /^Atlas Cloud could not make the edit: Generation failed: internal model error/],
		['errorObject', /^Atlas Cloud could not make the edit: generation failed: the upstream model/],
		['moderation', /^Content moderation stopped the edit: the request was blocked/],
		['nsfw', /^Content moderation stopped the edit: The picture was found not safe for work/],
	] as const)('is told at once and never polled again: %s', async (shape, words) => {
		sandbox.setOptions({ predictSeconds: 0 });
		fails('submit', { type: 'failTask', shape });
		const { error } = await edit();
		const [task] = [...ledger.predictions.values()];
		expect(error?.message).toMatch(words);
		expect(error?.message).toContain(task?.id);
		// It was over before the first look: another one would be one too many.
		expect(ledger.count('prediction')).toBe(1);
	});
});

describe('as an agent’s tool, where each try has a run index of its own', () => {
	const tool = { type: 'n8n-nodes-seedream.seedreamEditTool' };
	const again = async (before: SeedreamResult) => await nextRound(before, { sandbox, ...tool });

	it('takes up on the next try what it bought, and buys anew once that was handed out', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_TRIES);
		const failed = await edit(tool);
		expect(failed.error?.message).toContain(chargedIds()[0]);
		const second = await again(failed);
		expect(idsIn(second)).toEqual(chargedIds());
		const third = await again(second);
		expect(idsIn(third)).toEqual([chargedIds()[1]]);
		expect(submits()).toBe(2);
	});

	it('keeps calls apart that n8n makes at once, with one run index', async () => {
		// An agent with a Batch Size makes all of a batch's tools before one is called.
		const own = SeedreamEdit.prototype.execute;
		const execute = jest.spyOn(SeedreamEdit.prototype, 'execute');
		execute.mockImplementation(async function (this: IExecuteFunctions) {
			const calls = this.getInputData().map(async (item, itemIndex) => {
				for (let runIndex = 0; ; runIndex++) {
					const call = Object.create(this, {
						getInputData: { value: () => [item] },
						getNodeParameter: {
							value: (name: string, _index: number, ...rest: [unknown]) =>
								this.getNodeParameter(name, itemIndex, ...rest) as unknown,
						},
						evaluateExpression: { value: () => runIndex },
					}) as IExecuteFunctions;
					const [items] = await own.call(call).catch((error: Error) => {
						if (runIndex > 0) throw error;
						return [];
					});
					if (items) return items;
				}
			});
			return [(await Promise.all(calls)).flat()];
		});
		try {
			const { parameters } = sameUrl(1);
			fails('file', { type: 'resetBefore' }, 2 * DOWNLOAD_TRIES);
			const { error } = await edit({
				...tool,
				items: ['a', 'b'].map((wish) => ({ json: { wish } })),
				parameters: { ...parameters, prompt: '={{ $json.wish + " wish" }}' },
			});
			expect(error).toBeUndefined();
			expect(ledger.charges.map(({ prompt }) => prompt).sort()).toEqual(['a wish', 'b wish']);
		} finally {
			execute.mockRestore();
		}
	});

	it('does not send again what is unknown or was stopped by content moderation', async () => {
		fails('submit', { type: 'resetBefore' });
		const unknown = await again(await edit(tool));
		expect(unknown.error?.message).toMatch(/^It is unknown/);
		expect(submits()).toBe(1);
		await atlas();
		fails('submit', MODERATED, Infinity);
		const stopped = await again(await edit(tool));
		expect(stopped.error?.message).toMatch(/^Content moderation/);
		expect(submits()).toBe(1);
	});
});

it('Submit does not pay again on the next try either', async () => {
	fails('submit', { type: 'resetAfter' }, 1, 1);
	fails('submit', { type: 'status', status: 402 }, 1, 2);
	const result = await edit({
		items: [{ files: { data: photo } }, { files: { data: other } }],
		parameters: { resource: 'prediction', operation: 'submit', options: { concurrency: 1 } },
		nodeExtras: RETRY_3,
	});
	expect(idsIn(result)).toEqual(chargedIds());
	expect([submits(), submittedBodies(sandbox).length, chargedIds().length]).toEqual([3, 3, 2]);
});
