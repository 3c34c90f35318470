import type { IDataObject, INodeExecutionData, NodeExecutionHint } from 'n8n-workflow';
import { addExecutionHint } from '../../nodes/AtlasCloud/run/hint';
import type { NodeRun } from '../../nodes/AtlasCloud/nodeRun';
import { countResults } from '../../nodes/AtlasCloud/operations/kind';
import { EDIT_STYLE } from '../../nodes/AtlasCloud/panel/style';
import { V4_EDIT } from '../../nodes/AtlasCloud/api/models/seedream';
import {
	picture,
	runSeedream,
	sandbox,
	useOneSandbox,
	type SeedreamOptions,
	type SeedreamResult,
} from './seedream';

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

it('counts each image that an unfinished edit was asked for', async () => {
	sandbox.setOptions({ predictSeconds: 30 });
	const options = { timeoutSeconds: 2, onTimeout: 'continue' };
	const { message } = await hintOf({ model: `${V4_EDIT}-sequential`, numberOfImages: 3, options });
	sandbox.setOptions({ predictSeconds: 1 });
	expect(message).toMatch(/^1 edit still running in \d+\.\d s for about \$0\.081\.$/);
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

function messageOf(json: IDataObject[], buys: string | undefined = 'edit', estimateUsd?: number): string {
	const hints: NodeExecutionHint[] = [];
	const run = {
		startedAtMs: 1_000,
		client: { clock: { nowMs: () => 13_400 } },
		ledger: {
			takenFrom: () => [],
			delivered: () => json.map(({ predictionId }) => ({ fate: { id: predictionId }, estimateUsd })),
		},
		context: {
			addExecutionHints: (...added: NodeExecutionHint[]) => hints.push(...added),
			getInputData: () => [],
			getMode: () => 'trigger',
		},
	};
	addExecutionHint(
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
	it('takes Atlas’s price, even if the estimate differs', () => {
		expect(messageOf([image({ priceUsd: 0.01 })], 'edit', 0.027)).toBe('1 edited image in 12.4 s for $0.01.');
	});

	it('estimates if Atlas reports no price, and says so', () => {
		expect(messageOf([image(), image({ priceUsd: null })], 'edit', 0.05)).toBe(
			'2 edited images in 12.4 s for about $0.077.',
		);
	});

	it('says that a price is not known rather than making one up', () => {
		const unknown = image({ priceUsd: null });
		expect(messageOf([unknown])).toBe('1 edited image in 12.4 s (price unknown).');
		expect(messageOf([unknown, image()])).toBe(
			'2 edited images in 12.4 s for $0.027 (the price of 1 edit is unknown).',
		);
	});

	it('estimates a prediction of several images once', () => {
		const images = [0, 1, 2].map((imageIndex) => image({ predictionId: 'one', imageIndex, priceUsd: null }));
		expect(messageOf(images, 'edit', 0.081)).toBe('3 edited images in 12.4 s for about $0.081.');
	});

	it('counts what is still in progress, and what failed', () => {
		const unfinished = image({ status: 'processing', imageIndex: null, imageCount: 0, priceUsd: null });
		const items = [image(), unfinished, { error: { message: 'x' } }];
		expect(messageOf(items, 'edit', 0.027)).toBe(
			'1 edited image, 1 edit still running in 12.4 s for about $0.054. 1 failed.',
		);
		const failed = image({ status: 'failed', imageIndex: null, imageCount: 0, priceUsd: null });
		expect(messageOf([failed], undefined)).toBe('1 failed.');
	});

	describe('Wait for Completion', () => {
		const timedOut = { error: { message: 'x', predictionId: 'p1', status: 'processing' } };
		const blocked = { error: { message: 'x', predictionId: 'p2', status: 'failed' } };
		const refused = { error: { message: 'x', predictionId: null, status: null } };

		it('is offered if all that failed is paid for', () => {
			expect(messageOf([image(), timedOut])).toBe(
				'1 edited image in 12.4 s for $0.027. 1 failed. To get what failed without being billed again, use Prediction > Wait for Completion with the prediction IDs in those rows.',
			);
		});

		it.each([
			['a moderation block', [blocked]],
			['a refusal', [refused]],
			['a moderation block beside a timeout', [timedOut, blocked]],
		])('is not offered after %s', (_what, failed) => {
			expect(messageOf([image(), ...failed])).not.toContain('Wait for Completion');
		});
	});
});
