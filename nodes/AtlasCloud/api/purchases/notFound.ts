import { AtlasError } from '../errors';

/** Whether Atlas does not know a prediction. */
export function isNotFound(error: unknown): boolean {
	return error instanceof AtlasError && error.kind === 'read' && error.statusCode === 404;
}
