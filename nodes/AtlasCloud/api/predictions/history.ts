import { isTooLarge, type Answer } from '../http/answer';
import { MAX_PREDICTION_BYTES, type AtlasClient } from '../http/client';
import { isRetryable } from '../http/retry';
import { AtlasError } from '../errors';
import { asNumber, asObject, asString, isShallow, omit, parseJson, type JsonObject } from '../json';
import { isPredictionId, type Prediction, type PredictionStatus, statusOf, toPrediction } from './prediction';

export interface HistoryFilter {
	model?: string;
	predictionId?: string;
	/** Our clock, in ms: no page is retried after this. */
	giveUpAtMs?: number;
}

export const PAGE_SIZE = 50;

/** While others submit, rows shift by a page and more: so many pages in a row may hold nothing new. */
const MAX_STALE_PAGES = 5;

/**
 * The predictions in the account's history, newest first: see docs/atlas-cloud-api.md, History. Pages are read only as far
 * as the caller iterates.
 * @throws AtlasError (`read`) when a page cannot be read, or the history is longer than `maxPages`
 */
export async function* readHistory(
	client: AtlasClient,
	filter: HistoryFilter,
	maxPages: number,
	pageSize = PAGE_SIZE,
): AsyncGenerator<Prediction> {
	const readPage = pageReader(client, filter);
	const seenIds = new Set<string>();
	let stalePages = 0;
	let rowsRead = 0;
	for (let pageNo = 1; stalePages < MAX_STALE_PAGES; pageNo++) {
		if (pageNo > maxPages)
			throw new AtlasError(
				`The prediction history is too long to search: it has more than ${maxPages * pageSize} predictions`,
				{
					kind: 'read',
					description:
						'Check your predictions at atlascloud.ai, or with Prediction > Get and a prediction ID.',
				},
			);
		const seenBefore = seenIds.size;
		let pageRows = 0;
		let total: number | null = null;
		for await (const part of readPage(pageNo, pageSize)) {
			({ total } = part);
			pageRows += part.items.length;
			for (const item of part.items) {
				const prediction = predictionOfRow(item);
				// New tasks push older ones onto the next page.
				if (!prediction || seenIds.has(prediction.predictionId)) continue;
				seenIds.add(prediction.predictionId);
				yield prediction;
			}
		}
		rowsRead += pageRows;
		stalePages = seenIds.size === seenBefore ? stalePages + 1 : 0;
		// With a total, a page that is not full is not the last one: Atlas may give fewer rows than were asked for.
		const isLast = total === null ? pageRows < pageSize : rowsRead >= total;
		if (isLast || pageRows === 0) return;
	}
}

/** Rows of the history, as they came. */
export interface HistoryPage {
	items: unknown[];
	total: number | null;
	answer: Answer;
}

/** The path of a page of the history. Pages count from 1. */
export function pathOfPage(
	{ model, predictionId }: HistoryFilter,
	pageNo: number,
	pageSize = PAGE_SIZE,
): string {
	const query = new URLSearchParams({ no: String(pageNo), size: String(pageSize) });
	if (model) query.set('model', model);
	if (predictionId) query.set('sessionID', predictionId);
	return `/api/v1/model/history?${query.toString()}`;
}

/**
 * Reads pages of the history. If one is too large to be read (requests may hold data URIs), it and all others come in
 * smaller parts, one after the other: together they might not fit into memory.
 * @returns reads a page. It throws AtlasError (`read`); CancelledError
 */
export function pageReader(client: AtlasClient, filter: HistoryFilter) {
	let tooManyRows = Infinity;

	/** @returns null if the page is too large and smaller ones can be asked for */
	async function fetchPage(pageNo: number, pageSize: number): Promise<HistoryPage | null> {
		const canAskForLess = pageSize > 1;
		const answer = await client
			.read(pathOfPage(filter, pageNo, pageSize), 'read the prediction history', {
				isUsable: (json) => rowsOfPage(json) !== null,
				isRetryable: (exchange) => isRetryable(exchange) && !(canAskForLess && isTooLarge(exchange)),
				maxBytes: canAskForLess ? undefined : MAX_PREDICTION_BYTES,
				giveUpAtMs: filter.giveUpAtMs,
			})
			.catch((error: unknown) => {
				if (canAskForLess && error instanceof AtlasError && error.isTooLarge) return null;
				throw error;
			});
		if (!answer) return null;
		const total = asNumber(asObject(asObject(answer.json)?.data)?.total);
		return { items: rowsOfPage(answer.json) ?? [], total, answer };
	}

	return async function* readPage(pageNo: number, pageSize: number): AsyncGenerator<HistoryPage> {
		const page = pageSize < tooManyRows ? await fetchPage(pageNo, pageSize) : null;
		if (page) {
			yield page;
			return;
		}
		tooManyRows = Math.min(pageSize, tooManyRows);
		const partSize = pageSize % 10 === 0 && pageSize > 10 ? 10 : 1;
		const partCount = pageSize / partSize;
		const firstPartNo = (pageNo - 1) * partCount + 1;
		for (let partNo = firstPartNo; partNo < firstPartNo + partCount; partNo++) {
			let rows = 0;
			for await (const part of readPage(partNo, partSize)) {
				rows += part.items.length;
				yield part;
			}
			if (rows === 0) return;
		}
	};
}

/** A page's rows. Null for a broken answer, which must not pass for an empty history: an edit would seem not to exist. */
export function rowsOfPage(json: unknown): unknown[] | null {
	const data = asObject(asObject(json)?.data);
	if (data?.items === null && asNumber(data.total) === 0) return [];
	return Array.isArray(data?.items) ? data.items : null;
}

/** The ID of a row's prediction. `ID` may be the history's own number, so the prediction's record goes first. */
export function idOfRow(value: unknown): string | undefined {
	const row = asObject(value);
	return [asObject(row?.result)?.id, row?.sessionID, row?.ID, row?.id].find(isPredictionId);
}

/** The status of a row's prediction. */
export function statusOfRow(row: unknown): PredictionStatus {
	const { result, status } = asObject(row) ?? {};
	return statusOf(asString(asObject(result)?.status) ?? asString(status));
}

/** What a row showed of a prediction, and when. */
export interface Shown {
	atMs: number;
	/** `unclear`: it is over, but nothing tells how. */
	kind: 'inProgress' | 'missing' | 'unclear' | 'completed';
	prediction?: Prediction;
}

/**
 * What a row says of a prediction, by the rules for polls. One of another prediction says nothing.
 * @param expected its `model` is empty where it is not known
 */
export function shownOf(expected: { id: string; model: string }, row: unknown, atMs: number): Shown {
	const { result, model } = asObject(row) ?? {};
	const record = asObject(result);
	const rowModel = asString(record?.model) ?? asString(model);
	const isOfAnother = expected.model !== '' && rowModel !== null && rowModel !== expected.model;
	if (row === undefined || isOfAnother) return { atMs, kind: 'missing' };
	if (statusOfRow(row) === 'processing') return { atMs, kind: 'inProgress' };
	const prediction = record?.id === expected.id ? toPrediction(expected.id, record, false) : null;
	const hasResult = prediction !== null && (prediction.outputs.length > 0 || prediction.text !== null);
	if (!hasResult || prediction.status !== 'completed') return { atMs, kind: 'unclear' };
	return { atMs, kind: 'completed', prediction };
}

/** A row's prediction. Another program's can hold anything, and must not break the search for ours: null if it has no ID. */
function predictionOfRow(row: unknown): Prediction | null {
	const predictionId = idOfRow(row);
	if (predictionId === undefined) return null;
	const { createdAt, created_at, model, requestBody, result, status } = asObject(row) ?? {};
	const body = typeof requestBody === 'string' ? parseJson(requestBody) : requestBody;
	const request = isShallow(body) ? asObject(body) : undefined;
	const record: JsonObject = { model, ...asObject(result) };
	record.createdAt = createdAt ?? created_at ?? record.createdAt;
	record.input = request ? omit(request, 'webhook_url') : null;
	record.status ??= status ?? '';
	return toPrediction(predictionId, { ...record, id: predictionId }, false);
}
