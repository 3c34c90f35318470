import type { IBinaryData, IDataObject, INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';
import { AtlasError, inputError } from '../api/errors';
import { Downloads } from '../api/files/downloads';
import { Semaphore } from '../api/flow/semaphore';
import type { AtlasClient } from '../api/http/client';
import type { Prediction } from '../api/predictions/predictions';
import { readPrediction } from '../api/predictions/readPrediction';
import { n8nFileStore } from '../shared/transport/n8nBinary';

/** The default of Atlas Cloud Models: a video can be large. */
const MAX_DOWNLOAD_BYTES = 1_000_000_000;

const MAX_PARALLEL_DOWNLOADS = 8;

/**
 * The items that a prediction starts the workflow with, one per file; none if its event is not selected.
 * @throws AtlasError: `read` if it cannot be read, or has not ended; `download` if a file cannot be fetched; `input`
 */
export async function predictionItems(
	context: IWebhookFunctions,
	client: AtlasClient,
	predictionId: string,
): Promise<INodeExecutionData[]> {
	const prediction = await readPrediction(client, predictionId, client.signal);
	if (prediction.status === 'processing') throw notEndedError(prediction);
	if (!eventsOf(context).includes(prediction.status)) return [];
	if (prediction.outputs.length === 0) return [{ json: predictionJson(prediction, null) }];
	return await fileItems(context, client, prediction);
}

function eventsOf(context: IWebhookFunctions): unknown[] {
	return [context.getNodeParameter('events', [])].flat();
}

async function fileItems(
	context: IWebhookFunctions,
	client: AtlasClient,
	prediction: Prediction,
): Promise<INodeExecutionData[]> {
	const { http, clock, baseUrl, signal } = client;
	const { predictionId, outputs } = prediction;
	const fieldName = readOutputField(context);
	const downloads = new Downloads(http, clock, baseUrl, n8nFileStore(context.helpers));
	const semaphore = new Semaphore(MAX_PARALLEL_DOWNLOADS);
	const download = async (fileIndex: number): Promise<IBinaryData> =>
		await downloads.fetch({
			predictionId,
			output: outputs[fileIndex],
			baseName: `atlas-cloud-${predictionId}${fileIndex === 0 ? '' : `-${fileIndex + 1}`}`,
			maxBytes: MAX_DOWNLOAD_BYTES,
			signal,
		});
	return await Promise.all(
		outputs.map(async (output, fileIndex): Promise<INodeExecutionData> => {
			const json = predictionJson(prediction, fileIndex);
			if (fieldName === null) {
				downloads.checkLink({ predictionId, output });
				return { json };
			}
			const binary = await semaphore.use(signal, async () => await download(fileIndex));
			return { json, binary: { [fieldName]: binary } };
		}),
	);
}

/** The output field for the files; null if they are not downloaded. @throws AtlasError (`input`) */
function readOutputField(context: IWebhookFunctions): string | null {
	if (context.getNodeParameter('downloadFiles', true) === false) return null;
	const name: unknown = context.getNodeParameter('outputDataFieldName', 'data');
	if (typeof name === 'string' && name.trim() !== '') return name.trim();
	throw inputError('Output Data Field Name is empty', 'Name the output field for the file, such as data.');
}

/** The json of one item. @param fileIndex from 0; null for an item without a file */
function predictionJson(prediction: Prediction, fileIndex: number | null): IDataObject {
	const output = fileIndex === null ? undefined : prediction.outputs[fileIndex];
	return {
		predictionId: prediction.predictionId,
		status: prediction.status,
		rawStatus: prediction.rawStatus,
		model: prediction.model,
		prompt: prediction.prompt,
		// A base64 output has no URL, and a data URI must not get into json.
		fileUrl: output?.url ?? null,
		fileIndex,
		fileCount: prediction.outputs.length,
		text: null,
		predictTimeSeconds: prediction.predictTimeSeconds,
		// The price of the whole prediction, on one item only: the sum over all items is what was billed.
		priceUsd: (fileIndex ?? 0) === 0 ? prediction.priceUsd : null,
		nsfw: prediction.nsfw[fileIndex ?? 0] ?? null,
		failureReason: prediction.failureReason,
		createdAt: prediction.createdAt,
		completedAt: prediction.completedAt,
	};
}

function notEndedError({ predictionId }: Prediction): AtlasError {
	return new AtlasError(
		`Prediction ${predictionId} is still running, although Atlas Cloud reported its end`,
		{
			kind: 'read',
			description: 'Atlas Cloud delivers the event again.',
			predictionId,
			status: 'processing',
		},
	);
}
