import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import type { Prediction } from '../../../api/predictions/predictions';
import type { OutputDestination } from '../../../shared/destination';
import type { NodeRun } from '../../../shared/nodeRun';
import { imageItems, predictionJson, type KnownFields } from '../../../shared/outputItems';
import { timedOutItems, type TimeoutOptions } from '../../../shared/timeout';

/** This node's items name files, whatever their kind. */
function toFileJson(json: IDataObject): IDataObject {
	return {
		predictionId: json.predictionId,
		status: json.status,
		rawStatus: json.rawStatus,
		model: json.model,
		prompt: json.prompt,
		fileUrl: json.imageUrl,
		fileIndex: json.imageIndex,
		fileCount: json.imageCount,
		text: null,
		predictTimeSeconds: json.predictTimeSeconds,
		priceUsd: json.priceUsd,
		nsfw: json.nsfw,
		failureReason: json.failureReason,
		createdAt: json.createdAt,
		completedAt: json.completedAt,
	};
}

const renamed = (items: INodeExecutionData[]) =>
	items.map((item) => ({ ...item, json: toFileJson(item.json) }));

/** The json of a prediction without its files. @param fileIndex null for an item without a file */
export function fileJson(prediction: Prediction, known: KnownFields, fileIndex: number | null): IDataObject {
	return toFileJson(predictionJson(prediction, known, fileIndex));
}

/** The items of a completed prediction, one per file. @throws AtlasError (`download`); CancelledError */
export async function fileItems(
	run: NodeRun,
	prediction: Prediction,
	known: KnownFields,
	destination: OutputDestination,
): Promise<INodeExecutionData[]> {
	return renamed(await imageItems(run, prediction, known, destination));
}

/**
 * The output of a prediction that is still running when its time is up.
 * @throws AtlasError (`timeout`) if that is an error
 */
export function unfinishedItems(
	itemIndex: number,
	predictionId: string,
	known: KnownFields,
	timeout: TimeoutOptions,
): INodeExecutionData[] {
	return renamed(timedOutItems(itemIndex, predictionId, known, timeout));
}
