import { AtlasError } from '../errors';
import type { Prediction } from '../predictions/prediction';
import { WARM_UP_MS } from '../predictions/readPrediction';
import type { Hands, Purchase } from './hands';
import { idOf, type PurchaseRecord } from './record';
import { timingKey } from './timingKey';

type Waited = { id: string; prediction: Prediction | null } | 'failed';

/** Waits until the prediction is over, or its time is up; `failed`: a reused one failed. @throws AtlasError; CancelledError */
export async function wait(purchase: Purchase, record: PurchaseRecord): Promise<Waited> {
	const { hands, request } = purchase;
	const waited = await waitOrRelocate(purchase, record).catch((error: unknown) =>
		failed(hands, record, error),
	);
	if (waited === 'failed') return waited;
	if (waited.prediction) hands.ledger.settle(record, { state: 'done', id: waited.id });
	else if (request.failsOnTimeout) hands.onFault();
	return waited;
}

async function waitOrRelocate(
	purchase: Purchase,
	record: PurchaseRecord,
): Promise<Exclude<Waited, 'failed'>> {
	const { hands } = purchase;
	const id = idOf(record) ?? '';
	let otherId = id;
	const prediction = await waitUntilOver(purchase, record, id).catch(async (error: unknown) => {
		const found = isNotFound(error) ? await relocate(hands, record, id) : null;
		if (found === null) throw error;
		otherId = found;
		return await waitUntilOver(purchase, record, found);
	});
	return { id: otherId, prediction };
}

/** Writes down how a prediction failed, for the next attempt. @throws the error, unless it was a reused one */
function failed({ ledger }: Hands, record: PurchaseRecord, error: unknown): 'failed' {
	const isFailure = error instanceof AtlasError && ['failed', 'moderation'].includes(error.kind);
	if (!isFailure) throw error;
	const isModerated = error.kind === 'moderation';
	ledger.settle(record, { state: 'failed', id: idOf(record) ?? '', why: error.message, isModerated });
	// What moderation stopped would be stopped again.
	if (record.origin === 'own' || isModerated) throw error;
	return 'failed';
}

async function waitUntilOver(
	{ hands, request, place }: Purchase,
	record: PurchaseRecord,
	predictionId: string,
): Promise<Prediction | null> {
	const { waiter, signal, clock } = hands;
	const { body, inputs, timeoutMs } = request;
	const nowMs = clock.nowMs();
	// A reused one was submitted some time ago and may have ended: its first poll is now. If the machine's clock was set
	// back since an earlier attempt, the submit would lie in the future.
	const sentAtMs = record.origin === 'own' ? Math.min(record.sentAtMs, nowMs) : null;
	return await waiter.until({
		id: predictionId,
		model: record.model,
		shape: timingKey(body, inputs.length),
		sentAtMs,
		visibleByMs: nowMs + WARM_UP_MS,
		deadlineMs: (sentAtMs ?? nowMs) + timeoutMs,
		signal,
		isQueued: () => place.isQueued,
	});
}

/**
 * Searches again for a purchase whose ID Atlas does not know, even after a while: a gateway may have made the ID up.
 * @returns another ID; null if none is found, and the record is then as it was
 */
async function relocate(
	{ ledger, lostSearch }: Hands,
	record: PurchaseRecord,
	id: string,
): Promise<string | null> {
	if (record.bodyHash === '') return null;
	ledger.release(id);
	ledger.settle(record, { state: 'lost' });
	ledger.noteMaybe(record, [id]);
	const found = await lostSearch.find(record);
	if (found.kind !== 'found') ledger.claim(id);
	ledger.settle(record, { state: 'bought', id: found.kind === 'found' ? found.id : id });
	return found.kind === 'found' ? found.id : null;
}

/** Whether Atlas does not know a prediction. */
function isNotFound(error: unknown): boolean {
	return error instanceof AtlasError && error.kind === 'read' && error.statusCode === 404;
}
