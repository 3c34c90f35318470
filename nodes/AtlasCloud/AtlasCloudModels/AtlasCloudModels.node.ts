import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { executeNode } from '../run/executeNode';
import { propertiesOf, subtitleOf } from '../run/properties';
import { searchModels, getModelFields } from './resourceMapping';
import { DOCS_URL } from '../panel/options';
import { atlasCloudModels } from './operations';

export class AtlasCloudModels implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Atlas Cloud Models',
		name: 'atlasCloudModels',
		icon: { light: 'file:../../../icons/seedream.svg', dark: 'file:../../../icons/seedream.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: subtitleOf(atlasCloudModels.resources),
		description: 'Generate images, videos, and audio with any model on Atlas Cloud',
		defaults: { name: 'Atlas Cloud Models' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		// What an agent has to know, people see in the panel.
		usableAsTool: {
			replacements: {
				description:
					'Generate images, videos, and audio with any model on Atlas Cloud. Enter the inputs as JSON. https://api.atlascloud.ai/api/v1/models lists the models; the "schema" URL of each one lists its fields.',
			},
		},
		documentationUrl: DOCS_URL,
		builderHint: {
			searchHint:
				'Runs any image, video, or audio model of Atlas Cloud (Seedance, Kling, Veo, Flux …) and waits for the result. To edit images with Seedream, use Seedream Edit. When you run it yourself, use Prediction > Submit for what takes more than 30 seconds.',
		},
		credentials: [{ name: 'atlasCloudSeedreamApi', required: true }],
		properties: propertiesOf(atlasCloudModels.resources),
	};

	methods = { listSearch: { searchModels }, resourceMapping: { getModelFields } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await executeNode(this, atlasCloudModels);
	}
}
