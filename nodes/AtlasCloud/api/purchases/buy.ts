import { AtlasError } from '../errors';
import { NOT_FOUND_STATUS_CODES } from '../http/answer';
import type { JsonObject } from '../json';
import type { Place } from '../pace/places';
import { moderationError } from '../predictions/errors';
import type { Prediction } from '../predictions/prediction';
import { tryReadPrediction, WARM_UP_MS } from '../predictions/readPrediction';
import { lostError } from './errors';
import type { PurchaseTools } from './tools';
import { Recall } from './recall';
import { idOf, isUnresolved, type PurchaseRecord } from './record';
import { identify, timingKey, type PurchaseRequest } from './request';
import { submit, type Submitted } from './submit';

/** A prediction that is paid for, and what it was bought for: an earlier attempt may have asked for something else. */
export interface Bought {
	predictionId: string;
	model: string;
	/** Null where the model takes none. */
	prompt: string | null;
	/** `W*H`; null where the model chose. */
	size: string | null;
	/** The inputs' URLs; only the beginning of a data URI. */
	images: string[];
	/** The record in the submit's answer; null if the answer was lost, or an earlier attempt bought it. */
	answer: JsonObject | null;
	/** Completed; null if it is not waited for, or still in progress when its time is up. */
	prediction: Prediction | null;
}

/** One purchase on its way. */
interface Purchase {
	tools: PurchaseTools;
	request: PurchaseRequest;
	place: Place;
	/** Our clock, in ms: until when what was bought before is waited for, all together; null before the first. */
	reusedUntilMs: number | null;
}

/**
 * Brings one purchase to its end, whatever earlier attempts and executions came to. The record is the state; each turn of
 * the loop settles it, and `submit` alone sends anything that costs.
 * @param then `wait`: until it is over, or its time is up. `leave`: return its ID
 * @throws AtlasError; CancelledError
 */
export async function buy(
	tools: PurchaseTools,
	request: PurchaseRequest,
	then: 'wait' | 'leave',
): Promise<Bought> {
	const { body, inputs, model } = request;
	// Taken before the files are read: with a concurrency of 1, items keep their order, whatever their files' sizes.
	const place = await tools.places.prepare({ model, shape: timingKey(body, inputs.length), then });
	return await settle(tools, request, place, then)
		.then((bought) => {
			place.leave(bought.prediction);
			return bought;
		})
		.catch((error: unknown) => {
			tools.onFault();
			throw error;
		})
		.finally(() => {
			place.leave();
			// What was resumed is not uploaded, and its files need not be kept.
			for (const { file } of inputs) file?.content.release();
		});
}

/** The loop over the record's state. */
async function settle(
	tools: PurchaseTools,
	request: PurchaseRequest,
	place: Place,
	then: 'wait' | 'leave',
): Promise<Bought> {
	const identity = identify(request);
	tools.ledger.open(request, identity.fingerprint);
	const recall = new Recall(tools, request, identity);
	const purchase: Purchase = { tools, request, place, reusedUntilMs: null };
	let record = await recall.find();
	let submitted: Submitted | null = null;
	// It may be running already: the service's limit is none for it. With a limit of the run's own, a search is one of those.
	const isWithinLimit = tools.places.options.hardLimit === null || (record && !isUnresolved(record));
	if (record && isWithinLimit) place.resume();
	for (;;) {
		switch (record?.fate.state) {
			// Nothing is bought, or what was has come to nothing.
			case undefined:
			case 'refused':
				if (request.refusal !== undefined) throw request.refusal;
				submitted = await submit(tools, request, identity, place);
				record = submitted.record;
				break;
			// Atlas may have it. A record that n8n lost in mid-flight begins here, too.
			case 'sending':
			case 'lost':
				record = await lookFor(purchase, record, submitted);
				break;
			case 'failed':
				if (record.fate.isModerated)
					throw moderationError({ predictionId: record.fate.id }, record.fate.why || undefined);
				// A reused one failed meanwhile: another one may be paid for.
				record = await recall.find();
				break;
			case 'bought':
			case 'done': {
				const bought = boughtOf(record, submitted);
				if (then === 'leave') return bought;
				place.resume();
				const waited = await wait(purchase, record);
				if (waited !== 'failed') return { ...bought, predictionId: waited.id, prediction: waited.prediction };
			}
		}
	}
}

/** @returns the record, bought; undefined if it may be submitted once more. @throws AtlasError `unknown`; CancelledError */
async function lookFor(
	{ tools, request }: Purchase,
	record: PurchaseRecord,
	submitted: Submitted | null,
): Promise<PurchaseRecord | undefined> {
	const { budget, ledger, lostSearch } = tools;
	const reportedId = record.fate.state === 'lost' ? record.fate.reportedId : undefined;
	ledger.settle(record, { state: 'lost', reportedId });
	if (reportedId !== undefined) {
		ledger.noteMaybe(record, [reportedId]);
		if (await claimReported(tools, record, reportedId)) return record;
	}
	const found = await lostSearch.find(record);
	if (found.kind === 'found') {
		ledger.settle(record, { state: 'bought', id: found.id });
		return record;
	}
	if (found.kind === 'unclear') ledger.noteMaybe(record, found.ids);
	// Only once, because each time may be billed, and never if Atlas gave an ID.
	const mayResubmit = request.mayResubmit && reportedId === undefined && !record.wasResubmitted;
	// What was lost in an earlier attempt is in the run's plan.
	const costUsd = submitted?.record === record ? (record.estimateUsd ?? 0) : 0;
	if (found.kind === 'none' && mayResubmit && costUsd <= budget.spareUsd) {
		budget.spareUsd -= costUsd;
		return undefined;
	}
	throw lostError(record, submitted?.record === record ? submitted.exchange : null, found);
}

/** Takes an ID that an error reports. @returns false if it is no prediction of this model, or another item has it */
async function claimReported(tools: PurchaseTools, record: PurchaseRecord, id: string): Promise<boolean> {
	const { ledger, client } = tools;
	// Before Atlas is asked: meanwhile, neither a search nor the same answer again may give it to another item.
	if (!ledger.claim(id)) return false;
	let isOurs = false;
	try {
		const prediction = await tryReadPrediction(client, id);
		isOurs = prediction !== null && [null, record.model].includes(prediction.model);
	} finally {
		if (!isOurs) ledger.release(id);
	}
	if (isOurs) ledger.settle(record, { state: 'bought', id });
	return isOurs;
}

function boughtOf(record: PurchaseRecord, submitted: Submitted | null): Bought {
	const { model, prompt, size, images } = record;
	const answer = submitted?.record === record ? submitted.answer : null;
	return { predictionId: idOf(record) ?? '', model, prompt, size, images, answer, prediction: null };
}

interface Waited {
	id: string;
	/** Null if its time is up. */
	prediction: Prediction | null;
}

/** Waits until the prediction is over, or its time is up; `failed`: a reused one failed. @throws AtlasError; CancelledError */
async function wait(purchase: Purchase, record: PurchaseRecord): Promise<Waited | 'failed'> {
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
