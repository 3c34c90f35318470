import type { IDataObject, NodeExecutionHint } from 'n8n-workflow';
import { addExecutionHint } from '../../nodes/AtlasCloud/shared/executionHint';
import { predictionSummary } from '../../nodes/AtlasCloud/shared/summary';
import type { NodeRun } from '../../nodes/AtlasCloud/shared/nodeRun';
import type { OperationSummary } from '../../nodes/AtlasCloud/shared/operation';
import { V4_EDIT } from '../../nodes/AtlasCloud/api/models/models';

const PAID: OperationSummary = { ...predictionSummary, isPaid: true };

async function messageOf(json: IDataObject[], summary: OperationSummary = PAID): Promise<string> {
	const hints: NodeExecutionHint[] = [];
	const run = {
		startedAtMs: 1_000,
		client: { clock: { nowMs: () => 13_400 } },
		rulesOf: async (model: string) =>
			await Promise.resolve({ priceUsd: model === 'vendor/listed/edit' ? 0.05 : undefined }),
		context: {
			addExecutionHints: (...added: NodeExecutionHint[]) => hints.push(...added),
			getInputData: () => [],
			getMode: () => 'trigger',
			getNode: () => ({}),
		},
	};
	await addExecutionHint(
		run as unknown as NodeRun,
		summary,
		json.map((one) => ({ json: one })),
	);
	expect(hints).toHaveLength(1);
	return hints[0]?.message ?? '';
}

const imageJson = (changes: IDataObject = {}): IDataObject => ({
	status: 'completed',
	model: V4_EDIT,
	imageIndex: 0,
	imageCount: 1,
	priceUsd: 0.027,
	...changes,
});

it('takes the price that Atlas reports over the list price', async () => {
	expect(await messageOf([imageJson({ priceUsd: 0.01 })])).toBe('1 picture in 12.4 s. Cost: $0.01.');
});

it('estimates from the list price where Atlas reports none, and says so', async () => {
	expect(await messageOf([imageJson(), imageJson({ priceUsd: null })])).toBe(
		'2 pictures in 12.4 s. Cost: about $0.054, an estimate from the list price.',
	);
});

it('takes the list price of an unlisted model from the catalog', async () => {
	const unlisted = imageJson({ priceUsd: null, model: 'vendor/listed/edit' });
	expect(await messageOf([unlisted])).toBe(
		'1 picture in 12.4 s. Cost: about $0.05, an estimate from the list price.',
	);
});

it('says that a price is not known', async () => {
	const unknown = imageJson({ priceUsd: null, model: 'vendor/new/edit' });
	expect(await messageOf([unknown])).toBe('1 picture in 12.4 s. Cost: the price of 1 edit is not known.');
	expect(await messageOf([unknown, imageJson()])).toBe(
		'2 pictures in 12.4 s. Cost: $0.027; the price of 1 edit is not known.',
	);
});

it('estimates each image of one prediction, once', async () => {
	const images = [0, 1, 2].map((imageIndex) => imageJson({ imageIndex, imageCount: 3, priceUsd: null }));
	expect(await messageOf(images)).toBe(
		'3 pictures in 12.4 s. Cost: about $0.081, an estimate from the list price.',
	);
});

it('counts what is still in progress, and what failed', async () => {
	const inProgress = imageJson({ status: 'processing', imageIndex: null, imageCount: 0, priceUsd: null });
	const items = [imageJson(), inProgress, { error: { message: 'x' } }];
	expect(await messageOf(items)).toMatch(
		/^1 picture, 1 edit still going, 1 failed in 12\.4 s\. Cost: about \$0\.054, an estimate/,
	);
	const failed = imageJson({ status: 'failed', imageIndex: null, imageCount: 0, priceUsd: null });
	expect(await messageOf([failed], predictionSummary)).toBe('1 failed in 12.4 s.');
});

it('writes whole cents without a third digit', async () => {
	expect(await messageOf([imageJson({ priceUsd: 0.5 })])).toContain('Cost: $0.50.');
	expect(await messageOf([imageJson({ priceUsd: 12 })])).toContain('Cost: $12.00.');
});
