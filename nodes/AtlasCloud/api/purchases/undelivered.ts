import { idOf, idsOf, isPaid, isUnresolved, type PurchaseRecord } from './record';

/** What a run has bought, or may have, and has not returned. */
export interface Undelivered {
	/** Submitted and not known to have failed. */
	paid: PurchaseRecord[];
	/** Failed predictions. */
	failedIds: string[];
	/** Predictions that may belong to lost purchases. */
	maybeIds: string[];
	/** Purchases that Atlas may or may not have accepted. */
	lostCount: number;
}

/** @param records of a run */
export function undeliveredOf(records: PurchaseRecord[]): Undelivered {
	const open = records.filter(({ isDelivered }) => !isDelivered);
	const withoutId = open.filter((record) => idOf(record) === undefined);
	return {
		paid: open.filter(isPaid),
		failedIds: open.flatMap((record) => (isPaid(record) ? record.formerIds : idsOf(record))),
		maybeIds: [...new Set(withoutId.flatMap(({ maybeIds }) => maybeIds))],
		lostCount: withoutId.filter(isUnresolved).length,
	};
}
