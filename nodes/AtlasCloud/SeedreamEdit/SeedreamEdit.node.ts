import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { executeNode } from '../shared/executeNode';
import { propertiesOf, subtitleOf } from '../shared/properties';
import { hints } from './hints';
import { searchModels } from './methods/listSearch';
import { seedreamEdit } from './operations';

export class SeedreamEdit implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Seedream Edit',
		name: 'seedreamEdit',
		icon: { light: 'file:../../../icons/seedream.svg', dark: 'file:../../../icons/seedream.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: subtitleOf(seedreamEdit.resources, /^seedream | edit\b/g),
		description: 'Edit images with ByteDance Seedream on Atlas Cloud',
		defaults: { name: 'Seedream Edit' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
		credentials: [{ name: 'atlasCloudSeedreamApi', required: true }],
		hints,
		properties: propertiesOf(seedreamEdit.resources),
	};

	methods = { listSearch: { searchModels } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await executeNode(this, seedreamEdit);
	}
}
