import { parse, stringify } from 'flatted';
import type { IExecuteData, INodeExecutionData, IRunExecutionData } from 'n8n-workflow';
import { runSeedream, type SeedreamOptions, type SeedreamResult } from './seedream';

/** An execution's data as it comes back out of n8n's database, which keeps what several places share. */
function saved({ run }: SeedreamResult): IRunExecutionData {
	return parse(stringify(run.data)) as IRunExecutionData;
}

/**
 * What a person's Retry does with a failed execution (`retryExecution` of n8n's cli): the same data without the failed
 * run, the node as the workflow has it now, a new execution id.
 */
export async function retryManually(
	before: SeedreamResult,
	options: SeedreamOptions = {},
	changes: Record<string, unknown> = {},
): Promise<SeedreamResult> {
	const data = saved(before);
	delete data.resultData.error;
	data.resultData.runData.Node?.pop();
	for (const entry of data.executionData?.nodeExecutionStack ?? []) {
		entry.node = { ...entry.node, parameters: { ...entry.node.parameters, ...(changes as object) } };
	}
	return await runSeedream({
		executionId: '2',
		...options,
		parameters: { ...options.parameters, ...changes },
		mode: 'retry',
		runExecutionData: data,
	});
}

/** The same execution comes to the node once more, as in a loop or when an agent calls its tool again. */
export async function nextRound(
	before: SeedreamResult,
	options: SeedreamOptions = {},
): Promise<SeedreamResult> {
	const data = saved(before);
	delete data.resultData.error;
	const node = before.workflow.getNode('Node');
	const seeded = data.resultData.runData.Seed?.[0]?.data?.main[0];
	if (!node || !seeded || !data.executionData) throw new Error('Nothing to go on from');
	const entry: IExecuteData = {
		node,
		data: { main: [seeded] as INodeExecutionData[][] },
		source: { main: [{ previousNode: 'Seed' }] },
	};
	data.executionData.nodeExecutionStack = [entry];
	return await runSeedream({ ...options, runExecutionData: data });
}
