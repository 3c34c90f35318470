import type { FaultAction } from '../../../sandbox';
import { VIDEO } from '../../sandbox/mediaModels';
import { models, parametersOf, type ModelOptions } from '../models';
import { retryManually } from '../retries';
import type { SeedreamOptions, SeedreamResult } from '../seedream';
import {
	DOWNLOAD_ATTEMPTS,
	RETRY_3,
	chargedIds,
	edit,
	fails,
	idsIn,
	ledger,
	other,
	photo,
	sameUrl,
	sandbox,
	submits,
	useSandbox,
} from './account';

jest.mock('../../../nodes/AtlasCloud/n8n/clock', () => jest.requireActual('../virtualTime'));
jest.mock('../../../nodes/AtlasCloud/n8n/http', () => jest.requireActual('../virtualTime'));

/*
 * Atlas Cloud Models sends what a model's schema declares, in its types, or what was typed where the schema can't be
 * read. The same request must be known again either way.
 */

useSandbox({ preparedMedia: true });

/** A file that Atlas can read itself. */
const imageUrl = () => sameUrl(1).parameters.images as string;

/** `seed` is text for a number, `camera_fixed` for a boolean, and the model has no `mood`. */
const TYPED = { image: 'data', prompt: 'the steam rises', seed: '7', camera_fixed: 'yes', mood: 'calm' };

/** Accepted even without the schema's types. */
const untyped = () => ({ image: imageUrl(), prompt: 'the steam rises', mood: 'calm' });

type Call = ModelOptions & Partial<SeedreamOptions>;

function callOf({ resource, operation, model, inputs, asJson, downloadFiles, options, ...rest }: Call) {
	const parameters = parametersOf({
		resource: resource ?? 'video',
		operation,
		model: model ?? VIDEO.image,
		inputs: inputs ?? TYPED,
		asJson,
		downloadFiles: downloadFiles ?? true,
		options,
	});
	return { ...models, ...rest, parameters: { ...parameters, operation: operation ?? 'generate' } };
}

async function generate(call: Call = {}): Promise<SeedreamResult> {
	return await edit(callOf(call));
}

/** Ways in which a model's schema can't be read. */
const UNREADABLE: Array<[string, 'models' | 'schema', FaultAction]> = [
	['the catalog is down', 'models', { type: 'status', status: 503 }],
	['the catalog is an empty object', 'models', { type: 'emptyObject' }],
	['the schema is down', 'schema', { type: 'status', status: 503 }],
	['the schema is an empty object', 'schema', { type: 'emptyObject' }],
];

describe.each(UNREADABLE)('where %s', (_what, endpoint, action) => {
	const makeUnreadable = () => fails(endpoint, action, Infinity);

	it('a manual retry resumes what was bought with the schema', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const failed = await generate();
		expect(failed.error?.message).toContain(chargedIds()[0]);
		makeUnreadable();
		const result = await retryManually(failed, { sandbox, ...callOf({}) });
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('a manual retry with the schema resumes what was bought without', async () => {
		makeUnreadable();
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const inputs = untyped();
		const failed = await generate({ inputs });
		sandbox.clearFaults();
		expect(failed.error?.message).toContain(chargedIds()[0]);
		const result = await retryManually(failed, { sandbox, ...callOf({ inputs }) });
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('a manual retry buys for another prompt', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const failed = await generate({ inputs: untyped() });
		makeUnreadable();
		const call = callOf({ inputs: { ...untyped(), prompt: 'the cup turns' } });
		await retryManually(failed, { sandbox, ...call }, call.parameters);
		expect(submits()).toBe(2);
	});

	it.each<[string, Call, Call]>([
		['a retry after a crash', { executionId: '41' }, { executionId: '42', mode: 'retry' }],
		['Reuse Paid Results', { executionId: '41' }, { executionId: '42', options: { reuseHours: 24 } }],
	])('%s does not buy again what was bought with the schema', async (_how, first, second) => {
		const inputs = { ...TYPED, image: imageUrl() };
		await generate({ ...first, inputs });
		makeUnreadable();
		const result = await generate({ ...second, inputs });
		expect(result.error?.message).toContain('couldn’t be read');
		expect(submits()).toBe(1);
		// What is plainly another request is bought.
		const other = { ...untyped(), prompt: 'the cup turns' };
		expect((await generate({ ...second, executionId: '43', inputs: other })).error).toBeUndefined();
		expect(submits()).toBe(2);
	});

	it.each<[string, Call]>([
		['a retry after a crash', { mode: 'retry' }],
		['Reuse Paid Results', { options: { reuseHours: 24 } }],
	])('%s with the schema finds what was bought without', async (_how, second) => {
		const inputs = untyped();
		makeUnreadable();
		const before = await generate({ executionId: '41', inputs });
		sandbox.clearFaults();
		expect(before.error).toBeUndefined();
		const result = await generate({ ...second, executionId: '42', inputs });
		expect(idsIn(result)).toEqual(idsIn(before));
		expect(submits()).toBe(1);
	});

	it.each<[string, Call]>([
		['a retry after a crash', { mode: 'retry' }],
		['Reuse Paid Results', { options: { reuseHours: 24 } }],
	])('%s finds without the schema what was bought without', async (_how, second) => {
		const inputs = untyped();
		makeUnreadable();
		const before = await generate({ executionId: '41', inputs });
		const result = await generate({ ...second, executionId: '42', inputs });
		expect(idsIn(result)).toEqual(idsIn(before));
		expect(submits()).toBe(1);
	});

	it('a retry after a crash finds what was bought without the schema after one with it had failed', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' });
		const inputs = untyped();
		await generate({ executionId: '41', inputs });
		makeUnreadable();
		const before = await generate({ executionId: '41', inputs });
		sandbox.clearFaults();
		expect(before.error).toBeUndefined();
		const result = await generate({ executionId: '42', mode: 'retry', inputs });
		expect(idsIn(result)).toEqual(idsIn(before));
		expect(submits()).toBe(2);
	});

	it('Retry On Fail resumes what the attempt before bought', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		// The first attempt reads both; the second neither.
		fails(endpoint, action, Infinity, 2);
		const result = await generate({ nodeExtras: RETRY_3 });
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});
});

describe.each(UNREADABLE)('where %s', (_what, endpoint, action) => {
	it.each([
		['the name of a file', 'data'],
		['the name that means the only file', 'Photo_0'],
	])('buys nothing with %s for a text', async (_name, field) => {
		fails(endpoint, action, Infinity);
		const items = [{ files: { [field]: photo } }];
		const result = await generate({ items });
		expect(result.error?.message).toMatch(
			/^Couldn’t read the fields of .*, so "data" in image may be a file or plain text$/,
		);
		expect(submits()).toBe(0);
		// A prompt that has the word in it is a prompt.
		const prompt = 'data, in black and white';
		expect((await generate({ items, inputs: { ...untyped(), prompt } })).error).toBeUndefined();
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
	await retryManually(failed, { sandbox, ...call }, call.parameters);
	expect(submits()).toBe(2);
	expect(new Set(ledger.uploads.map(({ sha256 }) => sha256)).size).toBe(2);
});

it('a manual retry buys again for another file under the name that means the only one', async () => {
	fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
	const failed = await generate({ items: [{ files: { Photo_0: photo } }], binaryMode: 'default' });
	expect(failed.error?.message).toContain(chargedIds()[0]);
	const [item] = failed.run.data.executionData?.nodeExecutionStack[0]?.data.main[0] ?? [];
	if (!item?.binary?.Photo_0) throw new Error('The retried item has no file');
	item.binary.Photo_0.data = other.toString('base64');
	await retryManually(failed, { sandbox, ...callOf({ binaryMode: 'default' }) });
	expect(submits()).toBe(2);
	expect(new Set(ledger.uploads.map(({ sha256 }) => sha256)).size).toBe(2);
});
