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
	sandbox.setOptions({ predictSeconds: 1, warmUp: undefined });
});

async function submitted(parameters: Record<string, unknown> = {}): Promise<IDataObject> {
	const { json } = await runSeedream({
		parameters: { resource: 'prediction', operation: 'submit', ...parameters },
	});
	return json[0] ?? {};
}

async function wait(options: SeedreamOptions) {
	return await runSeedream({
		...options,
		parameters: { resource: 'prediction', operation: 'waitForCompletion', ...options.parameters },
	});
}

describe.each(BINARY_MODES)('a wait, files kept in mode %s', (binaryMode) => {
	it('brings the pictures of a bare id, and what Atlas tells of it', async () => {
		const { predictionId } = await submitted({
			model: `${V4}-sequential`,
			numberOfImages: 2,
			size: '1024*1024',
		});
		const { error, out, json } = await wait({
			binaryMode,
			items: [{ json: { id: predictionId ?? '' } }],
			parameters: { predictionId: '={{ $json.id }}', options: { outputDataFieldName: 'made' } },
		});
		expect(error).toBeUndefined();
		const made = predictionOf(sandbox, { predictionId });
		expect(json).toHaveLength(2);
		// Atlas’s record holds no prompt and no size, and the item tells neither: nothing is made up.
		expect(json[0]).toMatchObject({
			predictionId,
			status: 'completed',
			prompt: null,
			size: null,
			imageIndex: 0,
		});
		expect(json.map(({ priceUsd }) => priceUsd)).toEqual([expect.closeTo(0.054), null]);
		expect(out.map(({ binary }) => binary?.made.fileName)).toEqual([
			`seedream-${String(predictionId)}.png`,
			`seedream-${String(predictionId)}-2.png`,
		]);
		for (const [i, item] of out.entries())
			expect(sha256(await pictureOf(item, 'made'))).toBe(made.outputSha256[i]);
	});
});

it('counts Timeout from when the wait begins, and hands on what is not done', async () => {
	sandbox.setOptions({ predictSeconds: 30 });
	const json = await submitted();
	const parameters = { options: { timeoutSeconds: 2 } };
	const { error } = await wait({ items: [{ json }], parameters });
	expect(error?.message).toContain(`(prediction ${String(json.predictionId)})`);
	const unfinished = await wait({
		items: [{ json }],
		parameters: { options: { timeoutSeconds: 2, onTimeout: 'continue' } },
	});
	expect(unfinished.json[0]).toMatchObject({
		predictionId: json.predictionId,
		status: 'processing',
		model: V4,
		prompt: json.prompt,
		size: json.size,
	});
});

it.each([
	['={{ "" }}', "'Prediction ID' is empty"],
	['={{ $json.nothing }}', "'Prediction ID' is empty"],
	['../../balance', '"../../balance" is not a prediction ID'],
	['a b', '"a b" is not a prediction ID'],
	['a?b=c', '"a?b=c" is not a prediction ID'],
	['{{ $json.id }}', '"{{ $json.id }}" is not a prediction ID'],
])('refuses %s as an id without asking anybody', async (predictionId, message) => {
	const before = sandbox.ledger.requests.length;
	const { error } = await wait({ items: [{}], parameters: { predictionId } });
	expect(error?.message).toBe(message);
	expect(sandbox.ledger.requests.length).toBe(before);
});
