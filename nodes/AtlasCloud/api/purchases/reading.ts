import { AtlasError } from '../errors';
import type { AtlasClient } from '../http/client';
import { asObject, asString } from '../json';
import { idOfRow, pageReader } from '../predictions/history';
import { toPrediction, unixMs } from '../predictions/prediction';
import type { TimedAnswer } from '../time/atlasClock';
import { hashOf, readBody, type ReadBody } from './body';

/** What is kept of a row of the history: neither its record nor its request. */
export interface Row {
	/** Null where it has none that can be asked for. */
	id: string | null;
	/** Atlas's clock, in ms; null where the time is missing or makes no sense. */
	createdAtMs: number | null;
	/** What the row calls its model. */
	model: string | null;
	/** Whether it failed, as far as the row says. */
	state: 'paid' | 'moderated' | 'failed';
	isCompleted: boolean;
	body: ReadBody;
	/** Of the whole body; null where not all of it can be read. */
	bodyHash: string | null;
	/** Where its files are. */
	outputUrls: string[];
}

/** Rows of a window of time, in the order of the history. */
export interface Reading {
	rows: Row[];
	/** Of older rows on the same pages: they tell which fields a model's requests have. */
	olderBodies: ReadBody[];
	/** Our clock, in ms: since when. */
	sinceMs: number;
	/** Our clock, in ms, when it began. */
	startedAtMs: number;
	/** Whether no answer's clock contradicts the others: an old page may have been kept by a proxy. */
	isFresh: boolean;
}

/** Of a first and a second reading: a row that is missed between two pages is not between two pages of another size. */
const PAGE_SIZES = [50, 30];

/** The page size of one reading after another. */
export function pageSizeOf(reading: number): number {
	return PAGE_SIZES[reading % PAGE_SIZES.length];
}

/** Of all models, because a history may call a model by another name, and its filter, too. */
const MAX_ROWS = 10_000;

/** Atlas has no predictions from before. */
const FIRST_MS = Date.UTC(2023, 0);

/** No time can be later than now by more than the clocks may differ. */
const MAX_AHEAD_MS = 24 * 3_600_000;

/** Readings until two agree. */
const MAX_READINGS = 6;

/**
 * Pages that repeat one after another: each new row shifts the others, so this many pages of rows may come in between
 * two. A service that ignores the page number repeats the same one for ever.
 */
const MAX_REPEATED_PAGES = 30;

/**
 * Reads the account's history back to a time: see docs/atlas-cloud-api.md, History. Neither the order of rows nor `total`
 * nor a short page proves that there are no more: it reads until a whole page is older, or has no rows.
 * @param sinceMs our clock
 * @param giveUpAtMs our clock: no page is asked for again after this
 * @throws AtlasError (`read`) if it cannot be read to the end; CancelledError
 */
export async function readBackTo(
	client: AtlasClient,
	sinceMs: number,
	giveUpAtMs: number,
	pageSize: number,
): Promise<Reading> {
	const { clock } = client;
	const startedAtMs = clock.nowMs();
	const rows = new Map<string, Row>();
	const seen = new Set<string>();
	const olderBodies: ReadBody[] = [];
	const answers: TimedAnswer[] = [];
	const readPage = pageReader(client, { giveUpAtMs });
	let stalePages = 0;
	for (let pageNo = 1; pageNo <= MAX_ROWS / pageSize; pageNo++) {
		const seenBefore = seen.size;
		let count = 0;
		let isOver = true;
		for await (const { items, answer } of readPage(pageNo, pageSize)) {
			// Not the whole answer: its rows may hold files.
			const { sentAtMs, receivedAtMs, dateMs } = answer;
			answers.push({ sentAtMs, receivedAtMs, dateMs });
			count += items.length;
			for (const item of items) {
				const row = toRow(item, clock.nowMs());
				const key = row.id ?? `row ${seen.size}`;
				seen.add(key);
				// Pages of another size reach back to other rows.
				if (isOlder(client, row, sinceMs)) olderBodies.push(row.body);
				else {
					rows.set(key, row);
					isOver = false;
				}
			}
			// Others get a turn.
			await clock.sleepMs(0);
		}
		stalePages = seen.size === seenBefore ? stalePages + 1 : 0;
		// Asked for pages beyond the last one, a service may repeat it; but one that ignores the number repeats a full one.
		if (count === 0 || isOver || (stalePages > 0 && count < pageSize))
			return {
				rows: [...rows.values()],
				olderBodies,
				sinceMs,
				startedAtMs,
				isFresh: areFresh(client, answers),
			};
		if (stalePages > MAX_REPEATED_PAGES) throw unreadableError('its pages repeat');
	}
	throw unreadableError(`it has more than ${MAX_ROWS} predictions`);
}

/**
 * Reads until two readings agree: where rows shift while pages are read, one may be missed.
 * @param first a reading of the same time
 * @throws AtlasError (`read`); CancelledError
 */
export async function confirm(
	client: AtlasClient,
	sinceMs: number,
	giveUpAtMs: number,
	first: Reading,
): Promise<Reading> {
	let before = first;
	for (let i = 1; i < MAX_READINGS; i++) {
		const reading = await readBackTo(client, sinceMs, giveUpAtMs, pageSizeOf(i));
		if (reading.isFresh && agree(client, before, reading)) return reading;
		before = reading;
	}
	throw unreadableError('it changes while it is read');
}

/** Whether a later reading, which may not go back as far, shows the same rows, and besides only new ones. */
export function agree(client: AtlasClient, before: Reading, after: Reading): boolean {
	const ids = new Set(before.rows.map(({ id }) => id));
	const isNew = (row: Row) => {
		const { possible } = client.atlasClock.toOurClock(row.createdAtMs ?? 0);
		return row.createdAtMs !== null && possible.toMs >= before.startedAtMs;
	};
	const sinceMs = Math.max(before.sinceMs, after.sinceMs);
	const [earlier, later] = [before, after].map(({ rows }) =>
		rows.filter((row) => !isOlder(client, row, sinceMs)),
	);
	const added = later.filter(({ id }) => !ids.has(id));
	return later.length - added.length === earlier.length && added.every(isNew);
}

function isOlder(client: AtlasClient, { createdAtMs }: Row, sinceMs: number): boolean {
	return createdAtMs !== null && client.atlasClock.toOurClock(createdAtMs).possible.toMs < sinceMs;
}

function areFresh(client: AtlasClient, answers: TimedAnswer[]): boolean {
	return answers.every((answer) => client.atlasClock.isPlausible(answer));
}

function toRow(value: unknown, nowMs: number): Row {
	const item = asObject(value) ?? {};
	const result = asObject(item.result) ?? {};
	const id = idOfRow(item) ?? null;
	const createdAtMs = unixMs(item.createdAt ?? item.created_at ?? result.created_at ?? result.createdAt);
	const isOdd = createdAtMs === null || createdAtMs < FIRST_MS || createdAtMs > nowMs + MAX_AHEAD_MS;
	// Any other word, or none, may be that of one in progress.
	const status = asString(result.status) ?? asString(item.status) ?? '';
	const prediction = toPrediction(id ?? '', { ...result, id, status }, false);
	const body = readBody(item.requestBody ?? item.request_body);
	return {
		id,
		createdAtMs: isOdd ? null : createdAtMs,
		model: asString(item.model) ?? asString(result.model),
		// Only the prediction's own record tells that it failed.
		state:
			prediction?.status !== 'failed' || typeof result.status !== 'string'
				? 'paid'
				: prediction.isModerated
					? 'moderated'
					: 'failed',
		isCompleted: prediction?.status === 'completed',
		body,
		bodyHash: body.isWhole ? hashOf(body.values) : null,
		outputUrls: prediction?.outputs.flatMap(({ url }) => url ?? []) ?? [],
	};
}

function unreadableError(why: string): AtlasError {
	return new AtlasError(`The prediction history couldn’t be read to the end: ${why}`, {
		kind: 'read',
		description: 'Check your predictions at atlascloud.ai, or with Prediction > Get and a prediction ID.',
	});
}
