import { Logger } from '@n8n/backend-common';
import { Container } from '@n8n/di';
import { AS_TOOL, callItemsInParallel } from './agent';
import { picture, runSeedream, sandbox, useNewSandboxes, V4, type SeedreamOptions } from './seedream';
import { virtualTime } from './virtualTime';

useNewSandboxes();

/** Runs edits of so many equal items; tells what the node wrote into n8n's log, and the IDs that were billed. */
async function linesOf(count: number, options: Partial<SeedreamOptions> = {}) {
	const info = jest.spyOn(Container.get(Logger), 'info').mockImplementation();
	const data = await picture();
	const items = Array.from({ length: count }, () => ({ files: { data } }));
	const result = await runSeedream({ items, ...options });
	const lines = info.mock.calls.map(([message]) => message).filter((line) => line.startsWith('Atlas Cloud'));
	info.mockRestore();
	const ids = sandbox.ledger.charges.map(({ predictionId }) => predictionId);
	return { lines, ids, result };
}

it('writes a line per 20 prediction IDs, and one for the rest, with model, node and workflow', async () => {
	const { lines, ids } = await linesOf(45);
	expect(lines).toHaveLength(3);
	expect(lines[0]).toBe(
		`Atlas Cloud accepted 20 predictions of ${V4} (node "Node", workflow "harness", execution 1): ${lines[0]?.split('): ')[1]}`,
	);
	const logged = lines.flatMap((line) => line.split('): ')[1]?.split(', '));
	expect(new Set(logged)).toEqual(new Set(ids));
});

it.each([false, true])(
	'writes the IDs of an agent’s parallel calls that are cancelled (equal: %s)',
	async (areEqual) => {
		sandbox.setOptions({ predictSeconds: 60 });
		const bought = async () => {
			while (sandbox.ledger.charges.length < 3) await virtualTime.sleepMs(20);
			await virtualTime.sleepMs(3_000);
		};
		const restore = callItemsInParallel();
		const prompt = areEqual ? 'x' : '={{ "wish " + $itemIndex }}';
		const { lines, ids } = await linesOf(3, { ...AS_TOOL, parameters: { prompt }, cancelWhen: bought() });
		restore();
		expect(ids).toHaveLength(3);
		for (const id of ids) expect(lines.join()).toContain(id);
	},
);

it('writes the rest if an item failed', async () => {
	sandbox.addFault({ endpoint: 'submit', nth: 2, action: { type: 'failTask', shape: 'status200' } });
	const { lines, result } = await linesOf(3, { nodeExtras: { onError: 'continueRegularOutput' } });
	expect(lines).toHaveLength(1);
	for (const id of sandbox.ledger.predictions.keys()) expect(lines[0]).toContain(id);
	expect(result.out).toHaveLength(3);
});

it('writes the ID of a lost answer that was found in the history', async () => {
	sandbox.addFault({ endpoint: 'submit', action: { type: 'resetAfter' } });
	sandbox.addFault({ endpoint: 'file', times: Infinity, action: { type: 'resetBefore' } });
	const { lines, ids } = await linesOf(1);
	expect(ids).toHaveLength(1);
	expect(lines[0]).toContain(ids[0]);
});
