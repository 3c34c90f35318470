import { cappedRetryAfterMs, effectiveStatus, type Exchange } from '../http/answer';
import type { JsonObject } from '../json';
import { predictionObject } from '../predictions/prediction';
import { noteSubmitted } from '../predictions/readPrediction';
import { backoffMs, beforeSubmit, pauseMs, throwIfAborted } from '../time/clock';
import { hashOf, valuesOf } from './body';
import type { PurchaseTools } from './tools';
import { notCreatedError, throttledError } from './errors';
import { outcomeOf } from './outcome';
import type { Place } from '../pace/places';
import { factsOf, shownInput, type PurchaseRecord } from './record';
import { placeAt, type Identity, type InputPath, type PurchaseRequest } from './request';

/** What came of a submit. */
export interface Submitted {
	/** `bought`, or `lost`. */
	record: PurchaseRecord;
	exchange: Exchange;
	/** The prediction's record in the answer; null if it holds none. */
	answer: JsonObject | null;
}

/**
 * The only code that sends anything that costs. Uploads the inputs, and sends the request until Atlas has it or may have
 * it; sends it again only if it is known that nothing was created.
 * @throws AtlasError `refused` if nothing was created; CancelledError
 */
export async function submit(
	tools: PurchaseTools,
	request: PurchaseRequest,
	identity: Identity,
	place: Place,
): Promise<Submitted> {
	const { ledger, clock, signal, uploads } = tools;
	const uploaded = await uploadInputs(tools, request);
	const body = placeAt(request.body, uploaded);
	const bodyToSend = request.webhookUrl === undefined ? body : { ...body, webhook_url: request.webhookUrl };
	const bodyHash = hashOf(valuesOf(body));
	const images = uploaded.map(([, url]) => shownInput(url));
	let deadlineMs: number | null = null;
	let before: { record: PurchaseRecord; exchange: Exchange } | null = null;
	for (let attempt = 0; ; attempt++) {
		if (!(await enter(tools, place, bodyHash, deadlineMs, request.timeoutMs)))
			throw before
				? notCreatedError(before.exchange, before.record)
				: throttledError(ledger.current(request));
		// From this check until the request leaves, nothing may be awaited.
		throwIfAborted(signal);
		request.inputs.forEach(({ file }, i) => file && uploads.checkOwn(file, uploaded[i][1]));
		const sentAtMs = clock.nowMs();
		const record = ledger.begin(request, factsOf(request, identity, { images, bodyHash, sentAtMs }));
		// The item's time starts with its first submit: until then it only waits for others.
		deadlineMs ??= sentAtMs + request.timeoutMs;
		// The answer to a request that has left is awaited: after a cancel, for a few seconds.
		const exchange = await tools.client.post(request.endpoint, bodyToSend, request.headers);
		const endedAtMs = clock.nowMs();
		before = { record, exchange };
		const outcome = outcomeOf(exchange);
		switch (outcome.kind) {
			case 'created':
				place.answered('accepted');
				noteSubmitted(outcome.id, endedAtMs);
				// An answer with another item's ID is no answer: a gateway may repeat one.
				ledger.settle(
					record,
					ledger.claim(outcome.id) ? { state: 'bought', id: outcome.id } : { state: 'lost' },
					endedAtMs,
				);
				return { ...before, answer: predictionObject(exchange.answer?.json) ?? null };
			case 'inDoubt':
				place.answered(
					exchange.answer && effectiveStatus(exchange.answer) === 429
						? { retryAfterMs: cappedRetryAfterMs(exchange.answer), isInDoubt: true }
						: 'other',
				);
				ledger.settle(record, { state: 'lost', reportedId: outcome.reportedId }, endedAtMs);
				return { ...before, answer: null };
			case 'throttled':
				ledger.settle(record, { state: 'refused' }, endedAtMs);
				// The place is given back, and its model's submits pause.
				place.answered({ retryAfterMs: exchange.answer?.retryAfterMs ?? null });
				break;
			case 'notReady':
			case 'unreachable': {
				ledger.settle(record, { state: 'refused' }, endedAtMs);
				place.answered('other');
				const waitMs = backoffMs(attempt, 1_000, 15_000);
				if (clock.nowMs() + waitMs > deadlineMs) throw notCreatedError(exchange, record);
				await pauseMs(clock, waitMs, signal);
				break;
			}
			case 'refused':
			case 'notSent':
				ledger.settle(record, { state: 'refused' }, endedAtMs);
				place.answered('other');
				throw notCreatedError(exchange, record);
		}
	}
}

/** Waits until the submit may leave. @returns false if that is not in time */
async function enter(
	{ lostSearch, clock, signal }: PurchaseTools,
	place: Place,
	bodyHash: string,
	deadlineMs: number | null,
	timeoutMs: number,
): Promise<boolean> {
	const limits = deadlineMs === null ? { maxPauseMs: timeoutMs } : { deadlineMs };
	for (;;) {
		// While a submit of the same body is lost, its prediction could be mistaken for this one's.
		while (lostSearch.isLooking(bodyHash)) await pauseMs(clock, 500, signal);
		if (!(await place.enter(limits))) return false;
		if (!lostSearch.isLooking(bodyHash)) return true;
		// Others need not wait for the search as well.
		place.leave();
	}
}

/** An upload that hangs ends within the item's Timeout. */
async function uploadInputs(
	{ uploads, clock }: PurchaseTools,
	request: PurchaseRequest,
): Promise<Array<[InputPath, string]>> {
	const { inputs, itemIndex } = request;
	const uploaded = Promise.all(
		inputs.map(async ({ path, file, url }): Promise<[InputPath, string]> => [
			path,
			file ? await uploads.url(file, itemIndex) : url,
		]),
	);
	return await beforeSubmit(clock, request, 'uploading the files', uploaded);
}
