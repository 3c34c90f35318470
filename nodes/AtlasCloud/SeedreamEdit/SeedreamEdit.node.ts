import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { executeNode } from '../run/executeNode';
import { propertiesOf, subtitleOf } from '../run/properties';
import { hints, searchModels, seedreamEdit } from './operations';
import { DOCS_URL } from '../panel/options';
import { getSizes } from './size';

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
		documentationUrl: DOCS_URL,
		builderHint: {
			searchHint:
				'Edits images with a prompt: uploads, waits, and downloads by itself, so no HTTP Request or Wait node is needed. Images come from file fields or URLs. When you run it yourself, use Prediction > Submit for what takes more than 30 seconds.',
		},
		credentials: [{ name: 'atlasCloudSeedreamApi', required: true }],
		hints,
		properties: propertiesOf(seedreamEdit.resources),
	};

	methods = { listSearch: { searchModels }, loadOptions: { getSizes } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await executeNode(this, seedreamEdit);
	}
}
