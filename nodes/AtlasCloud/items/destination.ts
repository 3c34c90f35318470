import type { IDataObject } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { asNumber, asString } from '../api/json';
import { isValidUrl, cut } from '../api/text';
import type { NodeStyle } from '../panel/style';

/** Where the files of a prediction go, and what they are called. */
export interface OutputDestination {
	itemIndex: number;
	style: NodeStyle;
	/** Whether the input's first image goes along. */
	keepsInputImage: boolean;
	/** Otherwise only their URLs are returned. */
	downloadsFiles: boolean;
	outputDataFieldName: string;
	/** File name of the first file, without extension. */
	baseName: string;
	maxDownloadBytes: number;
}

/** Reads where an item's files go. @throws AtlasError (`input`) */
export function readDestination(
	itemIndex: number,
	options: IDataObject,
	baseName: string,
	style: NodeStyle,
	hasExecution = true,
): OutputDestination {
	const downloadsFiles = hasExecution && options[style.downloadParameter] !== false;
	const keepsInputImage = hasExecution && options.keepInputImage === true;
	const isNamed = downloadsFiles && 'outputDataFieldName' in options;
	const outputDataFieldName = isNamed ? (asString(options.outputDataFieldName)?.trim() ?? '') : 'data';
	if (outputDataFieldName === '') {
		throw inputError("'Put Output in Field' is empty", 'Enter a name for the output field, such as data.');
	}
	if (keepsInputImage && outputDataFieldName === INPUT_IMAGE_FIELD) {
		throw inputError(
			`'Put Output in Field' can’t be ${INPUT_IMAGE_FIELD} together with 'Keep Input Image'`,
			'Enter another name: the input image goes there.',
		);
	}
	const maxDownloadMb = asNumber(options.maxDownloadMb) ?? style.maxDownloadMb;
	return {
		itemIndex,
		style,
		keepsInputImage,
		downloadsFiles,
		outputDataFieldName,
		baseName,
		maxDownloadBytes: maxDownloadMb * 1_000_000,
	};
}

/** The output field of the option Keep Input Image. */
export const INPUT_IMAGE_FIELD = 'original';

/** A file name without extension, safe on any system: no folders, no control characters, at most 100 characters and 200 bytes: most allow 255. */
export function safeStem(fileName: string): string {
	const stem = fileName
		.split(/[\\/]/)
		.at(-1)!
		.replace(/\.[A-Za-z0-9]{1,5}$/, '')
		.replace(/[\u0000-\u001f<>:"|?*\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
		.trim();
	// A character has up to three bytes in each of its units.
	const name = Buffer.byteLength(cut(stem, 100)) > 200 ? cut(stem, 66) : cut(stem, 100);
	return name.replace(/^\.+/, '') || 'image';
}

/** A file name without extension for an image at a URL. */
export function stemOfUrl(url: string): string {
	if (!isValidUrl(url) || /^data:/i.test(url)) return 'image';
	const last = new URL(url).pathname.split('/').at(-1) ?? '';
	return safeStem(decodedPath(last));
}

/** With its percent-encoded characters, where they are a text. */
function decodedPath(path: string): string {
	try {
		return decodeURIComponent(path);
	} catch {
		return path.replace(/%[0-9a-f]{2}/gi, '_');
	}
}
