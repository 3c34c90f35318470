import type { IDataObject } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { asNumber, asString } from '../api/json';
import { isValidUrl, cut } from '../api/text';
import { EDIT_WORDS, MODEL_WORDS, type NodeWords } from '../panel/options';

/** Where the files of a prediction go, and what they are called. */
export interface OutputDestination {
	itemIndex: number;
	style: OutputStyle;
	/** Whether the input's first image goes along. */
	keepsInputImage: boolean;
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
	itemIndex: number,
	options: IDataObject,
	baseName: string,
	style: OutputStyle,
): OutputDestination {
	const downloadsFiles = options[style.words.downloadParameter] !== false;
	const keepsInputImage = options.keepInputImage === true;
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
	const maxDownloadMb = asNumber(options.maxDownloadMb) ?? style.words.maxDownloadMb;
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

/** A file name without extension, safe on any system: no folders, no control characters, at most 100 characters. */
export function safeStem(fileName: string): string {
	const stem = fileName
		.split(/[\\/]/)
		.at(-1)!
		.replace(/\.[A-Za-z0-9]{1,5}$/, '')
		.replace(/[\u0000-\u001f<>:"|?*\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
		.trim();
	return cut(stem, 100).replace(/^\.+/, '') || 'image';
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

/** What an output item says of its file and of what else the prediction returned. */
export interface OutputFields {
	/** Null for a file that came in the answer itself, and for an item without a file. */
	url: string | null;
	/** From 0; null for an item without a file. */
	index: number | null;
	/** How many files the prediction has. */
	count: number;
	/** `W*H` */
	size: string | null;
	text: string | null;
}

/** How a node names what it returns. Saved workflows depend on these names. */
export interface OutputStyle {
	words: NodeWords;
	/** The field in json that holds a file's URL. */
	urlField: string;
	/** The fields of a simplified item, in order. */
	columns: string[];
	/** How the names of files begin when only the prediction's ID is known. */
	fileNamePrefix: string;
	/** The fields in json. */
	toJson(fields: OutputFields): IDataObject;
}

/** The style of Seedream Edit. */
export const IMAGE_OUTPUT: OutputStyle = {
	words: EDIT_WORDS,
	urlField: 'imageUrl',
	columns: [
		'imageUrl',
		'prompt',
		'model',
		'size',
		'status',
		'priceUsd',
		'predictionId',
		'imageIndex',
		'createdAt',
		'completedAt',
	],
	fileNamePrefix: 'seedream',
	toJson: ({ url, index, count, size, text }) => ({
		size,
		imageUrl: url,
		imageIndex: index,
		imageCount: count,
		// Seedream returns no text, but Get and Wait for Completion accept any prediction.
		...(text === null ? {} : { text }),
	}),
};

/** The style of the nodes for any model. */
export const FILE_OUTPUT: OutputStyle = {
	words: MODEL_WORDS,
	urlField: 'fileUrl',
	columns: [
		'fileUrl',
		'text',
		'prompt',
		'model',
		'status',
		'priceUsd',
		'predictionId',
		'fileIndex',
		'createdAt',
		'completedAt',
	],
	fileNamePrefix: 'atlas-cloud',
	toJson: ({ url, index, count, text }) => ({
		fileUrl: url,
		fileIndex: index,
		fileCount: count,
		text,
	}),
};
