import type { IDataObject } from 'n8n-workflow';
import { DEFAULT_MAX_DOWNLOAD_MB, DEFAULT_MAX_VIDEO_DOWNLOAD_MB } from './options';

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
	/** The parameter that says whether files are downloaded. */
	downloadParameter: string;
	/** The default of Max Download Size, in megabytes (10^6 bytes). */
	defaultMaxDownloadMb: number;
	/** How the names of files begin when only the prediction's ID is known. */
	fileNamePrefix: string;
	/** The fields in json. */
	toJson(fields: OutputFields): IDataObject;
}

/** The style of Seedream Edit. */
export const IMAGE_OUTPUT: OutputStyle = {
	downloadParameter: 'downloadImages',
	defaultMaxDownloadMb: DEFAULT_MAX_DOWNLOAD_MB,
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
	downloadParameter: 'downloadFiles',
	defaultMaxDownloadMb: DEFAULT_MAX_VIDEO_DOWNLOAD_MB,
	fileNamePrefix: 'atlas-cloud',
	toJson: ({ url, index, count, text }) => ({
		fileUrl: url,
		fileIndex: index,
		fileCount: count,
		text,
	}),
};
