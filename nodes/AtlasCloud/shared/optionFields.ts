import type { INodeProperties } from 'n8n-workflow';
import { MAX_SEQUENTIAL_IMAGES } from '../api/models/models';
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
	description: 'Max number of items to process at once. 0 = automatic: as many as Atlas Cloud allows.',
};

const includeInputFields: INodeProperties = {
	displayName: 'Include Input Fields',
	name: 'includeInputFields',
	type: 'boolean',
	default: false,
	description: 'Whether the output items keep the fields of their input items',
};

export const maxDownloadMb: INodeProperties = {
	displayName: 'Max Download Size (MB)',
	name: 'maxDownloadMb',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: DEFAULT_MAX_DOWNLOAD_MB,
	description: 'A larger picture is refused',
};

export const timeoutSeconds: INodeProperties = {
	displayName: 'Timeout (Seconds)',
	name: 'timeoutSeconds',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: DEFAULT_TIMEOUT_SECONDS,
	description: 'How long to wait for an edit, counted for each item from its own submit',
};

export const onTimeout: INodeProperties = {
	displayName: 'On Timeout',
	name: 'onTimeout',
	type: 'options',
	options: [
		{ name: 'Fail the Item', value: 'error', description: 'The message tells the prediction ID' },
		{
			name: 'Hand It on Unfinished',
			value: 'continue',
			description: 'The item can be fed to Wait for Completion',
		},
	],
	default: 'error',
	description: 'What to do with an edit that is still going when its time is up',
};

export const extraBodyFields: INodeProperties = {
	displayName: 'Extra Body Fields',
	name: 'extraBodyFields',
	type: 'json',
	default: '{}',
	description: 'JSON object that is merged into the request, for what this node has no field for',
};

const fileExpirationHours: INodeProperties = {
	displayName: 'File Expiration (Hours)',
	name: 'fileExpirationHours',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_RETENTION_HOURS },
	default: MAX_RETENTION_HOURS,
	description: 'How long Atlas Cloud keeps the edited picture for download',
};

const maxEdits: INodeProperties = {
	displayName: 'Max Edits per Run',
	name: 'maxEdits',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: DEFAULT_MAX_EDITS,
	description: 'More items than this are refused before anything is sent, with the estimated cost',
};

const maxCostUsd: INodeProperties = {
	displayName: 'Max Cost per Run (USD)',
	name: 'maxCostUsd',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 6 },
	default: 0,
	description:
		'If the run would cost more than this, nothing is submitted. Counts what your account pays. 0 means no limit.',
};

const maxImages: INodeProperties = {
	displayName: 'Max Images',
	name: 'maxImages',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_SEQUENTIAL_IMAGES },
	default: 1,
	description: 'How many pictures a sequential model may make of one prompt. Each is paid for.',
};

const outputFormat: INodeProperties = {
	displayName: 'Output Format',
	name: 'outputFormat',
	type: 'options',
	options: [
		{ name: 'JPEG', value: 'jpeg' },
		{ name: 'PNG', value: 'png' },
	],
	default: 'png',
	description: 'File format of the edited picture. Seedream v4 has no choice.',
};

const recordRetentionHours: INodeProperties = {
	displayName: 'Record Retention (Hours)',
	name: 'recordRetentionHours',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_RETENTION_HOURS },
	default: MAX_RETENTION_HOURS,
	description: 'How long Atlas Cloud keeps its record of the edit. It is needed to fetch the picture later.',
};

const resubmitUnknown: INodeProperties = {
	displayName: 'Resubmit When Unknown',
	name: 'resubmitUnknown',
	type: 'boolean',
	default: false,
	description:
		'Whether to submit an edit again when its answer was lost and the history does not show it. It may then be billed twice.',
};

const reuseHours: INodeProperties = {
	displayName: 'Reuse Paid Results (Hours)',
	name: 'reuseHours',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: MAX_RETENTION_HOURS },
	default: 0,
	description:
		'How far back to look for a result of the same request in your account before a new one is billed. Use it to run a sheet again after a crash, or while you build a workflow. 0 turns it off.',
};

const webhookUrl: INodeProperties = {
	displayName: 'Webhook URL',
	name: 'webhookUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://n8n.example.com/webhook/…',
	description:
		'Where Atlas Cloud sends a signed call when the prediction ends. Use the production URL of an Atlas Cloud Trigger.',
};

const waitBy: INodeProperties = {
	displayName: 'Wait By',
	name: 'waitBy',
	type: 'options',
	options: [
		{ name: 'Polling', value: 'polling', description: 'The node asks Atlas Cloud until the result is there' },
		{
			name: 'Webhook',
			value: 'webhook',
			description:
				'The execution sleeps until Atlas Cloud calls n8n, without a timeout. n8n has to be reachable from the internet.',
		},
	],
	default: 'polling',
	description: 'How to notice that a prediction has ended',
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

/** How operations that submit wait for the result. */
export const waitingOptions = [onTimeout, waitBy];

export const editOptions = collection(
	...itemOptions,
	...submissionOptions,
	maxDownloadMb,
	timeoutSeconds,
	...waitingOptions,
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
		description: 'How long to wait for each edit, counted from when this node begins to wait for it',
	},
	onTimeout,
);
