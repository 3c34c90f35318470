import type { IDataObject } from 'n8n-workflow';
import { AtlasError, inputError } from '../../api/errors';
import { asNumber, asObject } from '../../api/json';
import { DEFAULT_MAX_DOWNLOAD_MB } from './common/options';
import type { NodeRun } from './nodeRun';
import type { OutputDestination } from './outputItems';

/** An item's options. */
export function readOptions(run: NodeRun, itemIndex: number): IDataObject {
	return (asObject(run.context.getNodeParameter('options', itemIndex, {})) ?? {}) as IDataObject;
}

/**
 * Where an item's pictures are to go.
 * @param baseName file name of the first picture, without extension
 * @throws AtlasError (`input`)
 */
export function readDestination(run: NodeRun, itemIndex: number, baseName: string): OutputDestination {
	const { context } = run;
	const downloadImages = context.getNodeParameter('downloadImages', itemIndex, true) !== false;
	const name: unknown = downloadImages
		? context.getNodeParameter('outputDataFieldName', itemIndex, 'data')
		: 'data';
	if (typeof name !== 'string' || name.trim() === '') {
		throw inputError(
			'Output Data Field Name is empty',
			'Name the output field that gets the picture, for instance data.',
		);
	}
	const maxDownloadMb = asNumber(readOptions(run, itemIndex).maxDownloadMb ?? DEFAULT_MAX_DOWNLOAD_MB);
	if (maxDownloadMb === null || maxDownloadMb <= 0) {
		throw inputError(
			'Max Download Size is not a number of megabytes',
			'Set it under Options, or remove it there for the default of 100.',
		);
	}
	return {
		itemIndex,
		downloadImages,
		outputDataFieldName: name.trim(),
		baseName,
		maxDownloadBytes: maxDownloadMb * 1_000_000,
	};
}

/** The error of an edit that is still going when its time is up. */
export function timeoutError(predictionId: string, timeoutMs: number): AtlasError {
	return new AtlasError(`The edit is still going after ${timeoutMs / 1_000} seconds`, {
		kind: 'timeout',
		description:
			'It is not lost, and nothing has to be paid again: fetch its picture later with the operation Wait for Completion and this id. Timeout under Options makes the node wait longer.',
		predictionId,
		status: 'processing',
	});
}
