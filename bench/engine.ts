import type { BenchSandbox, SandboxHost } from './sandbox';
import { build } from './built';
import { startChild } from './children';

export interface EngineJob {
	baseUrl: string;
	apiKey: string;
	items: number;
	/** What each item holds: a photo of its own, a large file, or nothing. */
	input: 'photo' | 'none' | { path: string };
	/** The node's, besides the prompt. */
	parameters: Record<string, unknown>;
	/** The most that the JavaScript heap may hold. */
	heapMb?: number | undefined;
	/** Runs one item there first: an n8n that has been running for a while is what people wait for. */
	warmUp?: { baseUrl: string; apiKey: string } | undefined;
}

/** The job, and where the compiled node is. */
export interface BuiltJob extends EngineJob {
	builtIn: string;
}

export interface EngineResult {
	/** As n8n measures it: execute() and nothing else. */
	nodeMs: number;
	items: number;
	isInOrder: boolean;
	/** Messages of failed items, and of the run. */
	errors: string[];
	/** Items with a picture. */
	pictures: number;
	/** By prediction id: when the node knew that it is over. */
	knownAtMs: Record<string, number>;
	/** Peak resident memory of the process. */
	peakMb: number;
}

/** Runs the node in n8n-core's engine, in a new process. */
async function runEngine(job: EngineJob): Promise<EngineResult> {
	const builtIn = await build();
	const child = startChild('engineWorker.ts', job.heapMb);
	return await new Promise<EngineResult>((resolve, reject) => {
		child.once('message', (result) => resolve(result as EngineResult));
		child.once('exit', (code) => reject(new Error(`The engine's process ended with ${code}`)));
		child.once('error', reject);
		child.send({ ...job, builtIn } satisfies BuiltJob);
	});
}

export interface BatchJob extends Partial<Pick<EngineJob, 'input' | 'parameters' | 'heapMb'>> {
	items: number;
	/** Default true. */
	isWarm?: boolean;
}

/**
 * Runs a batch of edits, or another operation, and makes sure that it came out whole.
 * @throws Error where an item failed, is missing or is out of order
 */
export async function runBatch(
	host: SandboxHost,
	sandbox: BenchSandbox,
	{ items, input = 'photo', parameters = {}, heapMb, isWarm = true }: BatchJob,
): Promise<EngineResult> {
	const { baseUrl, apiKey } = sandbox;
	const options = { maxEdits: items, ...(parameters.options as object | undefined) };
	const job: EngineJob = { baseUrl, apiKey, items, input, heapMb, parameters: { ...parameters, options } };
	const result = isWarm
		? await host.with(
				{ predictSeconds: 0.1 },
				async (warm) => await runEngine({ ...job, warmUp: { baseUrl: warm.baseUrl, apiKey: warm.apiKey } }),
			)
		: await runEngine(job);
	if (result.errors.length > 0)
		throw new Error(`${result.errors.length} of ${items} items failed: ${result.errors[0]}`);
	if (result.items !== items) throw new Error(`${result.items} items came out of ${items}`);
	if (!result.isInOrder) throw new Error('The items are out of order');
	return result;
}
