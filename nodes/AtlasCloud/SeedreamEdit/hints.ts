import type { INodeTypeDescription } from 'n8n-workflow';
import { seedreamEdit } from './operations';

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
