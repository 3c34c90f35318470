import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { AtlasError, inputError } from '../api/errors';
import { asNumber } from '../api/json';
import type { OutputDestination } from './destination';
import { DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS } from './options';
import { unfinishedItem, type KnownFields } from './outputItems';

/** How long an item waits, and what happens then. */
export interface TimeoutOptions {
	timeoutMs: number;
	/** Whether an unfinished prediction is an error; otherwise it is returned as it is. */
	failsOnTimeout: boolean;
}

/**
 * The options Timeout and On Timeout.
 * @param defaultSeconds used where Timeout is not set
 * @throws AtlasError (`input`)
 */
export function readTimeout(options: IDataObject, defaultSeconds = DEFAULT_TIMEOUT_SECONDS): TimeoutOptions {
	const seconds = asNumber(options.timeoutSeconds ?? defaultSeconds);
	if (seconds === null || seconds <= 0 || seconds > MAX_TIMEOUT_SECONDS) {
		throw inputError(
			`Timeout is not a number of seconds from 1 to ${MAX_TIMEOUT_SECONDS}`,
			`Set it under Options, or remove it there for the default of ${defaultSeconds}.`,
		);
	}
	return { timeoutMs: seconds * 1_000, failsOnTimeout: options.onTimeout !== 'continue' };
}

/**
 * The output of a prediction that is still in progress when its time is up.
 * @throws AtlasError (`timeout`) where that is an error
 */
export function timedOutItems(
	predictionId: string,
	known: KnownFields,
	destination: OutputDestination,
	{ timeoutMs, failsOnTimeout }: TimeoutOptions,
): INodeExecutionData[] {
	if (!failsOnTimeout) {
		return [unfinishedItem({ ...known, predictionId }, destination)];
	}
	throw new AtlasError(`The edit is still going after ${timeoutMs / 1_000} seconds`, {
		kind: 'timeout',
		description:
			'It is not lost, and nothing has to be paid again: fetch its picture later with the operation Wait for Completion and this id. Timeout under Options makes the node wait longer.',
		predictionId,
		status: 'processing',
	});
}
