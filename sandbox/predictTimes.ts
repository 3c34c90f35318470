import type { ModelType } from './models/model';
import type { SandboxOptions } from './types';

export type PredictTimes = Pick<SandboxOptions, 'predictSeconds' | 'predictSecondsByType'>;

/** How long a task of such a model takes, before jitter. */
export function predictSecondsOf(type: ModelType, times: PredictTimes): number {
	return times.predictSecondsByType?.[type] ?? times.predictSeconds ?? 3;
}
