import type { INodeProperties } from 'n8n-workflow';
import { withArticle } from '../api/text';
import { MAX_RETENTION_HOURS, MAX_TIMEOUT_SECONDS } from './options';
import type { NodeStyle } from './style';

/** The Options of one node, by what an operation does. */
export type OptionFields = ReturnType<typeof optionFields>;

/** What a node's options depend on besides its style. */
interface OptionDefaults {
	/** Timeout of operations that buy, in seconds. Default: that of the style. */
	timeoutSeconds?: number;
	/** Added to Timeout where its default depends on the model. */
	timeoutNote?: string;
	/** Options of this node alone that belong to the request, and change its price. */
	requestOptions?: INodeProperties[];
}

/** The Options of one node, in the order in which people want them. */
export function optionFields(
	style: NodeStyle,
	{ timeoutSeconds = style.timeoutSeconds, timeoutNote = '', requestOptions = [] }: OptionDefaults,
) {
	const { purchase, output, maxPurchases, maxDownloadMb: defaultDownloadMb } = style;
	const { default: defaultMax } = maxPurchases;
	const a = withArticle(purchase);
	const title = output === 'image' ? 'Image' : 'File';

	const spending: INodeProperties[] = [
		{
			displayName: 'Max Cost per Run (USD)',
			name: 'maxCostUsd',
			type: 'number',
			// Without a minimum: an expression may give what is left of a budget.
			default: 1,
			description:
				'Safety limit: if the run could cost more than this, nothing is submitted or billed. Counts what your account pays, also for results of earlier runs that it may reuse. 0 refuses everything that costs money.',
		},
		{
			displayName: 'Reuse Paid Results (Hours)',
			name: 'reuseHours',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: MAX_RETENTION_HOURS },
			default: 24,
			description:
				'How far back to look in your account for the same request. If a result is found, it’s returned instead of submitting and billing a new one. Useful after a crash, or while you build a workflow. 0 turns it off.',
		},
		{
			displayName: maxPurchases.displayName,
			name: maxPurchases.name,
			type: 'number',
			typeOptions: { minValue: 1, numberPrecision: 0 },
			default: defaultMax,
			description: `Safety limit: a run with more ${purchase}s stops before anything is sent or billed, and shows the estimated cost`,
		},
	];
	const keepInputImage: INodeProperties = {
		displayName: 'Keep Input Image',
		name: 'keepInputImage',
		type: 'boolean',
		default: false,
		description:
			'Whether to add the first input image to the output, in the field original, to compare before and after',
	};
	const includeInputFields: INodeProperties = {
		displayName: 'Include Input Fields',
		name: 'includeInputFields',
		type: 'boolean',
		default: false,
		description:
			'Whether to include the fields of the input item in the output. If both have a field of the same name, the input’s value is under inputFields.',
	};
	const download: INodeProperties[] = [
		{
			displayName: `Download ${title}s`,
			name: style.downloadParameter,
			type: 'boolean',
			default: true,
			description: `Whether to download the ${output}s. If off, only their URLs are returned: such output can be pinned until the URLs expire, after 14 days by default.`,
		},
		{
			displayName: 'Put Output in Field',
			name: 'outputDataFieldName',
			type: 'string',
			default: 'data',
			placeholder: 'e.g. data',
			description: `The name of the output field to put the ${output} in`,
		},
		...(output === 'image' ? [keepInputImage] : []),
		includeInputFields,
	];
	const timeout = (seconds: number, since: string): INodeProperties[] => [
		{
			displayName: 'Timeout (Seconds)',
			name: 'timeoutSeconds',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: MAX_TIMEOUT_SECONDS },
			default: seconds,
			description: `How long to wait for each ${purchase}, counted from when ${since}`,
		},
		{
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
			description: `What to do if ${a} is not finished when the timeout is reached`,
		},
	];
	const webhookUrl: INodeProperties = {
		displayName: 'Webhook URL',
		name: 'webhookUrl',
		type: 'string',
		default: '',
		placeholder: 'e.g. https://n8n.example.com/webhook/…',
		builderHint: {
			propertyHint:
				'The Production URL of an Atlas Cloud Trigger, or {{ $execution.resumeUrl }} for a Wait node after it.',
		},
		description:
			'The URL that Atlas Cloud calls when the prediction ends. Use the Production URL of an Atlas Cloud Trigger.',
	};
	const extraBodyFields: INodeProperties = {
		displayName: 'Extra Body Fields',
		name: 'extraBodyFields',
		type: 'json',
		default: '{}',
		description: 'Additional request fields as a JSON object, for API options this node doesn’t offer',
	};
	const submission: INodeProperties[] = [
		webhookUrl,
		{
			displayName: 'Keep on Atlas Cloud (Hours)',
			name: 'keepOnAtlasHours',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: MAX_RETENTION_HOURS, numberPrecision: 0 },
			default: 24,
			description: `How long Atlas Cloud keeps the ${output}s and its record of the ${purchase}. After that, they can’t be downloaded or found again. Without this option, 336 hours (14 days).`,
		},
		extraBodyFields,
		{
			displayName: 'Resubmit If Lost',
			name: 'resubmitUnknown',
			type: 'boolean',
			default: false,
			description: `Whether to submit ${a} again if the connection was lost and it can’t be found in your Atlas Cloud history. You may be billed twice.`,
		},
	];
	const concurrency: INodeProperties = {
		displayName: 'Concurrency',
		name: 'concurrency',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 1_000, numberPrecision: 0 },
		default: 0,
		description: 'Max number of items to process at once. 0 means automatic.',
	};
	const maxDownloadMb: INodeProperties = {
		displayName: 'Max Download Size (MB)',
		name: 'maxDownloadMb',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: defaultDownloadMb,
		description: `If ${withArticle(output)} is larger than this, it isn’t downloaded and the item fails`,
	};

	return {
		buy: collection(
			...requestOptions,
			...spending,
			...download,
			...timeout(timeoutSeconds, `it was submitted${timeoutNote}`),
			...submission,
			concurrency,
			maxDownloadMb,
		),
		submit: collection(...requestOptions, ...spending, includeInputFields, ...submission, concurrency),
		// Only those that change the price.
		quote: collection(...requestOptions, includeInputFields, extraBodyFields, concurrency),
		wait: collection(
			...download,
			...timeout(style.timeoutSeconds, 'this node starts waiting'),
			concurrency,
			maxDownloadMb,
		),
		get: collection(...download, concurrency, maxDownloadMb),
		upload: collection(includeInputFields, concurrency),
	};
}

/** The node's output has more fields than people read. */
export const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

function collection(...options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options,
	};
}
