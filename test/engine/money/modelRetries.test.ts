import type { FaultAction } from '../../../sandbox';
import { VIDEO } from '../../sandbox/mediaModels';
import { models, parametersOf, type ModelOptions } from '../models';
import { retryManually } from '../retries';
import type { SeedreamOptions, SeedreamResult } from '../seedream';
import {
	DOWNLOAD_ATTEMPTS,
	RETRY_3,
	atlas,
	chargedIds,
	edit,
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
 * Atlas Cloud Models sends what a model's schema declares, in its types. While that can't be read, nothing is billed.
 */

useSandbox({ preparedMedia: true });

/** A file that Atlas can read itself. */
const imageUrl = () => sameUrl(1).parameters.images as string;

/** `seed` is text for a number, `camera_fixed` for a boolean, and the model has no `mood`. */
const TYPED = { image: 'data', prompt: 'the steam rises', seed: '7', camera_fixed: 'yes', mood: 'calm' };

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
		await atlas({ predictSeconds: 300, preparedMedia: true });
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
		const result = await generate({ nodeExtras: RETRY_3 });
		expect(result.error).toBeUndefined();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(submits()).toBe(1);
	});

	it('a manual retry names what was bought', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const failed = await generate();
		fails(endpoint, action, Infinity);
		const { error } = await retryManually(failed, { ...callOf({}) });
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
	const failed = await generate({ items: [{ files: { Photo_0: photo } }], binaryMode: 'default' });
	expect(failed.error?.message).toContain(chargedIds()[0]);
	const [item] = failed.run.data.executionData?.nodeExecutionStack[0]?.data.main[0] ?? [];
	if (!item?.binary?.Photo_0) throw new Error('The retried item has no file');
	item.binary.Photo_0.data = other.toString('base64');
	await retryManually(failed, { ...callOf({ binaryMode: 'default' }) });
	expect(submits()).toBe(2);
	expect(new Set(ledger.uploads.map(({ sha256 }) => sha256)).size).toBe(2);
});
