import type { IDataObject, INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';
import { AtlasError } from '../api/errors';
import { Downloads } from '../api/files/downloads';
import { Cancellation } from '../api/time/cancellation';
import { Semaphore } from '../api/time/semaphore';
import type { AtlasClient } from '../api/http/client';
import { readPrediction } from '../api/predictions/readPrediction';
import { FILE_OUTPUT, readDestination } from '../items/destination';
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
	if (prediction.status === 'processing') {
		const message = `Prediction ${predictionId} is still running, although Atlas Cloud reported its end`;
		const description = 'Atlas Cloud delivers the event again.';
		throw new AtlasError(message, { kind: 'read', description, predictionId, status: 'processing' });
	}
	const events = [context.getNodeParameter('events', [])].flat() as unknown[];
	if (!events.includes(prediction.status)) return [];
	const options = {
		downloadFiles: context.getNodeParameter('downloadFiles', true),
		outputDataFieldName: context.getNodeParameter('outputDataFieldName', 'data'),
	} as IDataObject;
	const destination = readDestination(
		0,
		options,
		`${FILE_OUTPUT.fileNamePrefix}-${predictionId}`,
		FILE_OUTPUT,
	);
	const items = await outputItems(downloadTools(context, client), prediction, NOTHING_KNOWN, destination);
	return items.map(({ json, binary }) => ({ json, ...(binary ? { binary } : {}) }));
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
