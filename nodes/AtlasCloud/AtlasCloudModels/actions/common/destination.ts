import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readDestination, type OutputDestination } from '../../../shared/destination';

/** Megabytes: a video can be large, and it streams. */
export const DEFAULT_MAX_DOWNLOAD_MB = 1_000;

/**
 * Reads where an item's files go.
 * @param baseName file name of the first one, without extension
 * @throws AtlasError (`input`)
 */
export function readFileDestination(
	context: IExecuteFunctions,
	itemIndex: number,
	options: IDataObject,
	baseName: string,
): OutputDestination {
	return readDestination(context, itemIndex, options, baseName, {
		parameter: 'downloadFiles',
		maxDownloadMb: DEFAULT_MAX_DOWNLOAD_MB,
	});
}

/** A file name without extension, made of a model's ID: `seedance-v1.5-pro-image-to-video`. */
export function stemOfModel(model: string): string {
	const segments = model.split('/');
	const name = segments.length > 1 ? segments.slice(1) : segments;
	return name
		.join('-')
		.replace(/[^\w.-]+/g, '-')
		.slice(0, 100);
}
