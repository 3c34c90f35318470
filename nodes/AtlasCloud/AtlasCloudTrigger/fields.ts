import type { INodeProperties } from 'n8n-workflow';

export const fields: INodeProperties[] = [
	{
		displayName:
			'Open <b>Webhook URLs</b> above, choose <b>Production URL</b>, and copy it into <b>Webhook URL</b>, under Options in the node that submits the prediction. Atlas Cloud must be able to reach it from the internet.',
		name: 'webhookUrlNotice',
		type: 'notice',
		default: '',
	},
	{
		displayName: 'Events',
		name: 'events',
		type: 'multiOptions',
		options: [
			{ name: 'Prediction Completed', value: 'completed' },
			{ name: 'Prediction Failed', value: 'failed' },
		],
		default: ['completed', 'failed'],
		required: true,
		description: 'Which events start the workflow',
	},
	{
		displayName: 'Download Files',
		name: 'downloadFiles',
		type: 'boolean',
		default: true,
		description: 'Whether to download the results as files. If off, only their URLs are returned.',
	},
	{
		displayName: 'Output Data Field Name',
		name: 'outputDataFieldName',
		type: 'string',
		default: 'data',
		required: true,
		placeholder: 'e.g. data',
		description: 'The name of the output field to put the file in',
		displayOptions: { show: { downloadFiles: [true] } },
	},
];
