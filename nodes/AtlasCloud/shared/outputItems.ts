import type { IBinaryData, IDataObject, INodeExecutionData } from 'n8n-workflow';
import type { Prediction } from '../api/predictions/predictions';
import type { OutputDestination } from './destination';
import type { NodeRun } from './nodeRun';

/** What is known of a prediction besides Atlas's own record. */
export interface KnownFields {
	model: string | null;
	prompt: string | null;
	size: string | null;
}

/** The json of one output item. @param imageIndex from 0; null for an item without an image */
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
		// A base64 output has no URL, and a data URI must not get into json.
		imageUrl: output?.url ?? null,
		imageIndex,
		imageCount: prediction.outputs.length,
		predictTimeSeconds: prediction.predictTimeSeconds,
		// The price of the whole prediction, on one item only: the sum over all items is what was paid.
		priceUsd: (imageIndex ?? 0) === 0 ? prediction.priceUsd : null,
		nsfw: prediction.nsfw[imageIndex ?? 0] ?? null,
		failureReason: prediction.failureReason,
		createdAt: prediction.createdAt,
		completedAt: prediction.completedAt,
	};
}

/** The json of a prediction that is still in progress. */
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
			text: null,
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

/** The items of a completed prediction, one per image. @throws AtlasError (`download`); CancelledError */
export async function imageItems(
	run: NodeRun,
	prediction: Prediction,
	known: KnownFields,
	destination: OutputDestination,
): Promise<INodeExecutionData[]> {
	const { itemIndex, downloadImages, outputDataFieldName, baseName, maxDownloadBytes } = destination;
	const { predictionId } = prediction;
	const download = async (imageIndex: number): Promise<IBinaryData> =>
		await run.downloadSemaphore.use(
			run.signal,
			async () =>
				await run.downloads.fetch({
					predictionId,
					output: prediction.outputs[imageIndex],
					baseName: imageIndex === 0 ? baseName : `${baseName}-${imageIndex + 1}`,
					maxBytes: maxDownloadBytes,
					signal: run.signal,
				}),
		);
	return await Promise.all(
		prediction.outputs.map(async (output, imageIndex): Promise<INodeExecutionData> => {
			const json = predictionJson(prediction, known, imageIndex);
			const pairedItem = { item: itemIndex };
			if (!downloadImages) {
				run.downloads.checkLink({ predictionId, output });
				return { json, pairedItem };
			}
			return { json, binary: { [outputDataFieldName]: await download(imageIndex) }, pairedItem };
		}),
	);
}
