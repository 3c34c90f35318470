import { AtlasError } from '../errors';
import { NOT_FOUND_STATUS_CODES } from '../http/answer';
import type { Place } from '../pace/places';
import type { Prediction } from '../predictions/prediction';
import { WARM_UP_MS } from '../predictions/readPrediction';
import { idOf, type PurchaseRecord } from './record';
import { timingKey, type PurchaseRequest } from './request';
import type { PurchaseTools } from './tools';

/** One purchase on its way. */
export interface Purchase {
	tools: PurchaseTools;
	request: PurchaseRequest;
	place: Place;
	/** Our clock, in ms: until when what was bought before is waited for, all together; null before the first. */
	reusedUntilMs: number | null;
}

interface Waited {
	id: string;
	/** Null if its time is up. */
	prediction: Prediction | null;
}

/** Waits until the prediction is over, or its time is up; `failed`: a reused one failed. @throws AtlasError; CancelledError */
export async function wait(purchase: Purchase, record: PurchaseRecord): Promise<Waited | 'failed'> {
	const { tools, request } = purchase;
	const id = idOf(record) ?? '';
	const waited = await waitUntilOver(purchase, record, id, WARM_UP_MS)
		.catch(async (error: unknown) => {
			const isUnknown =
				error instanceof AtlasError &&
				error.kind === 'read' &&
				NOT_FOUND_STATUS_CODES.has(error.statusCode ?? 0);
			if (!isUnknown) throw error;
			const other = await relocate(tools, record, id);
			// Where there is no other, Atlas may show this one by now.
			return await waitUntilOver(purchase, record, other ?? id, other === null ? 0 : WARM_UP_MS);
		})
		.catch((error: unknown) => failed(tools, record, error));
	if (waited === 'failed') return waited;
	if (waited.prediction) tools.ledger.settle(record, { state: 'done', id: waited.id });
	else if (request.failsOnTimeout) tools.onFault();
	return waited;
}

/** @param warmUpMs how long Atlas may not know it yet */
async function waitUntilOver(
	purchase: Purchase,
	record: PurchaseRecord,
	id: string,
	warmUpMs: number,
): Promise<Waited> {
	const { tools, request, place } = purchase;
	const { body, inputs, timeoutMs } = request;
	const nowMs = tools.clock.nowMs();
	// A reused one, and one of an earlier attempt whose time is up, may have ended: its first poll is now, and its time
	// begins anew. If the machine's clock was set back since an earlier attempt, the submit would lie in the future.
	const isInTime = record.origin === 'own' && nowMs < record.sentAtMs + timeoutMs;
	const sentAtMs = isInTime ? Math.min(record.sentAtMs, nowMs) : null;
	const deadlineMs =
		sentAtMs === null ? (purchase.reusedUntilMs ??= nowMs + timeoutMs) : sentAtMs + timeoutMs;
	const prediction = await tools.waiter.until({
		id,
		model: record.model,
		shape: timingKey(body, inputs.length),
		sentAtMs,
		visibleByMs: nowMs + warmUpMs,
		deadlineMs,
		signal: tools.signal,
		isQueued: () => place.isQueued,
	});
	return { id, prediction };
}

/**
 * Searches again for a purchase whose ID Atlas does not know, even after a while: a gateway may have made the ID up.
 * @returns another ID; null if none is found, and the record is then as it was
 */
async function relocate(
	{ ledger, lostSearch }: PurchaseTools,
	record: PurchaseRecord,
	id: string,
): Promise<string | null> {
	if (record.bodyHash === '') return null;
	ledger.settle(record, { state: 'lost' });
	ledger.noteMaybe(record, [id]);
	// Whatever happens, such as a cancel, its ID is not forgotten.
	const keepId = () => ledger.settle(record, { state: 'bought', id });
	const found = await lostSearch.find(record).finally(keepId);
	if (found.kind !== 'found') return null;
	ledger.settle(record, { state: 'bought', id: found.id });
	return found.id;
}

/** Writes down how a prediction failed, for the next attempt. @throws the error, unless it was a reused one */
function failed({ ledger }: PurchaseTools, record: PurchaseRecord, error: unknown): 'failed' {
	const isFailure = error instanceof AtlasError && ['failed', 'moderation'].includes(error.kind);
	if (!isFailure) throw error;
	const isModerated = error.kind === 'moderation';
	ledger.settle(record, { state: 'failed', id: idOf(record) ?? '', why: error.message, isModerated });
	const isFound = record.origin !== 'own' || record.bodyHash === '';
	// What moderation stopped would be stopped again.
	if (!isFound || isModerated) throw error;
	return 'failed';
}
