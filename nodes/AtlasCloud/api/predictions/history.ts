import type { TimeSpan } from '../http/atlasClock';
import { isTooLarge, type Answer } from '../http/answer';
import { MAX_PREDICTION_BYTES, type AtlasClient } from '../http/client';
import { isRetryable } from '../http/retryable';
import { AtlasError } from '../errors';
import { sha256 } from '../hash';
import {
	asArray,
	asNumber,
	asObject,
	asString,
	canonicalJson,
	isShallow,
	parseJson,
	type JsonObject,
} from '../json';
import { isPredictionId, toPrediction, unixMs, type Prediction } from './predictions';

/** One task in the account's history [C]. */
export interface HistoryTask {
	predictionId: string;
	/** When it was created on our clock; null where Atlas did not say, or its clock cannot be believed. */
	created: TimeSpan | null;
	model: string | null;
	/** The body as it was sent; null where it cannot be read. */
	request: JsonObject | null;
	/** The {@link bodyHash} of `request`. */
	readonly requestHash: string | null;
	prediction: Prediction;
}

export interface HistoryFilter {
	/** Our clock, in ms: no page is asked for again after this. */
	giveUpAtMs?: number;
	model?: string;
	status?: string;
}

export interface HistoryLimits {
	/** Pages after which a longer history is an error. */
	maxPages?: number;
	pageSize?: number;
}

const PAGE_SIZE = 50;

/** Two thousand tasks: who searches looks for one of the last day. */
const MAX_PAGES = 40;

/** Pages in a row with nothing new on them, after which a history is over: it would tell the same for ever. */
const MAX_STALE_PAGES = 3;

/** The hash by which a body as sent is compared with a task's `requestBody`. */
export function bodyHash(body: unknown): string {
	return sha256(canonicalJson(body));
}

/** A task with its time on our clock: the answer that tells of it tells Atlas's clock as well. */
function toTask(client: AtlasClient, value: unknown, answer: Answer): HistoryTask | null {
	const item = asObject(value);
	if (!item) return null;
	const result = asObject(item.result) ?? {};
	// `ID` may be the history's own number: the prediction's id is what its record says, where there is one.
	const predictionId = [result.id, item.sessionID, item.ID, item.id].find(isPredictionId);
	if (predictionId === undefined) return null;
	const { requestBody } = item;
	const body = typeof requestBody === 'string' ? parseJson(requestBody) : requestBody;
	// Anything can stand in another program's task, and one of them may not spoil the search for ours.
	const request = isShallow(body) ? (asObject(body) ?? null) : null;
	const createdAt = item.createdAt ?? item.created_at;
	const told = { createdAt, model: item.model, ...result, input: request };
	const record = { ...told, id: predictionId, status: result.status ?? item.status ?? '' };
	const prediction = toPrediction(predictionId, record, false);
	if (!prediction) return null;
	const createdAtMs = unixMs(createdAt);
	let hash: string | null | undefined;
	return {
		predictionId,
		created: createdAtMs === null ? null : client.atlasClock.toOurClock(createdAtMs, answer),
		model: prediction.model ?? asString(request?.model),
		request,
		// Only when it is asked for: a request may hold pictures.
		get requestHash() {
			return (hash ??= request && bodyHash(request));
		},
		prediction,
	};
}

/** A broken answer must not pass for an empty history: an edit would be called unknown to Atlas that is in it. */
function isPage(json: unknown): boolean {
	const data = asObject(asObject(json)?.data);
	return Array.isArray(data?.items) || (data?.items === null && asNumber(data.total) === 0);
}

interface Page {
	items: unknown[];
	answer: Answer;
	total: number | null;
}

/**
 * One page of the history. Where it is too large to be read (requests may hold data URIs), it comes in smaller ones,
 * one after the other: together they might not fit into memory.
 */
async function* readPage(
	client: AtlasClient,
	filter: HistoryFilter,
	pageNo: number,
	pageSize: number,
): AsyncGenerator<Page> {
	const query = new URLSearchParams({ no: String(pageNo), size: String(pageSize) });
	if (filter.model) query.set('model', filter.model);
	if (filter.status) query.set('status', filter.status);
	const path = `/api/v1/model/history?${query.toString()}`;
	const canAskForLess = pageSize > 1;
	const maxBytes = canAskForLess ? undefined : MAX_PREDICTION_BYTES;
	const answer = await client
		.get(path, 'read the prediction history', {
			isUsable: isPage,
			maxBytes,
			isRetryable: (exchange) => isRetryable(exchange) && !(canAskForLess && isTooLarge(exchange)),
			giveUpAtMs: filter.giveUpAtMs,
		})
		.catch((error: unknown) => {
			if (canAskForLess && error instanceof AtlasError && error.isTooLarge) return null;
			throw error;
		});
	if (answer) {
		const data = asObject(asObject(answer.json)?.data);
		yield { items: asArray(data?.items), total: asNumber(data?.total), answer };
		return;
	}
	const smallerSize = pageSize % 10 === 0 && pageSize > 10 ? 10 : 1;
	const count = pageSize / smallerSize;
	for (let i = 1; i <= count; i++) {
		let rows = 0;
		for await (const page of readPage(client, filter, (pageNo - 1) * count + i, smallerSize)) {
			rows += page.items.length;
			yield page;
		}
		if (rows < smallerSize) return;
	}
}

/**
 * The account's history, newest first, page after page as far as the caller reads.
 * @throws AtlasError (`read`) when a page cannot be had, or the history is longer than `maxPages`.
 */
export async function* readHistory(
	client: AtlasClient,
	filter: HistoryFilter = {},
	{ maxPages = MAX_PAGES, pageSize = PAGE_SIZE }: HistoryLimits = {},
): AsyncGenerator<HistoryTask> {
	const seen = new Set<string>();
	let stalePages = 0;
	let rows = 0;
	for (let pageNo = 1; stalePages < MAX_STALE_PAGES; pageNo++) {
		if (pageNo > maxPages) throw tooLongError(maxPages * pageSize);
		const before = seen.size;
		let total: number | null = null;
		let rowsHere = 0;
		for await (const page of readPage(client, filter, pageNo, pageSize)) {
			for (const item of page.items) {
				const task = toTask(client, item, page.answer);
				// New tasks push older ones onto the next page while we read: each is told once.
				if (!task || seen.has(task.predictionId)) continue;
				seen.add(task.predictionId);
				yield task;
			}
			({ total } = page);
			rowsHere += page.items.length;
		}
		stalePages = seen.size === before ? stalePages + 1 : 0;
		// Counted, for Atlas may give fewer a page than were asked for.
		rows += rowsHere;
		if (rowsHere === 0 || (total !== null && rows >= total)) return;
		if (total === null && rowsHere < pageSize) return;
	}
}

function tooLongError(count: number): AtlasError {
	return new AtlasError(
		`The prediction history is too long to search: it goes on after ${count} predictions`,
		{
			kind: 'read',
			description: 'Look at the predictions at atlascloud.ai, or with the operation Get and an id.',
		},
	);
}
