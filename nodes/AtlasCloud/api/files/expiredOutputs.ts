import { AtlasError } from '../errors';
import { throwIfAborted } from '../flow/clock';
import type { AtlasClient } from '../http/client';
import { openPublicFile } from '../http/publicFile';
import type { Prediction } from '../predictions/predictions';
import { readPrediction } from '../predictions/readPrediction';

/** Answers of a file host that has deleted the file. A 403 may also be a firewall's. */
const GONE_STATUS_CODES = new Set([404, 410]);

/**
 * Whether Atlas has deleted the files of a finished prediction, or the prediction itself. Reads no file, and sends the
 * API key to no file host. A host that cannot be reached says nothing about its files.
 * @param prediction as the history has it, perhaps without its outputs
 * @throws CancelledError
 */
export async function areOutputsGone(client: AtlasClient, prediction: Prediction): Promise<boolean> {
	if (prediction.status !== 'completed') return false;
	try {
		const { outputs } =
			prediction.outputs.length > 0
				? prediction
				: await readPrediction(client, prediction.predictionId, client.signal);
		const urls = outputs.flatMap(({ url }) => url ?? []);
		const areGone = await Promise.all(urls.map(async (url) => await isGone(client, url)));
		return areGone.includes(true);
	} catch (error) {
		throwIfAborted(client.signal);
		return error instanceof AtlasError && error.statusCode === 404;
	}
}

async function isGone({ http, baseUrl, signal }: AtlasClient, url: string): Promise<boolean> {
	const opened = await openPublicFile(http, url, baseUrl, signal).catch(() => null);
	throwIfAborted(signal);
	opened?.body.destroy();
	return opened !== null && GONE_STATUS_CODES.has(opened.statusCode);
}
