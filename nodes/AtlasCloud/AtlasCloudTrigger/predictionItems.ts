import type { INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';
import { AtlasError } from '../api/errors';
import { Downloads } from '../api/files/downloads';
import { Cancellation } from '../api/time/cancellation';
import { Semaphore } from '../api/time/semaphore';
import type { AtlasClient } from '../api/http/client';
import type { Prediction } from '../api/predictions/prediction';
import { readPrediction } from '../api/predictions/readPrediction';
import { checkOutputField, type OutputDestination, FILE_OUTPUT } from '../items/destination';
import { NOTHING_KNOWN, outputItems, type DownloadTools } from '../items/outputItems';
import { n8nFileStore } from '../n8n/binary';

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
	// Atlas signs calls about anybody's predictions, and delivers again what is answered with an error.
	const prediction = await readPrediction(client, predictionId, client.signal, { isAskedAgain: true });
	if (prediction.status === 'processing') throw notEndedError(prediction);
	if (!eventsOf(context).includes(prediction.status)) return [];
	const destination = readDestination(context, predictionId);
	const items = await outputItems(downloadTools(context, client), prediction, NOTHING_KNOWN, destination);
	return items.map(({ json, binary }) => ({ json, ...(binary ? { binary } : {}) }));
}

function eventsOf(context: IWebhookFunctions): unknown[] {
	return [context.getNodeParameter('events', [])].flat();
}

/** @throws AtlasError (`input`) */
function readDestination(context: IWebhookFunctions, predictionId: string): OutputDestination {
	const downloadsFiles = context.getNodeParameter('downloadFiles', true) !== false;
	return {
		itemIndex: 0,
		style: FILE_OUTPUT,
		keepsInputImage: false,
		downloadsFiles,
		outputDataFieldName: downloadsFiles
			? checkOutputField(context.getNodeParameter('outputDataFieldName', 'data'))
			: 'data',
		baseName: `${FILE_OUTPUT.fileNamePrefix}-${predictionId}`,
		maxDownloadBytes: FILE_OUTPUT.words.maxDownloadMb * 1_000_000,
	};
}

function downloadTools(context: IWebhookFunctions, client: AtlasClient): DownloadTools {
	const { http, clock, baseUrl, signal } = client;
	return {
		client,
		downloads: new Downloads(http, clock, baseUrl, n8nFileStore(context.helpers)),
		downloadSemaphore: new Semaphore(MAX_PARALLEL_DOWNLOADS),
		signal: signal ?? new Cancellation(),
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
