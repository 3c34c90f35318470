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
			'Each item is one edit: its pictures go in together. For an edit of each picture, pass them as items of their own, for instance with a Split Out node.',
		type: 'info',
		location: 'outputPane',
		whenToDisplay: 'beforeExecution',
		displayCondition: `={{ ${JSON.stringify(combiningOperations)}.includes($parameter["operation"]) && $parameter["imageSource"] !== "url" && /^\\*$|,/.test($parameter["inputDataFieldName"]) && $input.all().some((item) => Object.keys(item.binary ?? {}).length > 1) }}`,
	},
];
