import { asObject, parseJson } from '../json';
import { isPredictionId } from '../predictions/predictionAnswer';

/**
 * The ID of the prediction that a delivery is about; null if it names none. Nothing else in the body is used: the API
 * knows the prediction's state now.
 */
export function deliveredPredictionId(rawBody: Uint8Array): string | null {
	const body = asObject(parseJson(Buffer.from(rawBody).toString('utf8')));
	return [body?.session_id, asObject(body?.payload)?.id].find(isPredictionId) ?? null;
}
