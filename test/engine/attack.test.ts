import type { IDataObject } from 'n8n-workflow';
import type { FaultAction, SandboxClock, SandboxOptions } from '../../sandbox';
import { behindGateway } from './gateway';
import {
	atlas,
	chargedIds,
	CONTINUE,
	edit,
	errorOf,
	fails,
	idsIn,
	ledger,
	photo,
	RETRY_3,
	sandbox,
	submits,
	useSandbox,
} from './money/account';
import { retryManually } from './retries';
import { virtualTime } from './virtualTime';
import {
	bmpPicture,
	LITE,
	picture,
	pictureOf,
	predictionOf,
	sha256,
	submittedBodies,
	V4,
	type InputItem,
	type SeedreamOptions,
	type SeedreamResult,
} from './seedream';

/* Faults that were found by attacking the node, one test each: with the code before its fix it fails or never ends. */

jest.mock('../../nodes/AtlasCloud/n8n/clock', () => jest.requireActual('./virtualTime'));
jest.mock('../../nodes/AtlasCloud/n8n/http', () => jest.requireActual('./virtualTime'));

/** What happens after each request. */
let onRequestOver: NonNullable<SandboxOptions['onRequestOver']> = () => {};
/** How far the sandbox's clock is from the node's, in ms: its predictions can be made older than they are. */
let shiftMs = 0;

const shiftedClock: SandboxClock = {
	nowMs: () => virtualTime.nowMs() + shiftMs,
	sleepMs: async (ms) => await virtualTime.sleepMs(ms),
};

useSandbox({ clock: shiftedClock, onRequestOver: (over) => onRequestOver(over) });
afterEach(() => {
	onRequestOver = () => {};
	shiftMs = 0;
});

const CRASHED = { executionId: '41' };
const RETRIED = { executionId: '42', mode: 'retry' as const };
const RESUBMIT = { options: { resubmitUnknown: true } };

/** The URL of an image that the sandbox serves and did not edit. */
function imageUrl(): string {
	const id = sandbox.addForeignTask({ model: 'x', prompt: 'an image at a URL', images: [] });
	return ledger.predictions.get(id)!.outputs[0]!;
}

/** An edit without an upload: it has the same body each time. */
function ofImageUrl(): { items: InputItem[]; parameters: Record<string, unknown> } {
	return { items: [{}], parameters: { images: imageUrl(), size: '1024*1024' } };
}

/** Runs until so many submits are over; then n8n crashes, and nothing of the execution is left. */
async function crash(afterSubmits: number, options: Partial<SeedreamOptions>): Promise<void> {
	const crashed = new Promise<void>((resolve) => {
		onRequestOver = ({ endpoint }) => {
			if (endpoint === 'submit' && submits() >= afterSubmits) resolve();
		};
	});
	const result = await edit({ ...CRASHED, ...options, cancelWhen: crashed });
	expect(result.out).toHaveLength(0);
	// What was on its way arrives, and is billed.
	await virtualTime.sleepMs(20_000);
}

/** The inputs of a bought edit, by their content. */
function inputsOf(json: IDataObject | undefined): Array<string | undefined> {
	const { images } = predictionOf(sandbox, json).body as { images: string[] };
	return images.map((image) => ledger.uploads.find(({ url }) => url === image)?.sha256);
}

async function expectOwnImages(result: SeedreamResult, photos: Buffer[]): Promise<void> {
	expect(result.error).toBeUndefined();
	expect(result.out).toHaveLength(photos.length);
	for (const [i, bytes] of photos.entries()) {
		expect(inputsOf(result.json[i])).toEqual([sha256(bytes)]);
		const { outputSha256 } = predictionOf(sandbox, result.json[i]);
		expect(sha256(await pictureOf(result.out[i]))).toBe(outputSha256[0]);
	}
	expect(new Set(idsIn(result)).size).toBe(photos.length);
}

describe('a crash in the middle of a batch, if the service keeps no names', () => {
	it('lets a manual retry buy none of twelve edits twice and give each item its own image', async () => {
		await atlas({ preparedPictures: false });
		const photos = await Promise.all(
			Array.from(
				{ length: 12 },
				async (_, i) => await picture({ left: `#${(i * 20 + 16).toString(16)}4060` }),
			),
		);
		const items = photos.map((data) => ({ files: { data } }));
		await crash(6, { items, parameters: { options: { concurrency: 2 } } });
		const before = chargedIds();
		expect(before.length).toBeGreaterThanOrEqual(6);
		expect(before.length).toBeLessThan(12);
		const result = await edit({ ...RETRIED, items });
		await expectOwnImages(result, photos);
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect(chargedIds()).toHaveLength(12);
		const pictures = await Promise.all(result.out.map(async (item) => sha256(await pictureOf(item))));
		expect(new Set(pictures).size).toBe(12);
	});

	it('does not confuse two photos of the same size in bytes', async () => {
		await atlas({ preparedPictures: false });
		const photos = [0x20, 0x80, 0xe0].map((shade) => bmpPicture(60, 40).fill(shade, 54));
		expect(new Set(photos.map(({ length }) => length)).size).toBe(1);
		const items = photos.map((data) => ({ files: { data } }));
		await crash(2, { items, parameters: { options: { concurrency: 1 } } });
		// In another order: neither the place nor the age of a task says whose it is.
		const turned = [...photos].reverse();
		const result = await edit({ ...RETRIED, items: turned.map((data) => ({ files: { data } })) });
		await expectOwnImages(result, turned);
		expect(chargedIds()).toHaveLength(3);
	});

	it('resumes an edit of image URLs only for the same URLs in the same order', async () => {
		const [a, b] = [imageUrl(), imageUrl()];
		const items = [[a, b], [b, a], [a], [a, b]].map((urls) => ({ json: { urls: urls.join('\n') } }));
		const parameters = {
			images: '={{ $json.urls }}',
			size: '1024*1024',
			options: { concurrency: 1 },
		};
		await crash(3, { items, parameters });
		expect(chargedIds()).toHaveLength(3);
		const result = await edit({ ...RETRIED, items: [...items].reverse(), parameters });
		expect(result.error).toBeUndefined();
		expect(chargedIds()).toHaveLength(4);
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		const sent = result.json.map((json) => (predictionOf(sandbox, json).body as IDataObject).images);
		expect(sent).toEqual([[a, b], [a], [b, a], [a, b]]);
	});

	it('buys an edit again if Atlas has deleted its input file', async () => {
		await edit(CRASHED);
		for (const { url } of ledger.uploads) sandbox.deleteUpload(url);
		expect((await edit(RETRIED)).error).toBeUndefined();
		expect(chargedIds()).toHaveLength(2);
	});

	it('buys nothing if the file host fails to return the input files', async () => {
		await edit(CRASHED);
		fails('file', { type: 'status', status: 503 }, Infinity);
		const { error } = await edit(RETRIED);
		expect(error?.message).toMatch(/^Couldn’t check whether an earlier execution/);
		expect(error?.context).toMatchObject({ status: 'unknown' });
		expect([submits(), chargedIds().length]).toEqual([1, 1]);
	});

	// Its own record proves that nothing was created. What the second bought could as well be another execution's.
	it('gives the retry of a refused edit an image of its own, whatever another retry bought', async () => {
		fails('submit', { type: 'status', status: 402 });
		const first = await edit();
		expect(first.error?.message).toContain('(402');
		const second = await retryManually(first, { sandbox, executionId: '2' });
		expect(idsIn(second)).toEqual(chargedIds());
		const third = await retryManually(first, { sandbox, executionId: '3' });
		expect(new Set([...idsIn(second), ...idsIn(third)])).toEqual(new Set(chargedIds()));
		expect([submits(), chargedIds().length]).toEqual([3, 2]);
	});
});

// Before, such a text was looked at for longer than the universe is old: there is nothing to be measured.
describe('a text of many comments in a row', () => {
	const text = `${'<!---->'.repeat(70)}x`;

	it('is refused in plain words as a file', async () => {
		const { error } = await edit({ items: [{ files: { data: Buffer.from(text) } }] });
		expect(error?.message).toMatch(/is an XML document/);
		expect(submits()).toBe(0);
	});

	it('is refused in plain words at an image URL', async () => {
		const images = imageUrl();
		fails('file', { type: 'status', status: 200, body: text }, Infinity);
		const { error } = await edit({ items: [{}], parameters: { images } });
		expect(error?.message).toMatch(/^The file at .* is an XML document$/);
		expect(submits()).toBe(0);
	});

	it('is not an image as an output, and the error includes the ID', async () => {
		fails('file', { type: 'status', status: 200, body: text }, Infinity);
		const { error } = await edit();
		expect(error?.message).toContain('the link returned something else');
		expect(error?.context?.predictionId).toBe(chargedIds()[0]);
		expect(submits()).toBe(1);
	});
});

describe('a large or odd record', () => {
	const base64 = { options: { extraBodyFields: { enable_base64_output: true } } };

	it('is returned whole with eight megabytes of bare base64', async () => {
		await atlas({ base64Form: 'bare', outputBytes: 8_000_000 });
		const result = await edit({ parameters: base64 });
		expect(result.error).toBeUndefined();
		const bytes = await pictureOf(result.out[0]);
		expect(bytes).toHaveLength(8_000_000);
		expect(sha256(bytes)).toBe(predictionOf(sandbox, result.json[0]).outputSha256[0]);
	});

	const nested = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
	const odd = (id: string, more: object) => ({
		ID: id,
		// It stands first in the history, which is read down to the first task that is too old.
		get createdAt() {
			return Math.floor(virtualTime.nowMs() / 1_000);
		},
		model: V4,
		status: 'completed',
		requestBody: JSON.stringify({ model: V4, prompt: 'x', images: ['x'] }),
		...more,
	});
	it.each<[string, () => object]>([
		[
			'with eight megabytes of base64',
			() => odd('a', { result: { id: 'a', status: 'completed', outputs: ['A'.repeat(8_000_000)] } }),
		],
		['with a request nested 5,000 levels deep', () => odd('b', { requestBody: `{"a":${nested}}` })],
		['without an ID', () => odd('', { result: null })],
	])('does not spoil the search for a lost answer if the history has one %s', async (_what, item) => {
		await atlas({ history: { extraItems: [item()] } });
		fails('submit', { type: 'resetAfter' });
		const result = await edit();
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it.each<[string, FaultAction]>([
		['is not JSON', { type: 'malformedJson' }],
		['is too large', { type: 'hugeBody', bytes: 17_000_000 }],
	])('leaves an edit unknown, with advice, if the history %s', async (_what, action) => {
		fails('submit', { type: 'resetAfter' });
		fails('history', action, Infinity);
		const { error } = await edit({ parameters: RESUBMIT });
		expect(error?.message).toMatch(/^Couldn’t confirm whether Atlas Cloud accepted the request/);
		expect(error?.description).toMatch(/was not sent again.*Get Many.*Wait for Completion/s);
		expect([submits(), chargedIds().length]).toEqual([1, 1]);
	});
});

describe('a poll that is answered with something else', () => {
	const photos = () => [photo, bmpPicture(60, 40)];

	it('does not give an item the image of another prediction', async () => {
		await atlas({ preparedPictures: false });
		for (const nth of [1, 2, 4]) fails('prediction', { type: 'otherRecord' }, 1, nth);
		const result = await edit({ items: photos().map((data) => ({ files: { data } })) });
		await expectOwnImages(result, photos());
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
	});

	it('ends with an error that includes the ID if it is always another prediction’s', async () => {
		fails('prediction', { type: 'otherRecord' }, Infinity);
		const { error, out } = await edit({ parameters: { options: { timeoutSeconds: 30 } } });
		expect(out).toHaveLength(0);
		expect(error?.context?.predictionId).toBe(chargedIds()[0]);
		expect(error?.context?.status).toBe('unknown');
		expect(submits()).toBe(1);
	});

	it.each<[string, number, object]>([
		['502', 502, { id: 'gw-1', status: 'error' }],
		['503', 503, { data: { status: 'error' } }],
		['504', 504, { data: { status: 'timeout' } }],
	])(
		'is not final after a gateway’s %s, and Retry On Fail buys nothing again',
		async (_name, status, body) => {
			fails('prediction', { type: 'status', status, body }, 2);
			const result = await edit({ nodeExtras: RETRY_3 });
			expect(result.error).toBeUndefined();
			expect(idsIn(result)).toEqual(chargedIds());
			fails('prediction', { type: 'status', status, body }, Infinity);
			const { error } = await edit({ nodeExtras: RETRY_3, parameters: { options: { timeoutSeconds: 5 } } });
			expect(error?.context).toMatchObject({ predictionId: chargedIds()[1], status: 'unknown' });
			expect([submits(), chargedIds().length]).toEqual([2, 2]);
		},
	);
});

describe('a lost submit', () => {
	/** The body of an edit that is over, and was made so long ago. */
	async function older(seconds: number) {
		const options = ofImageUrl();
		shiftMs = -seconds * 1_000;
		const before = await edit(options);
		shiftMs = 0;
		expect(before.error).toBeUndefined();
		return options;
	}

	const isUnknown = ({ error }: SeedreamResult) =>
		expect(error?.message).toMatch(/^Couldn’t confirm whether Atlas Cloud accepted the request/);

	it('does not claim a later edit with the same body', async () => {
		fails('submit', { type: 'resetBefore' });
		let laterId: string | undefined;
		onRequestOver = ({ endpoint, body }) => {
			if (endpoint !== 'submit') return;
			void virtualTime.sleepMs(42_000).then(() => (laterId = sandbox.addForeignTask(body as object)));
		};
		isUnknown(await edit(ofImageUrl()));
		expect(laterId).toBeDefined();
		expect(submits()).toBe(1);
	});

	it.each(['seconds', 'milliseconds', 'iso', 'missing'] as const)(
		'does not claim an older edit with the same body (unit of its time: %s)',
		async (createdAtUnit) => {
			await atlas({ history: { createdAtUnit } });
			const options = await older(60);
			fails('submit', { type: 'resetBefore' });
			isUnknown(await edit(options));
			expect([submits(), chargedIds().length]).toEqual([2, 1]);
		},
	);

	it.each(['milliseconds', 'iso'] as const)('finds its own prediction if times are in %s', async (unit) => {
		await atlas({ history: { createdAtUnit: unit } });
		const options = await older(60);
		fails('submit', { type: 'resetAfter' });
		expect(idsIn(await edit(options))).toEqual([chargedIds()[1]]);
	});

	it.each<[string, 'upload' | 'history', number]>([
		['a stale history', 'history', -600],
		['a history that is ahead', 'history', 600],
		['a stale upload', 'upload', -600],
	])('is not misled by the Date header of %s', async (_what, endpoint, skewSeconds) => {
		const { parameters, items } = await older(600);
		// Other items' answers tell Atlas's clock as well.
		const others = [1, 2, 3].map((i) => ({ json: { wish: `wish ${i}` } }));
		const mixed = [...items.map(() => ({ json: { wish: 'make it black and white' } })), ...others];
		sandbox.addFault({
			endpoint: 'submit',
			match: 'make it black and white',
			action: { type: 'resetBefore' },
		});
		fails(endpoint, { type: 'dateHeader', value: { skewSeconds } });
		const { json } = await edit({
			items: mixed,
			parameters: { ...parameters, prompt: '={{ $json.wish }}' },
			nodeExtras: CONTINUE,
		});
		expect(errorOf(json[0])?.message).toMatch(/^Couldn’t confirm whether Atlas Cloud accepted the request/);
		expect(json.slice(1).map(({ predictionId }) => predictionId)).not.toContain(chargedIds()[0]);
		expect(chargedIds()).toHaveLength(4);
	});

	it('is not misled by a stale history if nothing else has reported the time', async () => {
		const options = await older(600);
		fails('submit', { type: 'resetBefore' });
		fails('history', { type: 'dateHeader', value: { skewSeconds: -600 } });
		isUnknown(await edit(options));
		expect(submits()).toBe(2);
	});

	it.each([-600, 600])('is found even if one Date header is %d s off', async (skewSeconds) => {
		fails('submit', { type: 'resetAfter' });
		fails('history', { type: 'dateHeader', value: { skewSeconds } });
		expect(idsIn(await edit())).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it.each([-3_600, 3_600])(
		'finds its own prediction if Atlas’s clock is %d s off',
		async (clockSkewSeconds) => {
			await atlas({ clockSkewSeconds });
			const options = await older(120);
			fails('submit', { type: 'resetAfter' });
			const result = await edit(options);
			expect(idsIn(result)).toEqual([chargedIds()[1]]);
			expect(submits()).toBe(2);
		},
	);
});

describe('with Resubmit If Lost, a submit that is answered 500 with an ID', () => {
	it('is polled right away and never bought again, even if the history hides it', async () => {
		await atlas({ history: { delaySeconds: 100_000 } });
		await behindGateway(sandbox, async (baseUrl) => {
			const startMs = virtualTime.nowMs();
			const result = await edit({ credentialData: { baseUrl }, parameters: RESUBMIT });
			expect(idsIn(result)).toEqual(chargedIds());
			expect([submits(), ledger.count('history')]).toEqual([1, 0]);
			expect(virtualTime.nowMs() - startMs).toBeLessThan(60_000);
		});
	});

	it('keeps its ID in every error through three attempts if it never becomes visible', async () => {
		await atlas({ history: { delaySeconds: 100_000 }, warmUp: { seconds: 100_000, status: 404 } });
		await behindGateway(sandbox, async (baseUrl) => {
			const { error } = await edit({
				credentialData: { baseUrl },
				nodeExtras: RETRY_3,
				parameters: RESUBMIT,
			});
			expect(error?.message).toMatch(/^Couldn’t confirm whether/);
			expect(error?.context?.predictionId).toBe(chargedIds()[0]);
			expect(`${error?.message} ${error?.description}`).toContain(chargedIds()[0]);
			expect([submits(), chargedIds().length]).toEqual([1, 1]);
		});
	});

	it('reports each item’s own ID if the node continues after errors', async () => {
		await atlas({ history: { delaySeconds: 100_000 }, warmUp: { seconds: 100_000, status: 404 } });
		await behindGateway(sandbox, async (baseUrl) => {
			const items = ['a', 'b'].map((wish) => ({ json: { wish }, files: { data: photo } }));
			const { json } = await edit({
				credentialData: { baseUrl },
				items,
				nodeExtras: CONTINUE,
				parameters: { ...RESUBMIT, prompt: '={{ $json.wish }}' },
			});
			const ofPrompt = (wish: string) => ledger.charges.find(({ prompt }) => prompt === wish)?.predictionId;
			expect(json.map((one) => errorOf(one)?.predictionId)).toEqual([ofPrompt('a'), ofPrompt('b')]);
			expect([submits(), chargedIds().length]).toEqual([2, 2]);
		});
	});
});

describe('an ID that a gateway made up', () => {
	const accepted = { id: 'gw-1234', message: 'accepted' };
	const created = { code: 200, data: { id: 'fake-1', status: 'created' } };

	it.each<[string, object]>([
		['outside an envelope', accepted],
		['in an envelope', created],
	])('does not hide the real prediction (%s)', async (_where, body) => {
		fails('submit', { type: 'status', status: 200, body, handled: true });
		const result = await edit({ nodeExtras: RETRY_3, parameters: RESUBMIT });
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('is not claimed if there is no prediction: the edit is unknown', async () => {
		fails('submit', { type: 'status', status: 200, body: accepted });
		const { error } = await edit();
		expect(error?.message).toMatch(/^Couldn’t confirm whether Atlas Cloud accepted the request/);
		expect(error?.context?.predictionId ?? null).toBeNull();
		expect(JSON.stringify([error?.message, error?.description])).not.toContain('gw-1234');
		expect([submits(), chargedIds()]).toEqual([1, []]);
	});

	it('is reported if nothing better is found, and nothing is bought again', async () => {
		fails('submit', { type: 'status', status: 200, body: created });
		const { error } = await edit({ parameters: RESUBMIT });
		expect(error?.context?.predictionId).toBe('fake-1');
		expect([submits(), chargedIds()]).toEqual([1, []]);
	});
});

describe('an answer that trickles in', () => {
	// Whole it would take hours: the test would never end.
	const trickle: FaultAction = { type: 'trickle', bytesPerSecond: 0.05 };

	it.each(['upload', 'submit', 'prediction', 'file'] as const)(
		'is given up, and the edit still completes (%s request)',
		async (endpoint) => {
			fails(endpoint, trickle);
			const result = await edit();
			expect(result.error).toBeUndefined();
			expect(idsIn(result)).toEqual(chargedIds());
			expect([submits(), chargedIds().length]).toEqual([1, 1]);
		},
	);

	it('is given up in a history search, and the next search finds the lost edit', async () => {
		fails('submit', { type: 'resetAfter' });
		fails('history', trickle);
		expect(idsIn(await edit())).toEqual(chargedIds());
	});

	it.each(['prediction', 'file'] as const)(
		'ends with an error that includes the ID if every %s request trickles',
		async (endpoint) => {
			fails(endpoint, trickle, Infinity);
			const { error } = await edit({ parameters: { options: { timeoutSeconds: 5 } } });
			expect(error?.context?.predictionId).toBe(chargedIds()[0]);
			expect(submits()).toBe(1);
		},
	);

	it('ends as unknown if every history search trickles', async () => {
		fails('submit', { type: 'resetAfter' });
		fails('history', trickle, Infinity);
		const { error } = await edit();
		expect(error?.message).toMatch(/^Couldn’t confirm whether/);
		expect(submits()).toBe(1);
	});
});

describe('a Retry-After longer than anyone waits', () => {
	const retryAfter = (seconds: number): FaultAction => ({
		type: 'status',
		status: 429,
		headers: { 'retry-after': String(seconds) },
	});

	it('of a day refuses the items of its model, and those of another model continue', async () => {
		sandbox.addFault({ endpoint: 'submit', match: V4, action: retryAfter(86_400) });
		const items = [V4, LITE, V4, LITE].map((model) => ({ json: { model }, files: { data: photo } }));
		const { json } = await edit({
			items,
			parameters: {
				model: { __rl: true, mode: 'id', value: '={{ $json.model }}' },
				size: '2048*2048',
				options: { concurrency: 1 },
			},
			nodeExtras: CONTINUE,
		});
		expect(json.map((one) => errorOf(one)?.statusCode ?? one.model)).toEqual([429, LITE, 429, LITE]);
		for (const i of [0, 2]) {
			expect(errorOf(json[i])?.message).toMatch(/^Too many requests to Atlas Cloud \(429\)$/);
			expect(errorOf(json[i])?.description).toContain('Nothing was billed for this item.');
		}
		expect(ledger.charges.map(({ model }) => model)).toEqual([LITE, LITE]);
	});

	it('of a day ends an upload', async () => {
		fails('upload', retryAfter(86_400), Infinity);
		const { error } = await edit();
		expect(error?.message).toContain('Too many requests to Atlas Cloud (429)');
		expect(submits()).toBe(0);
	});

	it('of five minutes on polls does not extend Timeout', async () => {
		fails('prediction', retryAfter(300), Infinity);
		const startMs = virtualTime.nowMs();
		const { error } = await edit({ parameters: { options: { timeoutSeconds: 5 } } });
		expect(virtualTime.nowMs() - startMs).toBeLessThan(120_000);
		expect(error?.context?.predictionId).toBe(chargedIds()[0]);
	});
});

it('completes twenty edits if Atlas accepts one upload per second', async () => {
	await atlas({ limits: { uploads: { perSecond: 1, burst: 1 } } });
	const items = Array.from({ length: 20 }, (_, i) => ({
		files: { data: bmpPicture(60, 40).fill(i * 10, 54) },
	}));
	const result = await edit({ items });
	expect(result.error).toBeUndefined();
	expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
	expect([ledger.uploads.length, chargedIds().length]).toEqual([20, 20]);
});

it.each<['status200' | 'http500', number]>([
	['status200', 200],
	['http500', 500],
])('reports the request ID and the status code of a failed prediction (%s)', async (shape, statusCode) => {
	fails('submit', { type: 'failTask', shape });
	const { json } = await edit({ nodeExtras: CONTINUE });
	const { predictionId } = submittedTask();
	expect(errorOf(json[0])).toMatchObject({ status: 'failed', statusCode, predictionId });
	expect(errorOf(json[0])?.requestId).toMatch(/^\w{8,}$/);
});

function submittedTask(): { predictionId: string } {
	expect(submittedBodies(sandbox)).toHaveLength(1);
	const [own] = [...ledger.predictions.values()].filter(({ foreign }) => !foreign);
	return { predictionId: own!.id };
}
