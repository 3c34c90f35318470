import type { NodeDefinition } from '../run/operation';
import { edit } from './edit';
import { upload } from './upload';
import { get } from './prediction/get';
import { getAll } from './prediction/getAll';
import { quote } from './prediction/quote';
import { submit } from './prediction/submit';
import { waitForCompletion } from './prediction/waitForCompletion';
import type { INodeTypeDescription } from 'n8n-workflow';

/** Every operation of the node. A new one is a file of its own and an entry here. */
export const seedreamEdit: NodeDefinition = {
	displayName: 'Seedream Edit',
	resources: [
		{ name: 'Image', value: 'image', defaultOperation: 'edit', operations: [edit, upload] },
		{
			name: 'Prediction',
			value: 'prediction',
			defaultOperation: 'submit',
			operations: [get, getAll, quote, submit, waitForCompletion],
		},
	],
};

const combiningOperations = seedreamEdit.resources
	.flatMap(({ operations }) => operations)
	.filter(({ combinesImages }) => combinesImages)
	.map(({ option }) => option.value);

/** Shown beside the output before a run. `displayCondition` sees the parameters and the input items. */
export const hints: INodeTypeDescription['hints'] = [
	{
		message:
			'All images of an item are combined in one edit. To edit each image separately, split them into items first (Split Out node, field $binary).',
		type: 'info',
		location: 'outputPane',
		whenToDisplay: 'beforeExecution',
		displayCondition: `={{ ${JSON.stringify(combiningOperations)}.includes($parameter["operation"]) && $parameter["imageSource"] !== "url" && /^\\*$|,/.test($parameter["inputDataFieldName"]) && $input.all().some((item) => Object.keys(item.binary ?? {}).length > 1) }}`,
	},
];
