import type { NodeExecutionHint } from 'n8n-workflow';
import type { Sandbox } from '../../sandbox';
import { fastSandbox, picture, runSeedream, type SeedreamOptions, type SeedreamResult } from './seedream';

jest.mock('../../nodes/AtlasCloud/shared/transport/n8nClock', () => jest.requireActual('./virtualTime'));

let sandbox: Sandbox;
beforeAll(async () => (sandbox = await fastSandbox()));
afterAll(async () => await sandbox.close());

async function hintOf(
	parameters: SeedreamOptions['parameters'],
	options: Partial<SeedreamOptions> = {},
): Promise<NodeExecutionHint & { result: SeedreamResult }> {
	const result = await runSeedream({ sandbox, mode: 'trigger', parameters, ...options });
	expect(result.error).toBeUndefined();
	const hints = result.run.data.resultData.runData.Node?.at(-1)?.hints ?? [];
	expect(hints).toHaveLength(1);
	return { ...hints[0]!, result };
}

const twoItems = async () => [
	{ files: { data: await picture() } },
	{ files: { data: await picture({ left: '#00ff00' }) } },
];

it('sums up pictures, seconds and dollars', async () => {
	const hint = await hintOf({}, { items: await twoItems() });
	expect(hint.message).toMatch(/^2 pictures in \d+\.\d s\. Cost: \$0\.054\.$/);
	expect(hint).toMatchObject({ type: 'info', location: 'outputPane' });
});

it('counts a prediction of several pictures once', async () => {
	const model = 'bytedance/seedream-v4/edit-sequential';
	const { message, result } = await hintOf({ model, options: { maxImages: 3 } });
	const paid = result.json.find(({ priceUsd }) => priceUsd !== null)?.priceUsd;
	expect(result.json.length).toBeGreaterThan(1);
	expect(message).toContain(`${result.json.length} pictures in `);
	expect(message).toContain(`Cost: $${String(paid)}`);
});

it('of failures, and that Retry On Fail is safe', async () => {
	const items = [...(await twoItems()), { json: {} }];
	const hint = await hintOf({}, { items, nodeExtras: { onError: 'continueRegularOutput' } });
	expect(hint.message).toMatch(/^2 pictures, 1 failed in \d+\.\d s\. Cost: \$0\.054\. Retry On Fail .* safe/);
	expect(hint.type).toBe('warning');
});

it('in the editor tells what can be pinned', async () => {
	const pin = 'n8n can pin this output only with Download Images off.';
	expect((await hintOf({}, { mode: 'manual' })).message).toContain(pin);
	expect((await hintOf({ downloadImages: false }, { mode: 'manual' })).message).not.toContain('pin');
});

it('tells of large files in memory', async () => {
	const large = await picture({ encode: (raw) => raw.resize(3_000, 2_500).raw() });
	const padded = Buffer.concat([await picture(), large, large, large]);
	const items = [{ files: { data: padded } }];
	const inMemory = await hintOf({}, { items, binaryMode: 'default' });
	expect(inMemory.message).toMatch(/n8n holds \d\d MB of this run’s files in memory/);
	const onDisk = await hintOf({}, { items, binaryMode: 'filesystem' });
	expect(onDisk.message).not.toContain('memory');
});

it('Submit, Wait for Completion, Get and Upload say what they did', async () => {
	const submitted = await hintOf(
		{ resource: 'prediction', operation: 'submit' },
		{ items: await twoItems() },
	);
	expect(submitted.message).toMatch(
		/^2 edits submitted in \d+\.\d s\. Cost: about \$0\.054, an estimate from the list price\.$/,
	);
	const items = submitted.result.json.map((json) => ({ json }));
	const predictionId = '={{ $json.predictionId }}';
	const waited = await hintOf(
		{ resource: 'prediction', operation: 'waitForCompletion', predictionId },
		{ items },
	);
	expect(waited.message).toMatch(/^2 pictures in \d+\.\d s\. Cost: \$0\.054\.$/);
	const got = await hintOf({ resource: 'prediction', operation: 'get', predictionId }, { items });
	expect(got.message).toMatch(/^2 pictures in /);
	const uploaded = await hintOf({ operation: 'upload' }, { items: await twoItems() });
	expect(uploaded.message).toMatch(/^2 pictures uploaded in \d+\.\d s\.$/);
});
