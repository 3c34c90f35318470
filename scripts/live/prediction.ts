/* Buys one prediction and watches it to its end, and what the history shows of it meanwhile. */
import { asArray, asNumber, asObject, asString } from '../../nodes/AtlasCloud/api/json';
import { itemsOf, type Answer, type LiveApi } from './api';
import type { Purse } from './purse';

const DONE = ['completed', 'succeeded', 'success'];
const OVER = [...DONE, 'failed', 'canceled', 'cancelled', 'error', 'timeout'];

export interface WatchLimits {
	pollEveryMs: number;
	/** For a prediction to end. */
	predictionSeconds: number;
	/** For a price, or a row of the history, that is not there when it ends. */
	afterwardsSeconds: number;
}

/** A status, and how long after the submit it was first seen. */
export interface Sighting {
	status: string;
	afterMs: number;
}

export interface Watched {
	body: object;
	submit: Answer;
	id: string | null;
	quotedUsd: number | null;
	/** Times in ms since the answer to the submit. */
	notVisible: { status: number; untilMs: number } | null;
	sightings: Sighting[];
	/** What the last poll said. */
	prediction: Record<string, unknown>;
	endedMs: number | null;
	/** The shape of a failure's answer: HTTP status. */
	endStatus: number;
	priceMs: number | null;
	history: {
		firstSeenMs: number | null;
		sightings: Sighting[];
		endedMs: number | null;
		row: Record<string, unknown> | null;
	};
}

/** What a submit of this body would cost the account; null if Atlas does not say. */
export async function quote(api: LiveApi, body: object): Promise<{ answer: Answer; usd: number | null }> {
	const answer = await api.call('/api/v1/model/calculate', { method: 'POST', json: body });
	return { answer, usd: answer.status === 200 ? asNumber(answer.data.price) : null };
}

/** @throws Error if the purse does not allow it */
export async function buyAndWatch(
	api: LiveApi,
	purse: Purse,
	what: string,
	body: object,
	limits: WatchLimits,
): Promise<Watched> {
	const { usd } = await quote(api, body);
	purse.spend(what, usd);
	const submit = await api.call('/api/v1/model/generateImage', { method: 'POST', json: body });
	const id = asString(submit.data.id);
	const watched: Watched = {
		body,
		submit,
		id,
		quotedUsd: usd,
		notVisible: null,
		sightings: [],
		prediction: {},
		endedMs: null,
		endStatus: 0,
		priceMs: null,
		history: { firstSeenMs: null, sightings: [], endedMs: null, row: null },
	};
	if (id === null) return watched;
	sight(watched.sightings, submit.data.status, 0);
	await watch(api, watched, limits);
	return watched;
}

async function watch(api: LiveApi, watched: Watched, limits: WatchLimits): Promise<void> {
	const { clock } = api;
	const startMs = watched.submit.atMs;
	let giveUpMs = startMs + limits.predictionSeconds * 1000;
	while (clock.nowMs() < giveUpMs) {
		const hadEnded = watched.endedMs !== null;
		await Promise.all([poll(api, watched), look(api, watched)]);
		if (watched.endedMs !== null && !hadEnded) giveUpMs = clock.nowMs() + limits.afterwardsSeconds * 1000;
		if (isComplete(watched)) return;
		await clock.sleepMs(limits.pollEveryMs);
	}
}

/** A failed one has no price to wait for. */
function isComplete({ endedMs, prediction, priceMs, history }: Watched): boolean {
	const isDone = DONE.includes(String(prediction.status).toLowerCase());
	return endedMs !== null && history.endedMs !== null && (priceMs !== null || !isDone);
}

async function poll(api: LiveApi, watched: Watched): Promise<void> {
	if (watched.endedMs !== null && watched.priceMs !== null) return;
	const answer = await api.call(`/api/v1/model/prediction/${watched.id}`);
	const afterMs = answer.atMs - watched.submit.atMs;
	const status = asString(answer.data.status);
	if (status === null) {
		if (watched.endedMs === null && watched.sightings.length <= 1) {
			watched.notVisible = { status: answer.status, untilMs: afterMs };
		}
		return;
	}
	watched.prediction = answer.data;
	sight(watched.sightings, status, afterMs);
	if (OVER.includes(status.toLowerCase()) && watched.endedMs === null) {
		watched.endedMs = afterMs;
		watched.endStatus = answer.status;
	}
	if (asNumber(answer.data.price) !== null) watched.priceMs ??= afterMs;
}

async function look(api: LiveApi, watched: Watched): Promise<void> {
	const { history } = watched;
	if (history.endedMs !== null) return;
	const answer = await api.call('/api/v1/model/history?no=1&size=50');
	const row = itemsOf(answer).find(({ ID }) => ID === watched.id);
	if (!row) return;
	const afterMs = answer.atMs - watched.submit.atMs;
	history.row = row;
	history.firstSeenMs ??= afterMs;
	sight(history.sightings, row.status, afterMs);
	if (OVER.includes(String(row.status).toLowerCase())) history.endedMs = afterMs;
}

function sight(sightings: Sighting[], status: unknown, afterMs: number): void {
	const word = asString(status) ?? '(none)';
	if (sightings.at(-1)?.status !== word) sightings.push({ status: word, afterMs });
}

export function isFinished({ prediction }: Watched): boolean {
	return DONE.includes(String(prediction.status).toLowerCase());
}

export function outputsOf({ prediction }: Watched): unknown[] {
	return asArray(prediction.outputs ?? (prediction.output === undefined ? [] : [prediction.output]));
}

export function rowResult({ history }: Watched): Record<string, unknown> | undefined {
	return asObject(history.row?.result);
}
