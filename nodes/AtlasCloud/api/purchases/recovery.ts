import type { TimeSpan } from '../http/atlasClock';
import type { AtlasClient } from '../http/client';
import { readHistory, type HistoryTask } from '../predictions/history';
import type { RemoteContent } from '../files/remoteContent';
import { asArray, asString, canonicalJson, type JsonObject } from '../json';
import { memoize } from '../flow/memoize';
import { Semaphore } from '../flow/semaphore';
import { contentTag, parseUploadUrl } from '../files/uploadNames';

/** An input picture by its content, or by the address that the item gives. */
export type InputIdentity = { sha256: string; sizeBytes: number; url?: undefined } | { url: string };

/** What an edit's request looks like, wherever its pictures were uploaded to. */
export interface RequestShape {
	/** The body without `images`. */
	body: JsonObject & { model: string };
	pictures: InputIdentity[];
}

/** What the items of the node have, or look for, themselves. */
export interface KnownEdits {
	claimedIds(): string[];
	/** Whether an item that looks for a task of this body may still find this one. */
	isSought(hash: string, created: TimeSpan | null): boolean;
}

/** The clock of the machine that crashed may have been wrong, and what is compared is the content: an hour does no harm. */
const SLACK_MS = 3_600_000;

/** Tasks whose files are compared at the same time. */
const COMPARED_AT_ONCE = 8;

/**
 * Finds what an execution had bought before n8n itself crashed: its context is lost then, but Atlas's history holds
 * its tasks. Asked only when a person retries an execution. A task is an item's where model and fields are equal and
 * its input files hold the same bytes; Atlas does not keep the names of uploads.
 */
export class Recovery {
	/** By model: tasks by everything in their body but the pictures. */
	private readonly tasks = new Map<string, Promise<Map<string, HistoryTask[]>>>();

	/** One item at a time for each body: two of them must not take the same task. */
	private readonly turns = new Map<string, Semaphore>();

	/** @param sinceMs our clock: when the retried execution began, as far as known */
	constructor(
		private readonly client: AtlasClient,
		private readonly inputs: RemoteContent,
		private readonly known: KnownEdits,
		private readonly sinceMs: number,
	) {}

	/**
	 * Takes a prediction of this request that no item has: a good one where there is one, the newest first. Null where
	 * there is none.
	 * @throws AtlasError `read` where the history cannot be read, `unknown` where an input cannot; CancelledError
	 */
	async take(shape: RequestShape): Promise<HistoryTask | null> {
		const { model } = shape.body;
		const tasks = await memoize(this.tasks, model, async () => await this.read(model));
		const key = keyOf(shape.body, shape.pictures.length);
		const turn = this.turns.get(key) ?? new Semaphore(1);
		this.turns.set(key, turn);
		return await turn.use(this.client.signal, async () => await this.takeOf(tasks.get(key) ?? [], shape));
	}

	private async takeOf(ofBody: HistoryTask[], shape: RequestShape): Promise<HistoryTask | null> {
		const claimed = new Set(this.known.claimedIds());
		const free = ofBody
			.filter(({ predictionId }) => !claimed.has(predictionId))
			.filter(
				({ requestHash, created }) => requestHash !== null && !this.known.isSought(requestHash, created),
			)
			.sort((a, b) => rankOf(a) - rankOf(b));
		for (let at = 0; at < free.length; at += COMPARED_AT_ONCE) {
			const some = free.slice(at, at + COMPARED_AT_ONCE);
			const areSame = await Promise.all(some.map(async (task) => await this.hasSamePictures(task, shape)));
			const taken = some[areSame.indexOf(true)];
			if (!taken) continue;
			ofBody.splice(ofBody.indexOf(taken), 1);
			return taken;
		}
		return null;
	}

	/** Newest first, as the history has them. */
	private async read(model: string): Promise<Map<string, HistoryTask[]>> {
		const tasks = new Map<string, HistoryTask[]>();
		for await (const task of readHistory(this.client, { model })) {
			if (task.created && task.created.toMs < this.sinceMs - SLACK_MS) break;
			if (!task.request) continue;
			const { images, ...body } = task.request;
			const key = keyOf(body, asArray(images).length);
			tasks.set(key, [...(tasks.get(key) ?? []), task]);
		}
		return tasks;
	}

	private async hasSamePictures({ request }: HistoryTask, { pictures }: RequestShape): Promise<boolean> {
		const urls = asArray(request?.images).map((image) => asString(image) ?? '');
		for (const [i, picture] of pictures.entries()) {
			const isSame = 'sha256' in picture ? await this.hasContent(urls[i], picture) : urls[i] === picture.url;
			if (!isSame) return false;
		}
		return true;
	}

	private async hasContent(
		url: string,
		{ sha256, sizeBytes }: { sha256: string; sizeBytes: number },
	): Promise<boolean> {
		// A name of ours that was kept saves the download: it holds the content's hash.
		const name = parseUploadUrl(url);
		if (name) return name.contentTag === contentTag(sha256);
		return await this.inputs.holds(url, sha256, sizeBytes);
	}
}

/** A good one before a moderated one, which would be stopped again, before one that may be bought anew. */
function rankOf({ prediction }: HistoryTask): number {
	if (prediction.status !== 'failed') return 0;
	return prediction.isModerated ? 1 : 2;
}

function keyOf(body: JsonObject, pictureCount: number): string {
	return canonicalJson([body, pictureCount]);
}
