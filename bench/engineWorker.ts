/* Runs the node once in n8n-core's engine, in a process of its own: its memory is nobody else's. */
import { createReadStream } from 'node:fs';
import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { runNode } from '../test/engine/harness';
import { loadBuilt } from './built';
import type { BuiltJob, EngineJob, EngineResult } from './engine';
import { photo } from './photos';

/** Our clock, ms, at which the node knew of a prediction that it is over. */
const knownAtMs: Record<string, number> = {};

/** The moment of knowing cannot be seen from outside: there every poll and its answer are alike. */
async function noteKnowing(folder: string): Promise<void> {
	const { Waiter } = await loadBuilt(folder);
	const { until } = Waiter.prototype;
	Waiter.prototype.until = async function (wait) {
		const prediction = await until.call(this, wait);
		knownAtMs[wait.id] = Date.now();
		return prediction;
	};
}

type Seed = (context: IExecuteFunctions) => Promise<INodeExecutionData[]>;

function seedOf({ items, input }: EngineJob): Seed {
	return async ({ helpers }) => {
		const seeded: INodeExecutionData[] = [];
		for (let index = 0; index < items; index++) {
			const json = { prompt: `edit number ${index}` };
			if (input === 'none') {
				seeded.push({ json });
				continue;
			}
			const data =
				input === 'photo'
					? await helpers.prepareBinaryData(photo(index), `photo-${index}.jpg`, 'image/jpeg')
					: await helpers.prepareBinaryData(createReadStream(input.path), 'large.png', 'image/png');
			seeded.push({ json, binary: { data } });
		}
		return seeded;
	};
}

async function execute(job: BuiltJob): Promise<EngineResult> {
	const { SeedreamEdit, AtlasCloudSeedreamApi } = await loadBuilt(job.builtIn);
	const { run, items } = await runNode({
		node: new SeedreamEdit(),
		type: 'n8n-nodes-seedream.seedreamEdit',
		parameters: { prompt: '={{ $json.prompt }}', ...job.parameters },
		credentialType: new AtlasCloudSeedreamApi(),
		credentialData: { apiKey: job.apiKey, baseUrl: job.baseUrl },
		seed: seedOf(job),
		binaryMode: 'filesystem',
		mode: 'trigger',
		nodeExtras: { onError: 'continueRegularOutput' },
	});
	const out = items[0] ?? [];
	const order = out.map(({ pairedItem }) =>
		typeof pairedItem === 'object' && 'item' in pairedItem ? pairedItem.item : -1,
	);
	const errors = out.flatMap(({ json }) => (json.error ? [String((json.error as IDataObject).message)] : []));
	if (run.data.resultData.error) errors.push(run.data.resultData.error.message);
	const hasPicture = (item: INodeExecutionData) => item.binary?.data !== undefined;
	return {
		nodeMs: run.data.resultData.runData.Node?.at(-1)?.executionTime ?? NaN,
		items: out.length,
		isInOrder: order.every((item, index) => item === index),
		errors,
		pictures: out.filter(hasPicture).length,
		knownAtMs,
		peakMb: process.resourceUsage().maxRSS / 1024,
	};
}

async function main(job: BuiltJob): Promise<void> {
	await noteKnowing(job.builtIn);
	if (job.warmUp) await execute({ ...job, ...job.warmUp, items: 1, warmUp: undefined });
	const result = await execute(job);
	process.send?.(result, () => process.exit(0));
}

process.once('message', (job) => {
	main(job as BuiltJob).catch((error: unknown) => {
		console.error(error);
		process.exit(1);
	});
});
