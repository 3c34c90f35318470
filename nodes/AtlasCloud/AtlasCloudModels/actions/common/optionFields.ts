import type { INodeProperties } from 'n8n-workflow';
import {
	collection,
	extraBodyFields,
	itemOptions,
	maxDownloadMb,
	onTimeout,
	submissionOptions,
	timeoutSeconds,
	waitingOptions,
} from '../../../shared/optionFields';
import { DEFAULT_MAX_PREDICTIONS } from '../../../shared/options';
import { FILE_OUTPUT } from '../../../shared/outputStyle';
import { defaultTimeoutSeconds, type ResourceType } from './timeouts';

/** What only Seedream's edits have. */
const EDIT_OPTIONS = ['outputFormat', 'maxImages', 'maxEdits'];

/** Shared options that speak of edits, in the words of any model. */
const DESCRIPTIONS: Record<string, string> = {
	fileExpirationHours: 'How long Atlas Cloud keeps the result for download',
	recordRetentionHours:
		'How long Atlas Cloud keeps its record of the prediction. It is needed to get the result later.',
	resubmitUnknown:
		'Whether to submit a prediction again if its answer was lost and the history does not show it. It may then be billed twice.',
	maxDownloadMb: 'Larger files are refused',
	onTimeout: 'What to do with a prediction that is still running when its time is up',
};

const maxPredictions: INodeProperties = {
	displayName: 'Max Predictions per Run',
	name: 'maxPredictions',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: DEFAULT_MAX_PREDICTIONS,
	description: 'If there are more items than this, the run is refused before anything is sent',
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
				? 'How long to wait for each prediction, counted from its own submit. The default is 300 for models that make images, and 1800 for others.'
				: 'How long to wait for each prediction, counted from its own submit',
		),
		...waitingOptions,
	);
/** Only those that change the price. */
export const quoteOptions = modelCollection(...itemOptions, extraBodyFields);
export const submitOptions = modelCollection(...itemOptions, ...submission);
export const getOptions = modelCollection(...itemOptions, download);
export const waitOptions = modelCollection(
	...itemOptions,
	download,
	timeout(null, 'How long to wait for each prediction, counted from when this node begins to wait for it'),
	onTimeout,
);
