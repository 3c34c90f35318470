import { isUnresolved, type Intent } from './intent';

/** Purchases that are billed, or may be, and whose output n8n does not have. */
export interface Undelivered {
	/** Submitted and not known to have failed. */
	ids: string[];
	/** Failed predictions. */
	failedIds: string[];
	/** Predictions that may belong to unknown purchases. */
	candidateIds: string[];
	/** Purchases that Atlas may or may not have accepted. */
	unknownCount: number;
}

export function undeliveredOf(intents: Intent[]): Undelivered {
	const open = intents.filter(({ isDelivered }) => !isDelivered);
	const failed = open.filter(({ state }) => state === 'failed');
	const withoutId = open.filter(({ predictionId }) => predictionId === undefined);
	return {
		ids: latestIdsOf(open.filter(({ state }) => state !== 'failed')),
		failedIds: [...open.flatMap(({ formerIds = [] }) => formerIds), ...latestIdsOf(failed)],
		candidateIds: [...new Set(withoutId.flatMap(({ candidateIds = [] }) => candidateIds))],
		unknownCount: withoutId.filter(isUnresolved).length,
	};
}

function latestIdsOf(intents: Intent[]): string[] {
	return intents.flatMap(({ predictionId }) => predictionId ?? []);
}
