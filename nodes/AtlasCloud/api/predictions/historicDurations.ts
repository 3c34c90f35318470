import type { AtlasClient } from '../http/client';
import { readHistory } from './history';
import type { Prediction } from './prediction';

/** Enough to know how long a model takes, and a small page: each task comes with its request. */
const MAX_TASKS = 20;

/** After this, polls have told more than the history could, in ms. */
const TIMEOUT_MS = 30_000;

/** One that took this many times longer than the work on it waited in a queue. */
const MAX_OF_WORK = 1.5;

/**
 * How long the account's latest predictions of a model took, in ms, the oldest first. Reads one page of the history;
 * empty if it cannot be read, or has none.
 */
export async function readHistoricDurations(client: AtlasClient, model: string): Promise<number[]> {
	const giveUpAtMs = client.clock.nowMs() + TIMEOUT_MS;
	const limits = { maxPages: 1, pageSize: MAX_TASKS };
	const durationsMs: number[] = [];
	try {
		for await (const task of readHistory(client, { model, giveUpAtMs }, limits)) {
			const durationMs = task.model === model ? durationOf(task.prediction) : null;
			if (durationMs !== null) durationsMs.unshift(durationMs);
		}
	} catch {
		// The page was not the last one, or could not be read. The polls go on either way.
	}
	return durationsMs;
}

/** Both times are of Atlas's clock, so that ours does not matter. */
function durationOf({ status, createdAt, completedAt, predictTimeSeconds }: Prediction): number | null {
	if (status !== 'completed') return null;
	const workMs = (predictTimeSeconds ?? NaN) * 1_000;
	const totalMs = Date.parse(completedAt ?? '') - Date.parse(createdAt ?? '');
	const durationMs = totalMs > 0 && !(totalMs > MAX_OF_WORK * workMs) ? totalMs : workMs;
	return durationMs > 0 ? durationMs : null;
}
