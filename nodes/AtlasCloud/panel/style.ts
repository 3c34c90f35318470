import { DEFAULT_TIMEOUT_SECONDS, SLOW_TIMEOUT_SECONDS } from './options';

/** How a node speaks of what it buys and returns. Saved workflows depend on the names of parameters and fields. */
export interface NodeStyle {
	/** What is bought: `edit`. */
	purchase: string;
	/** What is downloaded. The fields of output items begin with it: `imageUrl`. */
	output: 'image' | 'file';
	/** What a finished item is called in the hint: `edited image`. */
	result: string;
	/** The parameter that says whether files are downloaded. */
	downloadParameter: string;
	/** The option that limits how many are bought per run. */
	maxPurchases: { name: string; displayName: string; default: number };
	/** The default of Max Download Size, in megabytes (10^6 bytes). */
	maxDownloadMb: number;
	/** How long to wait for a prediction of which nothing but its ID is known, in seconds. */
	timeoutSeconds: number;
	/** How the names of files begin when only the prediction's ID is known. */
	fileNamePrefix: string;
	/** The fields of a simplified item, in order. */
	columns: string[];
}

export const EDIT_STYLE: NodeStyle = {
	purchase: 'edit',
	output: 'image',
	result: 'edited image',
	downloadParameter: 'downloadImages',
	maxPurchases: { name: 'maxEdits', displayName: 'Max Edits per Run', default: 250 },
	maxDownloadMb: 100,
	timeoutSeconds: DEFAULT_TIMEOUT_SECONDS,
	fileNamePrefix: 'seedream',
	columns: [
		...['imageUrl', 'prompt', 'model', 'size', 'status', 'priceUsd'],
		...['predictionId', 'imageIndex', 'createdAt', 'completedAt'],
	],
};

/** For any model, of videos too. */
export const MODEL_STYLE: NodeStyle = {
	purchase: 'prediction',
	output: 'file',
	result: 'result',
	downloadParameter: 'downloadFiles',
	maxPurchases: { name: 'maxPredictions', displayName: 'Max Predictions per Run', default: 50 },
	maxDownloadMb: 1_000,
	timeoutSeconds: SLOW_TIMEOUT_SECONDS,
	fileNamePrefix: 'atlas-cloud',
	columns: [
		...['fileUrl', 'text', 'prompt', 'model', 'status', 'priceUsd'],
		...['predictionId', 'fileIndex', 'createdAt', 'completedAt'],
	],
};
