import { isSuccess } from '../http/answer';
import { MAX_ANSWER_BYTES, type AtlasClient } from '../http/client';
import { asObject, asString } from '../json';
import type { RateLimiter } from '../pace/rateLimiter';
import { isPage, pathOfPage } from './history';
import { statusOf, toPrediction, type Prediction } from './prediction';
import { within } from './readPrediction';
import type { Waiting } from './waiting';

/** What a look showed of a prediction, and when. */
export interface Shown {
	atMs: number;
	/** `unclear`: it is over, but nothing tells how. */
	kind: 'inProgress' | 'missing' | 'unclear' | 'completed';
	prediction?: Prediction;
}

/**
 * Reads a page of the history, once.
 * @returns null if it cannot be read, or is no page of Atlas's
 */
export async function readRows(
	limiter: RateLimiter,
	client: AtlasClient,
	model: string,
	pageNo: number,
): Promise<unknown[] | null> {
	const permit = await limiter.acquire(undefined);
	const exchange = await within(permit, client.poll(pathOfPage({ model }, pageNo), MAX_ANSWER_BYTES));
	const { answer } = exchange;
	if (!answer || !isSuccess(answer) || !isPage(answer.json)) return null;
	return (asObject(asObject(answer.json)?.data)?.items as unknown[] | null) ?? [];
}

export function statusOfRow(row: unknown): Prediction['status'] {
	const { result, status } = asObject(row) ?? {};
	return statusOf(asString(asObject(result)?.status) ?? asString(status));
}

/** What a row says of a prediction, by the rules for polls. One of another prediction says nothing. */
export function shownOf(waiting: Waiting, row: unknown, atMs: number): Shown {
	const { result, model } = asObject(row) ?? {};
	const record = asObject(result);
	const rowModel = asString(record?.model) ?? asString(model);
	const isOfAnother = waiting.model !== '' && rowModel !== null && rowModel !== waiting.model;
	if (row === undefined || isOfAnother) return { atMs, kind: 'missing' };
	if (statusOfRow(row) === 'processing') return { atMs, kind: 'inProgress' };
	const prediction = record?.id === waiting.id ? toPrediction(waiting.id, record, false) : null;
	const hasResult = prediction !== null && (prediction.outputs.length > 0 || prediction.text !== null);
	if (!hasResult || prediction.status !== 'completed') return { atMs, kind: 'unclear' };
	return { atMs, kind: 'completed', prediction };
}
