import type { Sandbox, SandboxOptions } from '../../sandbox';
import { fastSandbox, picture, runSeedream, type SeedreamOptions } from './seedream';
import { virtualTime } from './virtualTime';

let sandbox: Sandbox;
let data: Buffer;
beforeAll(async () => (data = await picture()));
afterEach(async () => await sandbox.close());

async function atlas(options: SandboxOptions): Promise<void> {
	sandbox = await fastSandbox({ predictSeconds: 4, jitter: 0.25, ...options });
}

const itemsOf = (count: number) =>
	Array.from({ length: count }, (_, index) => ({ json: { wish: `wish ${index}` }, files: { data } }));

async function edit(count: number, options: Partial<SeedreamOptions> = {}) {
	const given = options.parameters ?? {};
	const parameters = {
		prompt: '={{ $json.wish }}',
		...given,
		options: { downloadImages: false, ...(given.options as object | undefined) },
	};
	return await runSeedream({ sandbox, mode: 'trigger', items: itemsOf(count), ...options, parameters });
}

const submits = () => sandbox.ledger.count('submit');

it('never has more in flight than Concurrency says, and says so', async () => {
	await atlas({});
	const { run } = await edit(30, { parameters: { options: { concurrency: 7 } } });
	expect(sandbox.ledger.maxRunning).toBe(7);
	const [hint] = run.data.resultData.runData.Node?.at(-1)?.hints ?? [];
	expect(hint?.message).toContain("Up to 7 ran at once (the limit set by 'Concurrency').");
});

it('recovers all that was in flight at a crash', async () => {
	await atlas({ predictSeconds: 20 });
	const crashed = (async () => {
		while (submits() < 40) await virtualTime.sleepMs(100);
	})();
	await edit(60, { cancelWhen: crashed, parameters: { options: {} } });
	const bought = submits();
	expect(bought).toBeGreaterThanOrEqual(40);
	await virtualTime.sleepMs(60_000);
	const { json } = await edit(60, { mode: 'retry' });
	expect(json).toHaveLength(60);
	expect(submits()).toBe(60);
	expect(new Set(json.map(({ predictionId }) => predictionId)).size).toBe(60);
});
