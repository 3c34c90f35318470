import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { AtlasError } from '../api/errors';
import { asNumber } from '../api/json';
import type { OutputDestination } from './destination';
import { DEFAULT_TIMEOUT_SECONDS } from '../panel/options';
import { predictionJson, type KnownFields } from './outputItems';
import { toPrediction } from '../api/predictions/prediction';
import { plural } from '../api/words';
import { TimeoutOptions } from '../nodeRun';

/** The options Timeout and On Timeout. @param defaultSeconds used where Timeout is not set */
export function readTimeout(options: IDataObject, defaultSeconds = DEFAULT_TIMEOUT_SECONDS): TimeoutOptions {
	const seconds = asNumber(options.timeoutSeconds) ?? defaultSeconds;
	return { timeoutMs: seconds * 1_000, failsOnTimeout: options.onTimeout !== 'continue' };
}

/**
 * The output of a prediction that is still in progress when its time is up.
 * @throws AtlasError (`timeout`) where that is an error
 */
export function timedOutItems(
	predictionId: string,
	known: KnownFields,
	{ itemIndex, style }: OutputDestination,
	{ timeoutMs, failsOnTimeout }: TimeoutOptions,
): INodeExecutionData[] {
	if (!failsOnTimeout) {
		const unfinished = toPrediction(predictionId, { id: predictionId, status: 'processing' })!;
		const json = predictionJson({ ...unfinished, rawStatus: null, raw: null }, known, null, style);
		return [{ json, pairedItem: { item: itemIndex } }];
	}
	throw new AtlasError(`The prediction is still running after ${plural(timeoutMs / 1_000, 'second')}`, {
		kind: 'timeout',
		description:
			"It isn’t lost and won’t be billed again. Get its result later with Prediction > Wait for Completion and this prediction ID, or increase 'Timeout (Seconds)' under Options.",
		predictionId,
		status: 'processing',
	});
}
