import type { TimeSpan } from './atlasClock';
import { MOST_PREDICTION_BYTES, type Answer, type AtlasClient } from './client';
import { AtlasError } from './errors';
import { sha256 } from './hash';
import { asArray, asNumber, asObject, asString, canonicalJson, parseJson, type JsonObject } from './json';
import { isPredictionId, toPrediction, type Prediction } from './predictions';

/** One task in the account's history [C]. */
export interface HistoryTask {
	predictionId: string;
	/** Unix seconds on Atlas's clock; null where not told. */
	createdAtSeconds: number | null;
	/** When it was created on our clock; null where Atlas did not say, or its clock cannot be believed. */
	created: TimeSpan | null;
	model: string | null;
	/** The body as it was sent; null where it cannot be read. */
	request: JsonObject | null;
	/** The {@link bodyHash} of `request`. */
	requestHash: string | null;
	prediction: Prediction;
}

export interface HistoryFilter {
	/** Our clock, in ms: no page is asked for again after this. */
	giveUpAtMs?: number;
	model?: string;
	status?: string;
}

const PAGE_SIZE = 50;
/** Pages in a row with nothing new on them, after which a history is over: it would tell the same for ever. */
const MOST_STALE_PAGES = 3;

/** The hash by which a body as sent is compared with a task's `requestBody`. */
export function bodyHash(body: unknown): string {
	return sha256(canonicalJson(body));
}

function toTask(value: unknown): HistoryTask | null {
	const item = asObject(value);
	if (!item) return null;
	const result = asObject(item.result) ?? {};
	// `ID` may be the history's own number: the prediction's id is what its record says, where there is one.
	const predictionId = [result.id, item.sessionID, item.ID, item.id].find(isPredictionId);
	if (predictionId === undefined) return null;
	const { requestBody } = item;
	const request = asObject(typeof requestBody === 'string' ? parseJson(requestBody) : requestBody) ?? null;
	const createdAt = item.createdAt ?? item.created_at;
	const told = { created_at: createdAt, model: item.model, ...result, input: request };
	const record = { ...told, id: predictionId, status: result.status ?? item.status ?? '' };
	const prediction = toPrediction(predictionId, record, false);
	if (!prediction) return null;
	return {
		predictionId,
		createdAtSeconds: asNumber(createdAt),
		created: null,
		model: prediction.model ?? asString(request?.model),
		request,
		requestHash: request && bodyHash(request),
		prediction,
	};
}

/** A task with its time on our clock: the answer that tells of it tells Atlas's clock as well. */
function toTimedTask(client: AtlasClient, item: unknown, answer: Answer): HistoryTask | null {
	const task = toTask(item);
	if (!task || task.createdAtSeconds === null) return task;
	return { ...task, created: client.atlasClock.toOurs(task.createdAtSeconds * 1_000, answer) };
}

/** A broken answer must not pass for an empty history: an edit would be called unknown to Atlas that is in it. */
function isPage(json: unknown): boolean {
	const data = asObject(asObject(json)?.data);
	return Array.isArray(data?.items) || (data?.items === null && asNumber(data.total) === 0);
}

interface Page {
	tasks: Array<HistoryTask | null>;
	total: number | null;
}

/** One page of the history. Where it is too large to be read (requests may hold data URIs), it is read in smaller ones. */
async function readPage(
	client: AtlasClient,
	filter: HistoryFilter,
	pageNo: number,
	pageSize: number,
): Promise<Page> {
	const query = new URLSearchParams({ no: String(pageNo), size: String(pageSize) });
	if (filter.model) query.set('model', filter.model);
	if (filter.status) query.set('status', filter.status);
	const path = `/api/v1/model/history?${query.toString()}`;
	const asksForLess = pageSize > 1;
	const mostBytes = asksForLess ? undefined : MOST_PREDICTION_BYTES;
	const answer = await client
		.get(path, 'read the prediction history', {
			isUsable: isPage,
			mostBytes,
			asksForLess,
			giveUpAtMs: filter.giveUpAtMs,
		})
		.catch((error: unknown) => {
			if (asksForLess && error instanceof AtlasError && error.isTooLarge) return null;
			throw error;
		});
	if (answer) {
		const data = asObject(asObject(answer.json)?.data);
		return { tasks: asArray(data?.items).map((item) => toTimedTask(client, item, answer)), total: asNumber(data?.total) };
	}
	const smallerSize = pageSize % 10 === 0 && pageSize > 10 ? 10 : 1;
	const count = pageSize / smallerSize;
	const whole: Page = { tasks: [], total: null };
	for (let i = 1; i <= count; i++) {
		const { tasks, total } = await readPage(client, filter, (pageNo - 1) * count + i, smallerSize);
		whole.tasks.push(...tasks);
		whole.total = total;
		if (tasks.length < smallerSize) break;
	}
	return whole;
}

/**
 * The account's history, newest first, page after page as far as the caller reads.
 * @throws AtlasError (`read`) when a page cannot be had.
 */
export async function* readHistory(
	client: AtlasClient,
	filter: HistoryFilter = {},
	pageSize = PAGE_SIZE,
): AsyncGenerator<HistoryTask> {
	const seen = new Set<string>();
	let stalePages = 0;
	let rows = 0;
	for (let pageNo = 1; stalePages < MOST_STALE_PAGES; pageNo++) {
		const { tasks, total } = await readPage(client, filter, pageNo, pageSize);
		const before = seen.size;
		for (const task of tasks) {
			// New tasks push older ones onto the next page while we read: each is told once.
			if (!task || seen.has(task.predictionId)) continue;
			seen.add(task.predictionId);
			yield task;
		}
		stalePages = seen.size === before ? stalePages + 1 : 0;
		// Counted, for Atlas may give fewer a page than were asked for.
		rows += tasks.length;
		if (tasks.length === 0 || (total !== null && rows >= total)) return;
		if (total === null && tasks.length < pageSize) return;
	}
}
