import { AtlasError, truncate } from '../errors';
import type { Uploads } from '../files/uploads';
import type { Exchange } from '../http/answer';
import type { JsonObject } from '../json';
import { moderationError } from '../predictions/errors';
import type { Prediction } from '../predictions/prediction';
import { WARM_UP_MS } from '../predictions/readPrediction';
import type { Waiter } from '../predictions/waiter';
import type { Place, Places } from '../pace/places';
import type { CancelSignal } from '../time/cancellation';
import { beforeSubmit } from '../time/beforeSubmit';
import type { Clock } from '../time/clock';
import { placeOf } from './body';
import { lostError, notReusedError } from './errors';
import type { Leftovers } from './leftovers';
import type { Ledger } from './ledger';
import type { LostSearch } from './lostSearch';
import {
	factsOf,
	idOf,
	isModerated,
	isPaid,
	isUnresolved,
	type Fate,
	type Origin,
	type PurchaseRecord,
} from './record';
import { identify, type Identity, type PurchaseRequest } from './request';
import type { FoundRow, Search } from './search';
import { submit, type Submitted } from './submit';
import { timingKey } from './timingKey';

/** What the rest of the house does for a purchase. */
export interface Hands {
	clock: Clock;
	/** Cancel of the execution, or stop of the batch: keeps submits from leaving. */
	signal: CancelSignal | undefined;
	ledger: Ledger;
	search: Search;
	lostSearch: LostSearch;
	/** What earlier runs of this node paid for and did not return. */
	leftovers: Leftovers;
	uploads: Uploads;
	places: Places;
	waiter: Waiter;
	/** Sends the billable request, once. */
	post(path: string, body: JsonObject, headers: Record<string, string>): Promise<Exchange>;
	/** Whether Atlas knows a prediction of this model. Whatever goes wrong is a no. @throws CancelledError */
	isKnown(predictionId: string, model: string): Promise<boolean>;
	/** Whether Atlas has deleted the files of a finished prediction. @throws CancelledError */
	areFilesGone(row: FoundRow): Promise<boolean>;
	/** Our clock, in ms: when this run began. */
	startedAtMs: number;
	/** Our clock, in ms: when the retried execution began; null unless a person retries one. */
	retriedSinceMs: number | null;
	/** Called when a purchase fails, before the next one gets its place: if this stops the batch, that one is not bought. */
	onFault: () => void;
}

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

/** A purchase whose inputs are not known yet. */
interface Started {
	hands: Hands;
	request: PurchaseRequest;
	place: Place;
	/** Whether what was bought before is looked for no more: its time is up. */
	isGivenUp: boolean;
}

/** One purchase on its way. */
interface Purchase extends Started {
	identity: Identity;
}

const HOUR_MS = 3_600_000;

/**
 * How much earlier than the retried execution a prediction may be, in ms. The crashed machine's clock may have been
 * wrong, and comparing the content of a few more inputs does no harm.
 */
const RETRY_SLACK_MS = HOUR_MS;

/**
 * Brings one purchase to its end, whatever earlier attempts and executions came to. The record is the state; each turn of
 * the loop settles it, and `submit` alone sends anything that costs.
 * @param then `wait`: until it is over, or its time is up. `leave`: return its ID
 * @throws AtlasError; CancelledError
 */
export async function buy(hands: Hands, request: PurchaseRequest, then: 'wait' | 'leave'): Promise<Bought> {
	const { body, inputs, model } = request;
	// Taken before the files are read: with a concurrency of 1, items keep their order, whatever their files' sizes.
	const place = await hands.places.prepare({ model, shape: timingKey(body, inputs.length), then });
	return await settle({ hands, request, place, isGivenUp: false }, then)
		.then((bought) => {
			place.leave(bought.prediction);
			return bought;
		})
		.catch((error: unknown) => {
			hands.onFault();
			throw error;
		})
		.finally(() => {
			place.leave();
			hands.ledger.close(request);
			// What was resumed is not uploaded, and its files need not be kept.
			for (const { file } of inputs) file?.release?.();
		});
}

/** The loop over the record's state. */
async function settle(started: Started, then: 'wait' | 'leave'): Promise<Bought> {
	const { hands, place, request } = started;
	const { purchase, record: recalled } = await beforeSubmit(
		hands.clock,
		request.timeoutMs,
		'Reading the files and looking for earlier results',
		prepare(started),
	).catch((error: unknown) => {
		started.isGivenUp = true;
		throw error;
	});
	let record = recalled;
	let submitted: Submitted | null = null;
	// It may be running already: the service's limit is none for it. With a limit of the run's own, a search is one of those.
	const isWithinLimit = hands.places.options.hardLimit === null || (record && !isUnresolved(record));
	if (record && isWithinLimit) place.resume();
	for (;;) {
		switch (record?.fate.state) {
			// Nothing is bought, or what was has come to nothing.
			case undefined:
			case 'refused':
				submitted = await submit(hands, request, purchase.identity, place);
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
				record = undefined;
				break;
			case 'bought':
			case 'done': {
				const bought = boughtOf(record, submitted);
				if (then === 'leave') return bought;
				place.resume();
				const waited = await wait(purchase, record);
				// A reused one that failed meanwhile is bought anew.
				if (waited !== 'failed') return { ...bought, predictionId: waited.id, prediction: waited.prediction };
			}
		}
	}
}

async function prepare(
	started: Started,
): Promise<{ purchase: Purchase; record: PurchaseRecord | undefined }> {
	const identity = await identify(started.request, started.hands.uploads);
	const purchase: Purchase = Object.assign(started, { identity });
	return { purchase, record: await recall(purchase) };
}

/** What is bought for this request already: by an attempt before, the retried execution, a failed run, or lately by any. */
async function recall(purchase: Purchase): Promise<PurchaseRecord | undefined> {
	const { hands, request, identity } = purchase;
	const { ledger, search, clock, retriedSinceMs } = hands;
	const own = ledger.open(request, identity.fingerprint);
	const isOfRetried = own !== undefined && own.executionId !== ledger.executionId;
	if (own && (isUnresolved(own) || isPaid(own) || isModerated(own))) {
		if (isOfRetried) ledger.resume(own);
		return own;
	}
	// The item's own record proves that nothing was created: what others bought since is not its.
	const isProven = own?.fate.state === 'refused';
	if (retriedSinceMs !== null && !isProven && (!own || isOfRetried)) {
		const wish = {
			identity,
			sinceMs: retriedSinceMs - RETRY_SLACK_MS,
			mayHaveFailed: true,
			giveUpAtMs: clock.nowMs() + request.timeoutMs,
		};
		const found = await search.take(wish, (row) => adopt(purchase, row, 'own'));
		if (found && (isPaid(found) || isModerated(found))) return found;
	}
	return takeLeftover(purchase) ?? (await reuse(purchase));
}

/** What an earlier run of this node paid for and did not return. */
function takeLeftover({ hands, request, identity, isGivenUp }: Purchase): PurchaseRecord | undefined {
	const { leftovers, ledger, clock } = hands;
	if (isGivenUp) return undefined;
	for (let left = leftovers.take(identity.fingerprint); left; left = leftovers.take(identity.fingerprint)) {
		const { id, facts } = left;
		const fate = { state: 'bought', id } as const;
		const record = ledger.adopt(
			request,
			{ ...facts, bodyHash: '', sentAtMs: clock.nowMs() },
			fate,
			'failedRun',
		);
		if (record) return record;
	}
	return undefined;
}

/** What was bought for the same request within the last hours: the option Reuse Paid Results. */
async function reuse(purchase: Purchase): Promise<PurchaseRecord | undefined> {
	const { hands, request, identity } = purchase;
	const { ledger, search, clock, startedAtMs } = hands;
	while (request.reuseHours > 0) {
		const wish = {
			identity,
			sinceMs: startedAtMs - request.reuseHours * HOUR_MS,
			mayHaveFailed: false,
			giveUpAtMs: clock.nowMs() + request.timeoutMs,
		};
		const adoptRow = (row: FoundRow) => {
			const record = adopt(purchase, row, 'reused');
			return record && { record, row };
		};
		const taken = await search.take(wish, adoptRow).catch((error: unknown) => {
			throw notReusedError(error);
		});
		if (!taken) return undefined;
		const { record, row } = taken;
		if (!(await hands.areFilesGone(row))) return record;
		// It stays this item's, so that no other item tries it.
		ledger.settle(record, {
			state: 'failed',
			id: row.id,
			why: 'Atlas Cloud deleted its files',
			isModerated: false,
		});
	}
	return undefined;
}

/** Makes a prediction that was bought before the item's. */
function adopt(
	{ hands, request, identity, isGivenUp }: Purchase,
	row: FoundRow,
	origin: Origin,
): PurchaseRecord | null {
	if (isGivenUp) return null;
	const { id, state } = row;
	const images = identity.inputs.map(({ path }) => shownInput(row.body.values.get(placeOf(path)) ?? ''));
	// Its time starts anew: nobody has waited for it in this execution yet.
	const facts = factsOf(request, identity, { images, bodyHash: '', sentAtMs: hands.clock.nowMs() });
	const fate: Fate & { id: string } =
		state === 'paid'
			? { state: 'bought', id }
			: { state: 'failed', id, why: '', isModerated: state === 'moderated' };
	return hands.ledger.adopt(request, facts, fate, origin);
}

/** @returns the record, bought; undefined if it may be submitted once more. @throws AtlasError `unknown`; CancelledError */
async function lookFor(
	{ hands, request }: Purchase,
	record: PurchaseRecord,
	submitted: Submitted | null,
): Promise<PurchaseRecord | undefined> {
	const { ledger, lostSearch } = hands;
	const reportedId = record.fate.state === 'lost' ? record.fate.reportedId : undefined;
	ledger.settle(record, { state: 'lost', reportedId });
	if (reportedId !== undefined) {
		ledger.noteMaybe(record, [reportedId]);
		if (await claimReported(hands, record, reportedId)) return record;
	}
	const found = await lostSearch.find(record);
	if (found.kind === 'found') {
		ledger.settle(record, { state: 'bought', id: found.id });
		return record;
	}
	if (found.kind === 'unclear') ledger.noteMaybe(record, found.ids);
	// Only once, because each time may be billed, and never if Atlas gave an ID.
	const mayResubmit = request.mayResubmit && reportedId === undefined && !record.wasResubmitted;
	if (found.kind === 'none' && mayResubmit) return undefined;
	throw lostError(record, submitted?.record === record ? submitted.exchange : null, found);
}

/** Takes an ID that an error reports. @returns false if it is no prediction of this model, or another item has it */
async function claimReported(
	{ ledger, isKnown }: Hands,
	record: PurchaseRecord,
	id: string,
): Promise<boolean> {
	// Before Atlas is asked: meanwhile, neither a search nor the same answer again may give it to another item.
	if (!ledger.claim(id)) return false;
	if (await isKnown(id, record.model)) {
		ledger.settle(record, { state: 'bought', id });
		return true;
	}
	ledger.release(id);
	return false;
}

type Waited = { id: string; prediction: Prediction | null } | 'failed';

/** Waits until the prediction is over, or its time is up; `failed`: a reused one failed. @throws AtlasError; CancelledError */
async function wait(purchase: Purchase, record: PurchaseRecord): Promise<Waited> {
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

function boughtOf(record: PurchaseRecord, submitted: Submitted | null): Bought {
	const { model, prompt, size, images } = record;
	const answer = submitted?.record === record ? submitted.answer : null;
	return { predictionId: idOf(record) ?? '', model, prompt, size, images, answer, prediction: null };
}

/** A kept value of an input, as people may see it. */
function shownInput(value: string): string {
	return /^https?:/i.test(value) ? truncate(value) : 'data:…';
}
