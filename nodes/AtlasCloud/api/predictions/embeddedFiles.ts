import { Semaphore } from '../time/semaphore';
import type { CancelSignal } from '../time/cancellation';
import type { AtlasClient } from '../http/client';
import type { Prediction } from './prediction';
import { readWholePrediction } from './readPrediction';

/** Files in answers that are being stored, in bytes; all executions of this process together. */
const storedBytes = new Semaphore(32_000_000);

/**
 * Does something with a prediction's files. Large ones in Atlas's answer were not kept: they are read again once there is
 * memory for them, so that a hundred finished predictions can wait.
 * @throws AtlasError (`read`); CancelledError; whatever `work` throws
 */
export async function withFiles<T>(
	client: AtlasClient,
	prediction: Prediction,
	signal: CancelSignal | undefined,
	work: (whole: Prediction) => Promise<T>,
): Promise<T> {
	const { embeddedBytes, predictionId } = prediction;
	if (embeddedBytes === undefined) return await work(prediction);
	const release = await storedBytes.acquire(signal, embeddedBytes);
	try {
		return await work(await readWholePrediction(client, predictionId, signal));
	} finally {
		release();
	}
}
