import type { FaultAction } from '../../../sandbox';
import { MESH, SPEECH, TRANSCRIPT, VIDEO } from '../../sandbox/mediaModels';
import { mediaFile, models, parametersOf, type ModelOptions } from '../models';
import { nextRound, retryManually } from '../retries';
import type { SeedreamOptions, SeedreamResult } from '../seedream';
import {
	DOWNLOAD_ATTEMPTS,
	RETRY_3,
	atlas,
	chargedIds,
	edit,
	expectBilledOnce,
	fails,
	idsIn,
	ledger,
	other,
	photo,
	sameUrl,
	submits,
	useSandbox,
} from './account';

/*
 * Ways in which Atlas Cloud Models could bill twice, lose an ID or pass a limit. It sends what a model's schema declares, in
 * its types. While that can't be read, nothing is billed.
 */

useSandbox({ preparedMedia: true, webhooks: { allowLoopback: true } });

const clip = mediaFile('clip.mp4', 'video/mp4');
const sound = mediaFile('sound.mp3', 'audio/mpeg');
const CRASHED = { executionId: '41' };
const RETRIED = { executionId: '42', mode: 'retry' as const };
const REUSING = { executionId: '42', options: { reuseHours: 24 } };
const HOOK = 'http://127.0.0.1:5678/webhook/';
const imageUrl = () => sameUrl(1).parameters.images as string;

type Call = Omit<ModelOptions & Partial<SeedreamOptions>, 'parameters' | 'node'>;

function callOf({ resource, operation, model, inputs, asJson, downloadFiles, options, ...rest }: Call) {
	const call = { resource: 'video', operation: 'generate', model: VIDEO.image, downloadFiles: true };
	const given = { resource, operation, model, inputs, asJson, downloadFiles, options };
	const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
	return { ...models, ...rest, parameters: parametersOf({ ...call, ...set }) };
}

const generate = async (call: Call): Promise<SeedreamResult> => await edit(callOf(call));

/** Two ways in which what was bought is looked for in the history. */
describe.each<[string, Call]>([
	['a retry after a crash', RETRIED],
	['Reuse Paid Results', REUSING],
])('%s', (_how, again) => {
	async function expectFound(before: Call, after: Call = before): Promise<void> {
		const first = await generate({ ...CRASHED, ...before });
		expect(first.error).toBeUndefined();
		const second = await generate({ ...after, ...again });
		expect(second.error).toBeUndefined();
		expect(idsIn(second)).toEqual(idsIn(first));
		expect(submits()).toBe(1);
	}

	it('finds a request that was typed in fields, now as JSON', async () => {
		const inputs = { image: imageUrl(), prompt: 'x', duration: '5', seed: '', last_image: null };
		await expectFound({ inputs }, { asJson: true, inputs: { ...inputs, duration: 5 } });
	});

	it('finds lists of objects with files in them, of several kinds', async () => {
		const refers = '={{ [$binary.photo, { url: $binary.clip }] }}';
		const items = [{ files: { photo, clip } }];
		await expectFound({ model: VIDEO.mixed, items, inputs: { prompt: 'x', refers } });
	});

	it('finds a text result, which has no file', async () => {
		const call = { resource: 'audio', model: TRANSCRIPT, inputs: { audio_url: 'sound' } };
		await expectFound({ ...call, items: [{ files: { sound } }] });
	});

	it('finds a result of several files as one prediction', async () => {
		await expectFound({ resource: 'image', model: MESH, inputs: { image: 'data' } });
		expect(chargedIds()).toHaveLength(1);
	});
});

it('resumes a date that the expression gives as an object', async () => {
	fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
	const call = callOf({
		inputs: { image: 'data', prompt: 'x', when: '={{ DateTime.fromISO("2026-01-02") }}' },
	});
	const failed = await edit(call);
	expect(failed.error?.message).toContain(chargedIds()[0]);
	expectBilledOnce(await retryManually(failed, { ...call }));
});

describe('a lost answer', () => {
	it.each<[string, Call]>([
		['of a video', { inputs: { image: 'data', prompt: 'x' } }],
		['of a sound', { resource: 'audio', model: SPEECH, inputs: { text: 'Hello.' }, items: [{}] }],
		[
			'with a webhook among the inputs',
			{ inputs: { image: 'data', prompt: 'x', webhook_url: `${HOOK}inputs` } },
		],
		[
			'with a webhook as an option',
			{ inputs: { image: 'data', prompt: 'x' }, options: { webhookUrl: HOOK } },
		],
	])('%s is found', async (_what, call) => {
		fails('submit', { type: 'resetAfter' });
		expectBilledOnce(await generate(call));
	});
});

it('does not take the ID of an answer that belongs to another item, and finds its own', async () => {
	const call = callOf({ inputs: { image: 'data', prompt: '={{ $runIndex }}' } });
	const first = await edit(call);
	const body = { code: 200, data: { id: idsIn(first)[0], status: 'created', model: VIDEO.image } };
	fails('submit', { type: 'status', status: 200, body, handled: true });
	const second = await nextRound(first, { ...call });
	expect(second.error).toBeUndefined();
	expect([...idsIn(first), ...idsIn(second)]).toEqual(chargedIds());
	expect(chargedIds()).toHaveLength(2);
});

describe('an ID is not lost', () => {
	it('if Run Any Model cannot tell the model’s type at the second attempt', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		fails('models', { type: 'status', status: 503 }, Infinity, 2);
		const call = { resource: 'model', operation: 'run', inputs: { image: 'data', prompt: 'x' } };
		const result = await generate({ ...call, nodeExtras: RETRY_3 });
		expect(JSON.stringify([result.json, result.error?.message, result.error?.description])).toContain(
			chargedIds()[0],
		);
		expect(submits()).toBe(1);
	});

	it('if the schema refuses at a retry what is asked for then', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const call = callOf({ inputs: { image: imageUrl(), prompt: 'x', duration: 5, camera_fixed: true } });
		const failed = await edit(call);
		expect(failed.error?.message).toContain(chargedIds()[0]);
		const retried = callOf({ inputs: { image: imageUrl(), prompt: 'x', duration: 99 } });
		const result = await retryManually(failed, { ...retried }, retried.parameters);
		expect(result.error?.message).toMatch(/Duration/);
		expect(`${result.error?.message} ${result.error?.description}`).toContain(chargedIds()[0]);
		expect(submits()).toBe(1);
	});
});

describe('Max Cost per Run', () => {
	const maxCost = async (maxCostUsd: number, call: Call) =>
		await generate({ ...call, options: { ...call.options, maxCostUsd } });

	it('uploads nothing again for a quote of what is bought already', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		fails('upload', { type: 'status', status: 401 }, Infinity, 3);
		const call = { model: VIDEO.lipsync, inputs: { video: 'clip', audio: 'sound' } };
		const result = await maxCost(5, { ...call, items: [{ files: { clip, sound } }], nodeExtras: RETRY_3 });
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
	});

	it('and a lost answer: the purchase is found, and counted once', async () => {
		await atlas({ history: { delaySeconds: 10 } });
		fails('submit', { type: 'resetAfter' });
		const result = await maxCost(0.222, { inputs: { image: 'data', prompt: 'x' } });
		expect(idsIn(result)).toEqual(chargedIds());
	});
});

/** `seed` is text for a number, `camera_fixed` for a boolean, and the model has no `mood`. */
const TYPED = { image: 'data', prompt: 'the steam rises', seed: '7', camera_fixed: 'yes', mood: 'calm' };

/** Ways in which a model's schema can't be read. */
const UNREADABLE: Array<[string, 'models' | 'schema', FaultAction]> = [
	['the catalog is down', 'models', { type: 'status', status: 503 }],
	['the catalog is an empty object', 'models', { type: 'emptyObject' }],
	['the schema is down', 'schema', { type: 'status', status: 503 }],
	['the schema is an empty object', 'schema', { type: 'emptyObject' }],
];

describe.each(UNREADABLE)('where %s', (_what, endpoint, action) => {
	it.each<[string, Call]>([
		['a new execution', {}],
		['a retry after a crash', { mode: 'retry' }],
		['Reuse Paid Results', { options: { reuseHours: 24 } }],
	])('%s bills nothing, and says why', async (_how, second) => {
		const inputs = { ...TYPED, image: imageUrl() };
		await generate({ executionId: '41', inputs });
		fails(endpoint, action, Infinity);
		const result = await generate({ ...second, executionId: '42', inputs });
		expect(result.error?.message).toMatch(/^Couldn’t read the fields of .* from Atlas Cloud’s catalog$/);
		expect(result.error?.description).toContain('Nothing was submitted');
		expect(submits()).toBe(1);
	});

	it('Retry On Fail buys nothing anew if what the attempt before reused fails', async () => {
		await atlas({ predictSeconds: 300 });
		const inputs = { ...TYPED, image: imageUrl() };
		fails('submit', { type: 'failTask', shape: 'status200' });
		await generate({ executionId: '41', resource: 'prediction', operation: 'submit', inputs });
		fails(endpoint, action, Infinity, 2);
		const result = await generate({
			executionId: '42',
			inputs,
			options: { reuseHours: 24, timeoutSeconds: 200 },
			nodeExtras: RETRY_3,
		});
		expect(result.error?.message).toMatch(/^Couldn’t read the fields of /);
		expect(submits()).toBe(1);
	});

	it('Retry On Fail resumes what the attempt before bought', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		// The first attempt reads both; the second neither.
		fails(endpoint, action, Infinity, 2);
		expectBilledOnce(await generate({ inputs: TYPED, nodeExtras: RETRY_3 }));
	});

	it('a manual retry names what was bought', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const failed = await generate({ inputs: TYPED });
		fails(endpoint, action, Infinity);
		const { error } = await retryManually(failed, { ...callOf({ inputs: TYPED }) });
		expect(error?.message).toContain(chargedIds()[0]);
		expect(submits()).toBe(1);
	});
});

it('a manual retry buys again for another file in the same field', async () => {
	fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
	const failed = await generate({
		inputs: { ...TYPED, image: '={{ $json.which }}' },
		items: [{ json: { which: 'front' }, files: { front: photo, back: other } }],
	});
	expect(failed.error?.message).toContain(chargedIds()[0]);
	const call = callOf({ inputs: { ...TYPED, image: 'back' } });
	await retryManually(failed, { ...call }, call.parameters);
	expect(submits()).toBe(2);
	expect(new Set(ledger.uploads.map(({ sha256 }) => sha256)).size).toBe(2);
});

it('a manual retry buys again for another file under the name that means the only one', async () => {
	fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
	const failed = await generate({
		inputs: TYPED,
		items: [{ files: { Photo_0: photo } }],
		binaryMode: 'default',
	});
	expect(failed.error?.message).toContain(chargedIds()[0]);
	const [item] = failed.run.data.executionData?.nodeExecutionStack[0]?.data.main[0] ?? [];
	if (!item?.binary?.Photo_0) throw new Error('The retried item has no file');
	item.binary.Photo_0.data = other.toString('base64');
	// As long as the node is the same, n8n gives it the same items.
	await retryManually(failed, { ...callOf({ inputs: TYPED, binaryMode: 'default' }) }, { simplify: true });
	expect(submits()).toBe(2);
	expect(new Set(ledger.uploads.map(({ sha256 }) => sha256)).size).toBe(2);
});
