import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { hints } from './actions/hints';
import { properties } from './actions/properties';
import { router } from './actions/router';
import { searchModels } from './methods/listSearch';

export class SeedreamEdit implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Seedream Edit',
		name: 'seedreamEdit',
		icon: { light: 'file:../../../icons/seedream.svg', dark: 'file:../../../icons/seedream.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ ({ edit: "Edit", upload: "Upload", submit: "Submit", waitForCompletion: "Wait for Completion", get: "Get", getAll: "Get Many" })[$parameter["operation"]] + ($parameter["model"] ? ": " + String($parameter["model"].value ?? $parameter["model"]).replace("bytedance/", "") : "") }}',
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
