import { AtlasError } from '../../api/errors';
import { memoize } from '../../api/flow/memoize';
import type { AtlasClient } from '../../api/http/client';
import { readPrediction } from '../../api/predictions/readPrediction';
import { RecentIds } from '../../api/webhooks/recentIds';

/** Predictions that are over. Each call looks at the whole batch: without this, every one would be read for each call. */
const over = new RecentIds();

/** Predictions that are being read. */
const readings = new Map<string, Promise<boolean>>();

/** Whether a prediction is over, as the API says. Calls at the same moment share the answer. @throws AtlasError (`read`) */
export async function isOver(client: AtlasClient, predictionId: string): Promise<boolean> {
	if (over.has(predictionId)) return true;
	return await memoize(
		readings,
		predictionId,
		async () => await readIsOver(client, predictionId).finally(() => readings.delete(predictionId)),
	);
}

/**
 * Whether all of these predictions are over. Reads the newest first: it is the likeliest to be running.
 * @throws AtlasError (`read`)
 */
export async function areOver(client: AtlasClient, predictionIds: string[]): Promise<boolean> {
	for (const id of [...predictionIds].reverse()) if (!(await isOver(client, id))) return false;
	return true;
}

async function readIsOver(client: AtlasClient, predictionId: string): Promise<boolean> {
	const isRunning = await readPrediction(client, predictionId, client.signal).then(
		({ status }) => status === 'processing',
		(error: unknown) => {
			// Atlas no longer knows it: the node that wakes up reports that.
			if (error instanceof AtlasError && (error.statusCode === 404 || error.statusCode === 400)) return false;
			throw error;
		},
	);
	if (!isRunning) over.add(predictionId);
	return !isRunning;
}
