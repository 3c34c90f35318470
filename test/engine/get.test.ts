import type { IDataObject } from 'n8n-workflow';
import {
	BINARY_MODES,
	pictureOf,
	predictionOf,
	runSeedream,
	sandbox,
	sha256,
	useOneSandbox,
	V4,
	type SeedreamOptions,
} from './seedream';

useOneSandbox();
afterEach(() => {
	sandbox.setOptions({ predictSeconds: 1 });
});

async function edited(parameters: Record<string, unknown> = {}): Promise<IDataObject> {
	const { json } = await runSeedream({
		parameters,
		nodeExtras: { onError: 'continueRegularOutput' },
	});
	return json[0] ?? {};
}

async function get(options: SeedreamOptions) {
	return await runSeedream({
		...options,
		parameters: { resource: 'prediction', operation: 'get', ...options.parameters },
	});
}

describe.each(BINARY_MODES)('a get, files kept in mode %s', (binaryMode) => {
	it('brings the pictures of a prediction that is done', async () => {
		const json = await edited();
		const { error, out } = await get({ binaryMode, items: [{ json }] });
		expect(error).toBeUndefined();
		expect(out[0]?.json).toEqual(json);
		expect(sha256(await pictureOf(out[0]))).toBe(predictionOf(sandbox, json).outputSha256[0]);
	});
});

it('tells of one that is still going, which Wait for Completion takes as it is', async () => {
	sandbox.setOptions({ predictSeconds: 8 });
	const { json: submitted } = await runSeedream({
		parameters: { resource: 'prediction', operation: 'submit' },
	});
	const looks = sandbox.ledger.count('prediction');
	const { out, json } = await get({ items: [{ json: submitted[0] ?? {} }] });
	expect(sandbox.ledger.count('prediction') - looks).toBe(1);
	expect(out).toHaveLength(1);
	expect(out[0]).not.toHaveProperty('binary');
	expect(json[0]).toMatchObject({
		predictionId: submitted[0]?.predictionId,
		status: 'processing',
		model: V4,
		prompt: 'make it black and white',
		size: '1536*1024',
		imageUrl: null,
		imageIndex: null,
		imageCount: 0,
		predictTimeSeconds: null,
		priceUsd: null,
		failureReason: null,
		completedAt: null,
		raw: expect.anything() as object,
	});
	const waited = await runSeedream({
		items: [{ json: json[0] ?? {} }],
		parameters: { resource: 'prediction', operation: 'waitForCompletion' },
	});
	expect(waited.json[0]).toMatchObject({ status: 'completed', size: '1536*1024' });
});

it.each(['http500', 'nsfw'] as const)('tells of one that failed (%s): an answer, no error', async (shape) => {
	sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape } });
	const { error: failed } = await edited();
	const { predictionId } = failed as unknown as { predictionId: string };
	const { error, json, out } = await get({ items: [{ json: { predictionId } }] });
	expect(error).toBeUndefined();
	expect(json[0]).toMatchObject({ predictionId, status: 'failed', imageUrl: null, imageCount: 0 });
	expect(json[0]).not.toHaveProperty('error');
	expect(json[0]?.failureReason).toEqual(expect.any(String));
	expect(out[0]).not.toHaveProperty('binary');
	if (shape === 'nsfw') expect(json[0]?.nsfw).toBe(true);
});
