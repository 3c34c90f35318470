export type PredictionStatus = 'processing' | 'completed' | 'failed';

/**
 * Atlas's words for a prediction that has ended, in lower case: a new one goes here. Any other word counts as
 * processing. See docs/atlas-cloud-api.md, Result.
 */
const ENDED_STATUSES = new Map<string, PredictionStatus>([
	['completed', 'completed'],
	['succeeded', 'completed'],
	['success', 'completed'],
	['failed', 'failed'],
	['canceled', 'failed'],
	['cancelled', 'failed'],
	['error', 'failed'],
	['timeout', 'failed'],
]);

/** The status that Atlas's word for it means, in upper or lower case. */
export function statusOf(rawStatus: string | null): PredictionStatus {
	return ENDED_STATUSES.get((rawStatus ?? '').toLowerCase()) ?? 'processing';
}

const QUEUED_STATUSES = new Set(['created', 'starting', 'queued', 'pending']);

const RUNNING_STATUSES = new Set(['processing', 'running']);

/** Whether Atlas's word for a prediction in progress says that it waits or runs; null for any other word. */
export function progressOf(rawStatus: string | null): 'queued' | 'running' | null {
	const status = (rawStatus ?? '').toLowerCase();
	if (QUEUED_STATUSES.has(status)) return 'queued';
	return RUNNING_STATUSES.has(status) ? 'running' : null;
}
