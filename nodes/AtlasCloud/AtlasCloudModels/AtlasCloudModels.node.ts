import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { executeNode } from '../run/executeNode';
import { propertiesOf, subtitleOf } from '../run/properties';
import { searchModels, getModelFields } from './resourceMapping';
import { atlasCloudModels } from './operations';

export class AtlasCloudModels implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Atlas Cloud Models',
		name: 'atlasCloudModels',
		icon: { light: 'file:../../../icons/seedream.svg', dark: 'file:../../../icons/seedream.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: subtitleOf(atlasCloudModels.resources),
		description:
			'Generate images, videos, and audio with any model on Atlas Cloud. AI agents: enter the inputs as JSON. https://api.atlascloud.ai/api/v1/models lists the models; the "schema" URL of each one lists its fields.',
		defaults: { name: 'Atlas Cloud Models' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
		credentials: [{ name: 'atlasCloudSeedreamApi', required: true }],
		properties: propertiesOf(atlasCloudModels.resources),
	};

	methods = { listSearch: { searchModels }, resourceMapping: { getModelFields } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await executeNode(this, atlasCloudModels);
	}
}
