import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { hints } from './actions/hints';
import { properties, subtitle } from './actions/properties';
import { router } from './actions/router';
import { searchModels } from './methods/listSearch';

export class SeedreamEdit implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Seedream Edit',
		name: 'seedreamEdit',
		icon: { light: 'file:../../../icons/seedream.svg', dark: 'file:../../../icons/seedream.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle,
		description: 'Edit pictures with ByteDance Seedream on Atlas Cloud',
		defaults: { name: 'Seedream Edit' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
		credentials: [{ name: 'atlasCloudSeedreamApi', required: true }],
		hints,
		properties,
	};

	methods = { listSearch: { searchModels } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await router(this);
	}
}
