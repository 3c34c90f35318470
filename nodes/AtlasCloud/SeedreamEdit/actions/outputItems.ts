import type { IBinaryData, IDataObject, INodeExecutionData } from 'n8n-workflow';
import type { Prediction } from '../../api/predictions/predictions';
import { truncate } from '../../api/errors';
import type { NodeRun } from './nodeRun';

/** What is known of an edit besides Atlas's own record. */
export interface KnownFields {
	model: string | null;
	prompt: string | null;
	size: string | null;
}

/** Where the pictures of a prediction are to go. */
export interface OutputDestination {
	itemIndex: number;
	downloadImages: boolean;
	outputDataFieldName: string;
	/** File name of the first picture, without extension. */
	baseName: string;
	maxDownloadBytes: number;
}

/** One item's json of a prediction: of its n-th picture, or of none yet. */
export function predictionJson(
	prediction: Prediction,
	known: KnownFields,
	imageIndex: number | null,
): IDataObject {
	const output = imageIndex === null ? undefined : prediction.outputs[imageIndex];
	return {
		predictionId: prediction.predictionId,
		status: prediction.status,
		rawStatus: prediction.rawStatus,
		model: prediction.model ?? known.model,
		prompt: prediction.prompt ?? known.prompt,
		size: prediction.size ?? known.size,
		// An answer in base64 has no URL, and a data URI never stands in json.
		imageUrl: output?.url === undefined ? null : output.url,
		imageIndex,
		imageCount: prediction.outputs.length,
		predictTimeSeconds: prediction.predictTimeSeconds,
		// Of the whole prediction: on one item, so that a sum over the items is what was paid.
		priceUsd: (imageIndex ?? 0) === 0 ? prediction.priceUsd : null,
		nsfw: imageIndex === null ? (prediction.nsfw[0] ?? null) : (prediction.nsfw[imageIndex] ?? null),
		failureReason: prediction.failureReason,
		createdAt: prediction.createdAt,
		completedAt: prediction.completedAt,
	};
}

/** An item for a prediction that is still going. */
export function unfinishedJson(predictionId: string, known: KnownFields): IDataObject {
	return predictionJson(
		{
			predictionId,
			status: 'processing',
			rawStatus: null,
			model: null,
			prompt: null,
			size: null,
			outputs: [],
			nsfw: [],
			failureReason: null,
			isModerated: false,
			createdAt: null,
			completedAt: null,
			predictTimeSeconds: null,
			priceUsd: null,
		},
		known,
		null,
	);
}

/** The items of a completed prediction, one per picture. @throws AtlasError (`download`); CancelledError */
export async function fileItems(
	run: NodeRun,
	prediction: Prediction,
	known: KnownFields,
	destination: OutputDestination,
): Promise<INodeExecutionData[]> {
	const {
		itemIndex: item,
		downloadImages,
		outputDataFieldName,
		baseName,
		maxDownloadBytes: maxBytes,
	} = destination;
	const { predictionId } = prediction;
	const fetchOne = async (imageIndex: number): Promise<IBinaryData> =>
		await run.downloadSemaphore.use(
			run.signal,
			async () =>
				await run.downloads.fetch({
					predictionId,
					output: prediction.outputs[imageIndex],
					baseName: imageIndex === 0 ? baseName : `${baseName}-${imageIndex + 1}`,
					maxBytes,
					signal: run.signal,
				}),
		);
	return await Promise.all(
		prediction.outputs.map(async (output, imageIndex): Promise<INodeExecutionData> => {
			const json = predictionJson(prediction, known, imageIndex);
			const pairedItem = { item };
			if (!downloadImages) {
				run.downloads.checkLink({ predictionId, output });
				return { json, pairedItem };
			}
			return { json, binary: { [outputDataFieldName]: await fetchOne(imageIndex) }, pairedItem };
		}),
	);
}

/** A file name's stem that is safe anywhere: no folders, no control characters, at most 100 letters. */
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

/** The stem of a picture that is known by its address. */
export function stemOfUrl(url: string): string {
	if (!URL.canParse(url) || /^data:/i.test(url)) return 'image';
	const last = new URL(url).pathname.split('/').at(-1) ?? '';
	return safeStem(truncate(last.replace(/%[0-9a-f]{2}/gi, '_')));
}
