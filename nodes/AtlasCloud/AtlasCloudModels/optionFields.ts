import type { INodeProperties } from 'n8n-workflow';
import {
	collection,
	extraBodyFields,
	itemOptions,
	maxDownloadMb,
	submissionOptions,
	timeoutSeconds,
	onTimeout,
} from '../panel/optionFields';
import { DEFAULT_MAX_PREDICTIONS } from '../panel/options';
import { FILE_OUTPUT } from '../items/destination';
import { defaultTimeoutSeconds, type ResourceType } from './fields';

/** What only Seedream's edits have. */
const EDIT_OPTIONS = ['outputFormat', 'maxImages', 'maxEdits'];

/** Shared options that speak of edits, in the words of any model. */
const DESCRIPTIONS: Record<string, string> = {
	fileExpirationHours:
		'How long the result can be downloaded from Atlas Cloud. The maximum, 336 hours, is 14 days.',
	recordRetentionHours:
		'How long Atlas Cloud keeps its record of the prediction. It’s needed to get the result later.',
	resubmitUnknown:
		'Whether to submit a prediction again if the connection was lost and it can’t be found in your Atlas Cloud history. You may be billed twice.',
	maxDownloadMb: 'If a file is larger than this, it isn’t downloaded and the item fails',
	onTimeout: 'What to do if a prediction is not finished when the timeout is reached',
};

const maxPredictions: INodeProperties = {
	displayName: 'Max Predictions per Run',
	name: 'maxPredictions',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: DEFAULT_MAX_PREDICTIONS,
	description: 'Safety limit: a run with more items stops before anything is sent or billed',
};

function reworded(option: INodeProperties): INodeProperties {
	const description = DESCRIPTIONS[option.name];
	return description === undefined ? option : { ...option, description };
}

const submission = [...submissionOptions.filter(({ name }) => !EDIT_OPTIONS.includes(name)), maxPredictions];
const download = { ...maxDownloadMb, default: FILE_OUTPUT.defaultMaxDownloadMb };
const timeout = (type: ResourceType | null, description: string): INodeProperties => ({
	...timeoutSeconds,
	default: defaultTimeoutSeconds(type),
	description,
});

const modelCollection = (...options: INodeProperties[]) => collection(...options.map(reworded));

/** Options of an operation that submits and waits. @param type null where the model decides */
export const generateOptions = (type: ResourceType | null) =>
	modelCollection(
		...itemOptions,
		...submission,
		download,
		timeout(
			type,
			type === null
				? 'How long to wait for each prediction, counted from when it was submitted. The default is 300 for image models and 1800 for others.'
				: 'How long to wait for each prediction, counted from when it was submitted',
		),
		onTimeout,
	);
/** Only those that change the price. */
export const quoteOptions = modelCollection(...itemOptions, extraBodyFields);
export const submitOptions = modelCollection(...itemOptions, ...submission);
export const getOptions = modelCollection(...itemOptions, download);
export const waitOptions = modelCollection(
	...itemOptions,
	download,
	timeout(null, 'How long to wait for each prediction, counted from when this node starts waiting'),
	onTimeout,
);
