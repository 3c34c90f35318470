import type { INodeProperties } from 'n8n-workflow';
import { maxImages, outputFormat } from './modelOptionFields';
import {
	DEFAULT_MAX_DOWNLOAD_MB,
	DEFAULT_MAX_EDITS,
	DEFAULT_TIMEOUT_SECONDS,
	MAX_RETENTION_HOURS,
} from './options';

/** The fields under Options, and the collections of them that operations show. */

const concurrency: INodeProperties = {
	displayName: 'Concurrency',
	name: 'concurrency',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 1_000 },
	default: 0,
	description: 'Max number of items to process at once. 0 means automatic.',
};

const includeInputFields: INodeProperties = {
	displayName: 'Include Input Fields',
	name: 'includeInputFields',
	type: 'boolean',
	default: false,
	description: 'Whether to include the fields of the input item in the output',
};

export const maxDownloadMb: INodeProperties = {
	displayName: 'Max Download Size (MB)',
	name: 'maxDownloadMb',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: DEFAULT_MAX_DOWNLOAD_MB,
	description: 'If an image is larger than this, it isn’t downloaded and the item fails',
};

export const timeoutSeconds: INodeProperties = {
	displayName: 'Timeout (Seconds)',
	name: 'timeoutSeconds',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: DEFAULT_TIMEOUT_SECONDS,
	description: 'How long to wait for each edit, counted from when it was submitted',
};

export const onTimeout: INodeProperties = {
	displayName: 'On Timeout',
	name: 'onTimeout',
	type: 'options',
	options: [
		{ name: 'Fail', value: 'error', description: 'The error message includes the prediction ID' },
		{
			name: 'Return It Unfinished',
			value: 'continue',
			description: 'Wait for Completion can get the result later',
		},
	],
	default: 'error',
	description: 'What to do if an edit is not finished when the timeout is reached',
};

export const extraBodyFields: INodeProperties = {
	displayName: 'Extra Body Fields',
	name: 'extraBodyFields',
	type: 'json',
	default: '{}',
	description: 'Additional request fields as a JSON object, for API options this node doesn’t offer',
};

const fileExpirationHours: INodeProperties = {
	displayName: 'File Expiration (Hours)',
	name: 'fileExpirationHours',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_RETENTION_HOURS },
	default: MAX_RETENTION_HOURS,
	description: 'How long the image can be downloaded from Atlas Cloud. The maximum, 336 hours, is 14 days.',
};

const maxEdits: INodeProperties = {
	displayName: 'Max Edits per Run',
	name: 'maxEdits',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: DEFAULT_MAX_EDITS,
	description:
		'Safety limit: a run with more items stops before anything is sent or billed, and shows the estimated cost',
};

const maxCostUsd: INodeProperties = {
	displayName: 'Max Cost per Run (USD)',
	name: 'maxCostUsd',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 6 },
	default: 0,
	description:
		'Safety limit: if the run would cost more than this, nothing is submitted or billed. Counts what your account pays. 0 means no limit.',
};

const recordRetentionHours: INodeProperties = {
	displayName: 'Record Retention (Hours)',
	name: 'recordRetentionHours',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_RETENTION_HOURS },
	default: MAX_RETENTION_HOURS,
	description: 'How long Atlas Cloud keeps its record of the edit. It’s needed to get the image later.',
};

const resubmitUnknown: INodeProperties = {
	displayName: 'Resubmit If Lost',
	name: 'resubmitUnknown',
	type: 'boolean',
	default: false,
	description:
		'Whether to submit an edit again if the connection was lost and it can’t be found in your Atlas Cloud history. You may be billed twice.',
};

const reuseHours: INodeProperties = {
	displayName: 'Reuse Paid Results (Hours)',
	name: 'reuseHours',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: MAX_RETENTION_HOURS },
	default: 0,
	description:
		'How far back to look in your account for the same request. If a result is found, it’s returned instead of submitting and billing a new one. Useful after a crash, or while you build a workflow. 0 turns it off.',
};

const webhookUrl: INodeProperties = {
	displayName: 'Webhook URL',
	name: 'webhookUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://n8n.example.com/webhook/…',
	description:
		'The URL that Atlas Cloud calls when the prediction ends. Use the Production URL of an Atlas Cloud Trigger.',
};

export function collection(...options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [...options].sort((a, b) => a.displayName.localeCompare(b.displayName)),
	};
}

export const itemOptions = [concurrency, includeInputFields];
export const submissionOptions = [
	extraBodyFields,
	fileExpirationHours,
	maxCostUsd,
	maxEdits,
	maxImages,
	outputFormat,
	recordRetentionHours,
	resubmitUnknown,
	reuseHours,
	webhookUrl,
];

export const editOptions = collection(
	...itemOptions,
	...submissionOptions,
	maxDownloadMb,
	timeoutSeconds,
	onTimeout,
);
export const submitOptions = collection(...itemOptions, ...submissionOptions);
/** Only those that change the price. */
export const quoteOptions = collection(...itemOptions, extraBodyFields, maxImages, outputFormat);
export const uploadOptions = collection(...itemOptions);
export const getOptions = collection(...itemOptions, maxDownloadMb);
export const waitOptions = collection(
	...itemOptions,
	maxDownloadMb,
	{
		...timeoutSeconds,
		description: 'How long to wait for each edit, counted from when this node starts waiting',
	},
	onTimeout,
);
