import type { JsonObject } from '../json';
import type { Place } from '../pace/places';
import { moderationError } from '../predictions/errors';
import type { Prediction } from '../predictions/prediction';
import { tryReadPrediction } from '../predictions/readPrediction';
import { lostError } from './errors';
import type { PurchaseTools } from './tools';
import { Recall } from './recall';
import { idOf, isUnresolved, type PurchaseRecord } from './record';
import { identify, timingKey, type PurchaseRequest } from './request';
import { submit, type Submitted } from './submit';
import { wait, type Purchase } from './wait';

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
	const mayResubmit = request.mayResubmit && reportedId === undefined && record.firstSubmit === undefined;
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
