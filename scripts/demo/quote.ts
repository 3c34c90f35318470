import { chain, type NodeExport } from '../n8n/instance';
import { demoWorkflow, type Demo } from './demos';
import { runInProcess } from './engine';

/** What a demo will cost on the account, in words, from free quotes of each node that is billed. */
export async function quoteDemo(
	demo: Demo,
	photo: string,
	credential: { apiKey: string; baseUrl: string },
): Promise<string> {
	const { nodes } = demoWorkflow(demo, photo, '');
	let total = 0;
	for (const billed of demo.billedNodes) {
		const quote: NodeExport = {
			...billed,
			parameters: { ...billed.parameters, resource: 'prediction', operation: 'quote' },
		};
		const steps = [...nodes.slice(0, 2), quote];
		const workflow = { name: 'Quote', nodes: steps, connections: chain(...steps.map(({ name }) => name)) };
		const execution = await runInProcess(workflow, { ...credential, prompts: demo.prompts.slice(0, 1) });
		total += Number(execution.expectSuccess().item(quote.name).json.priceUsd) * demo.prompts.length;
	}
	const amount = Number.isFinite(total)
		? `about $${Number(total.toFixed(4))}`
		: 'an amount that Atlas Cloud does not tell';
	const count = demo.billedNodes.length * demo.prompts.length;
	return `this buys ${count} ${count === 1 ? 'prediction' : 'predictions'} for ${amount}`;
}
