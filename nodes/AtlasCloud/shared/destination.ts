import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { inputError, truncate } from '../api/errors';
import { readMaxDownloadBytes } from './options';
import type { OutputStyle } from './outputStyle';

/** Where the files of a prediction go, and what they are called. */
export interface OutputDestination {
	itemIndex: number;
	style: OutputStyle;
	/** Otherwise only their URLs are returned. */
	downloadsFiles: boolean;
	outputDataFieldName: string;
	/** File name of the first file, without extension. */
	baseName: string;
	maxDownloadBytes: number;
}

/**
 * Reads where an item's files go.
 * @param baseName file name of the first file, without extension
 * @throws AtlasError (`input`)
 */
export function readDestination(
	context: IExecuteFunctions,
	itemIndex: number,
	options: IDataObject,
	baseName: string,
	style: OutputStyle,
): OutputDestination {
	const downloadsFiles = context.getNodeParameter(style.downloadParameter, itemIndex, true) !== false;
	const name: unknown = downloadsFiles
		? context.getNodeParameter('outputDataFieldName', itemIndex, 'data')
		: 'data';
	const outputDataFieldName = checkOutputField(name);
	const maxDownloadBytes = readMaxDownloadBytes(options, style.defaultMaxDownloadMb);
	return { itemIndex, style, downloadsFiles, outputDataFieldName, baseName, maxDownloadBytes };
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

/** @param name the parameter Output Data Field Name @throws AtlasError (`input`) */
export function checkOutputField(name: unknown): string {
	if (typeof name === 'string' && name.trim() !== '') return name.trim();
	throw inputError('Output Data Field Name is empty', 'Enter a name for the output field, such as data.');
}
