/* The node itself, in n8n’s engine: a quote with nothing but a photo and a prompt, which is free. */
import { runInProcess } from '../demo/engine';
import { watchRequests } from '../demo/requests';
import { chain, type NodeExport } from '../n8n/instance';
import type { TryDefaults } from './models';

const MANUAL: NodeExport = {
	name: 'Start',
	type: 'n8n-nodes-base.manualTrigger',
	typeVersion: 1,
	parameters: {},
};

export function tryDefaultsWith(credential: { apiKey: string; baseUrl: string }, photo: string): TryDefaults {
	return async (model) => {
		const nodes: NodeExport[] = [
			MANUAL,
			{
				name: 'Photo',
				type: 'n8n-nodes-base.readWriteFile',
				typeVersion: 1,
				parameters: { operation: 'read', fileSelector: photo },
			},
			{
				name: 'Quote',
				type: 'n8n-nodes-seedream.seedreamEdit',
				typeVersion: 1,
				parameters: {
					resource: 'prediction',
					operation: 'quote',
					model: { __rl: true, mode: 'id', value: model },
					prompt: 'make it black and white',
				},
			},
		];
		let calculateStatus: number | null = null;
		const stopWatching = watchRequests(credential.baseUrl, ({ kind, status }) => {
			if (kind === 'quote') calculateStatus = status;
		});
		try {
			const workflow = { name: 'Quote', nodes, connections: chain('Start', 'Photo', 'Quote') };
			const execution = await runInProcess(workflow, { ...credential, prompts: [''] });
			if (!execution.succeeded) return { calculateStatus, result: String(execution.error?.message) };
			const { priceUsd, isEstimate } = execution.item('Quote').json;
			return { calculateStatus, result: `$${String(priceUsd)}${isEstimate ? ', estimated' : ''}` };
		} finally {
			stopWatching();
		}
	};
}
