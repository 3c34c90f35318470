import type { INodeProperties } from 'n8n-workflow';

export const fields: INodeProperties[] = [
	{
		displayName:
			'Copy the Production URL above into <b>Webhook URL</b>, under Options of the node that submits the prediction. Atlas Cloud has to be able to reach it from the internet.',
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
		description: 'Which predictions start the workflow',
	},
	{
		displayName: 'Download Files',
		name: 'downloadFiles',
		type: 'boolean',
		default: true,
		description: 'Whether to download the files as binary files. If not, the items include only their URLs.',
	},
	{
		displayName: 'Output Data Field Name',
		name: 'outputDataFieldName',
		type: 'string',
		default: 'data',
		required: true,
		placeholder: 'e.g. data',
		description: 'The name of the output field for the file',
		displayOptions: { show: { downloadFiles: [true] } },
	},
];
