import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { inputError, truncate } from '../api/errors';
import { DEFAULT_MAX_DOWNLOAD_MB, readMaxDownloadBytes } from './options';

/** Where the images of a prediction go. */
export interface OutputDestination {
	itemIndex: number;
	downloadImages: boolean;
	outputDataFieldName: string;
	/** File name of the first image, without extension. */
	baseName: string;
	maxDownloadBytes: number;
}

interface DestinationDefaults {
	/** The parameter that says whether to download. */
	parameter: string;
	/** Used where the option Max Download Size is not set. */
	maxDownloadMb: number;
}

const IMAGE_DEFAULTS: DestinationDefaults = {
	parameter: 'downloadImages',
	maxDownloadMb: DEFAULT_MAX_DOWNLOAD_MB,
};

/**
 * Reads where an item's images go.
 * @param baseName file name of the first image, without extension
 * @throws AtlasError (`input`)
 */
export function readDestination(
	context: IExecuteFunctions,
	itemIndex: number,
	options: IDataObject,
	baseName: string,
	{ parameter, maxDownloadMb }: DestinationDefaults = IMAGE_DEFAULTS,
): OutputDestination {
	const downloadImages = context.getNodeParameter(parameter, itemIndex, true) !== false;
	const name: unknown = downloadImages
		? context.getNodeParameter('outputDataFieldName', itemIndex, 'data')
		: 'data';
	if (typeof name !== 'string' || name.trim() === '') {
		throw inputError(
			'Output Data Field Name is empty',
			'Name the output field that gets the picture, for instance data.',
		);
	}
	const maxDownloadBytes = readMaxDownloadBytes(options, maxDownloadMb);
	return { itemIndex, downloadImages, outputDataFieldName: name.trim(), baseName, maxDownloadBytes };
}

/** A file name without extension, safe on any system: no folders, no control characters, at most 100 characters. */
export function safeStem(fileName: string): string {
	const stem = fileName
		.split(/[\\/]/)
		.at(-1)!
		.replace(/\.[A-Za-z0-9]{1,5}$/, '')
		.replace(/[\u0000-\u001f<>:"|?*\u007f]/g, '')
		.trim()
		.slice(0, 100);
	return stem.replace(/^\.+/, '') || 'image';
}

/** A file name without extension for an image at a URL. */
export function stemOfUrl(url: string): string {
	if (!URL.canParse(url) || /^data:/i.test(url)) return 'image';
	const last = new URL(url).pathname.split('/').at(-1) ?? '';
	return safeStem(truncate(last.replace(/%[0-9a-f]{2}/gi, '_')));
}
