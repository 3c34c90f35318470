import type { MediaModelType } from '../../../api/models/modelInfo';
import { DEFAULT_TIMEOUT_SECONDS } from '../../../shared/options';

/** What a resource's models make. */
export type ResourceType = MediaModelType;

/** Videos take minutes. */
const SLOW_TIMEOUT_SECONDS = 1_800;

/** How long to wait for a model of this type, in seconds; null where it is not known. */
export function defaultTimeoutSeconds(type: ResourceType | null): number {
	return type === 'Image' ? DEFAULT_TIMEOUT_SECONDS : SLOW_TIMEOUT_SECONDS;
}
