import { randomUUID } from 'node:crypto';
import { createEmptyRunExecutionData, type IExecuteFunctions } from 'n8n-workflow';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';

/* What n8n's tools agent does with the node, as far as the node can tell. */

/** The type name under which n8n runs a node as a tool. */
export const AS_TOOL = { type: 'n8n-nodes-seedream.seedreamEditTool' };

/**
 * Makes each item a tool call of its own, all at once and with one run index: an agent with a Batch Size creates all of
 * a batch's tools before it calls one. A call that fails is made once more.
 * @returns a function that undoes it
 */
export function callItemsInParallel(): () => void {
	const own = SeedreamEdit.prototype.execute;
	const execute = jest.spyOn(SeedreamEdit.prototype, 'execute');
	execute.mockImplementation(async function (this: IExecuteFunctions) {
		const calls = this.getInputData().map(async (item, itemIndex) => {
			for (let runIndex = 0; ; runIndex++) {
				const call = Object.create(this, {
					getInputData: { value: () => [item] },
					getNodeParameter: {
						value: (name: string, _index: number, ...rest: [unknown]) =>
							this.getNodeParameter(name, itemIndex, ...rest) as unknown,
					},
					getWorkflowDataProxy: { value: () => ({ $runIndex: runIndex }) },
				}) as IExecuteFunctions;
				const [items] = await own.call(call).catch((error: Error) => {
					if (runIndex > 0) throw error;
					return [];
				});
				if (items) return items;
			}
		});
		return [(await Promise.all(calls)).flat()];
	});
	return () => execute.mockRestore();
}

/**
 * Makes each run a call of n8n's Agents, which have no execution, no workflow, and a new node for each call
 * (`EphemeralNodeExecutor` of n8n's cli, 2.41).
 * @returns a function that undoes it
 */
export function callAsAgents(): () => void {
	const own = SeedreamEdit.prototype.execute;
	const execute = jest.spyOn(SeedreamEdit.prototype, 'execute');
	execute.mockImplementation(async function (this: IExecuteFunctions) {
		const { additionalData } = this as unknown as { additionalData: object };
		const call = Object.assign(Object.create(this) as IExecuteFunctions, {
			additionalData: { ...additionalData, executionId: undefined },
			mode: 'internal',
			node: { ...this.getNode(), id: randomUUID() },
			runExecutionData: createEmptyRunExecutionData(),
			getWorkflow: () => ({ active: false }),
		});
		return await own.call(call);
	});
	return () => execute.mockRestore();
}
