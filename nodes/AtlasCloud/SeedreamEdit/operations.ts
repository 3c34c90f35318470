import type { NodeDefinition } from '../run/operation';
import { buyOperation } from '../operations/buy';
import { predictionResource } from '../operations/predictionResource';
import { editKind } from './kind';
import { upload } from './upload';
import type { INodeTypeDescription } from 'n8n-workflow';

const edit = buyOperation(editKind, {
	name: 'Edit',
	value: 'edit',
	action: 'Edit image',
	description: 'Edit one or more images with a prompt',
});

/** Every operation of the node. A new one is a file of its own and an entry here. */
export const seedreamEdit: NodeDefinition = {
	displayName: 'Seedream Edit',
	resources: [
		{ name: 'Image', value: 'image', defaultOperation: 'edit', operations: [edit, upload] },
		predictionResource(editKind),
	],
};

/** Shown beside the output before a run. `displayCondition` sees the parameters and the input items. */
export const hints: INodeTypeDescription['hints'] = [
	{
		message:
			'All images of an item are combined in one edit. To edit each image separately, split them into items first (Split Out node, field $binary).',
		type: 'info',
		location: 'outputPane',
		whenToDisplay: 'beforeExecution',
		displayCondition: `={{ ["edit", "submit", "quote"].includes($parameter["operation"]) && /^\\*$|,/.test($parameter["images"]) && $input.all().some((item) => Object.keys(item.binary ?? {}).length > 1) }}`,
	},
];
