import type { Answer } from '../http/answer';
import { asObject, asString, type JsonObject } from '../json';

/** Whether a value is an ID of Atlas's form. IDs become part of a path, so nothing else is let through. */
export function isPredictionId(value: unknown): value is string {
	return (
		typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/.test(value) && !value.includes('..')
	);
}

/** The prediction's record in an answer: in `data`, or the answer itself. Undefined if there is none. */
export function predictionObject(json: unknown): JsonObject | undefined {
	const root = asObject(json);
	const data = asObject(root?.data);
	if (data) return 'id' in data || 'status' in data || 'outputs' in data ? data : undefined;
	// A gateway's own `{"status": "error", "message": …}` is not a prediction.
	return root && ('id' in root || 'outputs' in root) ? root : undefined;
}

/**
 * The ID of the prediction that a submit created; null if its answer holds none. Outside an envelope, an ID counts
 * only in a good answer and beside a status and a model: gateways give IDs to their own requests.
 */
export function idInAnswer({ json, statusCode }: Pick<Answer, 'json' | 'statusCode'>): string | null {
	const root = asObject(json);
	const data = asObject(root?.data);
	if (data) return isPredictionId(data.id) ? data.id : null;
	if (!root || statusCode >= 400 || asString(root.status) === null || asString(root.model) === null)
		return null;
	return isPredictionId(root.id) ? root.id : null;
}
