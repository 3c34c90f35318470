import type { IDataObject, INodeExecutionData, NodeExecutionHint } from 'n8n-workflow';
import { addExecutionHint } from '../../nodes/AtlasCloud/run/hint';
import type { NodeRun } from '../../nodes/AtlasCloud/nodeRun';
import { countResults } from '../../nodes/AtlasCloud/operations/kind';
import { EDIT_STYLE } from '../../nodes/AtlasCloud/panel/style';
import { V4_EDIT } from '../../nodes/AtlasCloud/api/models/seedream';
import { picture, runSeedream, useOneSandbox, type SeedreamOptions, type SeedreamResult } from './seedream';

useOneSandbox();

async function hintOf(
	parameters: SeedreamOptions['parameters'],
	options: Partial<SeedreamOptions> = {},
): Promise<NodeExecutionHint & { result: SeedreamResult }> {
	const result = await runSeedream({ mode: 'trigger', parameters, ...options });
	expect(result.error).toBeUndefined();
	const hints = result.run.data.resultData.runData.Node?.at(-1)?.hints ?? [];
	expect(hints).toHaveLength(1);
	return { ...hints[0]!, result };
}

const twoItems = async () => [
	{ files: { data: await picture() } },
	{ files: { data: await picture({ left: '#00ff00' }) } },
];

it('sums up images, seconds and dollars', async () => {
	const hint = await hintOf({}, { items: await twoItems() });
	expect(hint.message).toMatch(/^2 edited images in \d+\.\d s for \$0\.054\.$/);
	expect(hint).toMatchObject({ type: 'info', location: 'outputPane' });
});

it('Submit, Wait for Completion, Get and Upload say what they did', async () => {
	const submitted = await hintOf(
		{ resource: 'prediction', operation: 'submit' },
		{ items: await twoItems() },
	);
	expect(submitted.message).toMatch(/^2 edits submitted for about \$0\.054\.$/);
	const items = submitted.result.json.map((json) => ({ json }));
	const predictionId = '={{ $json.predictionId }}';
	const waited = await hintOf(
		{ resource: 'prediction', operation: 'waitForCompletion', predictionId },
		{ items },
	);
	expect(waited.message).toMatch(/^2 edited images in \d+\.\d s\.$/);
	const got = await hintOf({ resource: 'prediction', operation: 'get', predictionId }, { items });
	// What took no time worth telling is left out.
	expect(got.message).toBe('2 edited images.');
	const uploaded = await hintOf({ operation: 'upload' }, { items: await twoItems() });
	expect(uploaded.message).toMatch(/^2 images uploaded/);
});

it('counts what was bought, not what the input items say about other predictions', async () => {
	const bought = { predictionId: 'earlier', imageIndex: 1, imageCount: 3, priceUsd: 9, status: 'failed' };
	const items = (await twoItems()).map((item) => ({ ...item, json: bought }));
	const { message, result } = await hintOf(
		{ resource: 'prediction', operation: 'submit', options: { includeInputFields: true } },
		{ items },
	);
	expect(result.json[0]).toMatchObject({ imageIndex: 1, status: 'processing' });
	expect(message).toMatch(/^2 edits submitted for about \$0\.054\.$/);
});

const count = (done: INodeExecutionData[]) => countResults(EDIT_STYLE, done);

async function messageOf(
	json: IDataObject[],
	buys: string | undefined = 'edit',
	delivered = () => [],
): Promise<string> {
	const hints: NodeExecutionHint[] = [];
	const run = {
		startedAtMs: 1_000,
		estimates: new Map(),
		client: { clock: { nowMs: () => 13_400 } },
		ledger: { takenFrom: () => [], delivered },
		models: {
			of: async (model: string) =>
				await Promise.resolve({
					price: model === 'vendor/listed/edit' ? { usd: 0.05, unit: 'generation' } : null,
				}),
		},
		context: {
			addExecutionHints: (...added: NodeExecutionHint[]) => hints.push(...added),
			getInputData: () => [],
			getMode: () => 'trigger',
		},
	};
	await addExecutionHint(
		run as unknown as NodeRun,
		{ count, buys },
		json.map((one) => ({ json: one })),
		[],
	);
	expect(hints).toHaveLength(1);
	return hints[0]?.message ?? '';
}

let lastId = 0;

const image = (changes: IDataObject = {}): IDataObject => ({
	predictionId: `prediction ${lastId++}`,
	status: 'completed',
	model: V4_EDIT,
	imageIndex: 0,
	imageCount: 1,
	priceUsd: 0.027,
	...changes,
});

describe('the text, for items made up here', () => {
	it('takes Atlas’s price, even if the list price differs', async () => {
		expect(await messageOf([image({ priceUsd: 0.01 })])).toBe('1 edited image in 12.4 s for $0.01.');
	});

	it('estimates from the list price if Atlas reports none, and says so', async () => {
		expect(await messageOf([image(), image({ priceUsd: null })])).toBe(
			'2 edited images in 12.4 s for about $0.054.',
		);
	});

	it('takes the catalog’s price of a model that is not built in', async () => {
		const unlisted = image({ priceUsd: null, model: 'vendor/listed/edit' });
		expect(await messageOf([unlisted])).toBe('1 edited image in 12.4 s for about $0.05.');
	});

	it('says that a price is not known rather than making one up', async () => {
		const unknown = image({ priceUsd: null, model: 'vendor/new/edit' });
		expect(await messageOf([unknown])).toBe('1 edited image in 12.4 s (price unknown).');
		expect(await messageOf([image({ ...unknown, predictionId: 'other' }), image()])).toBe(
			'2 edited images in 12.4 s for $0.027 (the price of 1 edit is unknown).',
		);
	});

	it('estimates each image of one prediction, once', async () => {
		const one = { predictionId: 'one', imageCount: 3, priceUsd: null };
		const images = [0, 1, 2].map((imageIndex) => image({ ...one, imageIndex }));
		expect(await messageOf(images)).toBe('3 edited images in 12.4 s for about $0.081.');
		const each = images.map((json, i) => ({ ...json, predictionId: `${i}` }));
		expect(await messageOf(each)).toBe('3 edited images in 12.4 s for about $0.081.');
	});

	it('reads the records as often for many items as for one: a run may have thousands', async () => {
		const readsFor = async (count: number) => {
			const delivered = jest.fn(() => []);
			const submitted = Array.from({ length: count }, (_, i) => ({ predictionId: `${i}`, model: V4_EDIT }));
			await messageOf(submitted, 'edit', delivered);
			return delivered.mock.calls.length;
		};
		expect(await readsFor(50)).toBe(await readsFor(1));
	});

	it('counts what is still in progress, and what failed', async () => {
		const unfinished = image({ status: 'processing', imageIndex: null, imageCount: 0, priceUsd: null });
		const items = [image(), unfinished, { error: { message: 'x' } }];
		expect(await messageOf(items)).toBe(
			'1 edited image, 1 edit still running in 12.4 s for about $0.054. 1 failed.',
		);
		const failed = image({ status: 'failed', imageIndex: null, imageCount: 0, priceUsd: null });
		expect(await messageOf([failed], undefined)).toBe('1 failed.');
	});

	describe('Wait for Completion', () => {
		const timedOut = { error: { message: 'x', predictionId: 'p1', status: 'processing' } };
		const blocked = { error: { message: 'x', predictionId: 'p2', status: 'failed' } };
		const refused = { error: { message: 'x', predictionId: null, status: null } };

		it('is offered if all that failed is paid for', async () => {
			expect(await messageOf([image(), timedOut])).toBe(
				'1 edited image in 12.4 s for $0.027. 1 failed. To get what failed without being billed again, use Prediction > Wait for Completion with the prediction IDs in those rows.',
			);
		});

		it.each([
			['a moderation block', [blocked]],
			['a refusal', [refused]],
			['a moderation block beside a timeout', [timedOut, blocked]],
		])('is not offered after %s', async (_what, failed) => {
			expect(await messageOf([image(), ...failed])).not.toContain('Wait for Completion');
		});
	});
});
