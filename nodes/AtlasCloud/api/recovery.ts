import type { AtlasClient } from './client';
import { readHistory, type HistoryTask } from './history';
import { asArray, asString, canonicalJson, type JsonObject } from './json';
import { parseUploadUrl, type UploadOwner } from './uploads';

/** What an edit's request looks like whatever its pictures' uploads were called. */
export interface RequestShape {
	/** The body without `images`. */
	body: JsonObject;
	/** Per picture the first sixteen hex digits of its content's SHA-256, or its URL. */
	pictures: string[];
}

/** How far back one look goes: a day of a busy account, and never more than so many tasks. */
const MOST_AGE_MS = 24 * 3_600_000;
const MOST_TASKS = 1_000;

/**
 * Finds what an execution had bought before n8n itself crashed: its context is lost then, but its uploads' names
 * stand in the history. Asked only when a person retries an execution. It looks once, for all items of the node.
 */
export class Recovery {
	private tasks: Promise<Map<string, HistoryTask[]>> | undefined;

	constructor(
		private readonly client: AtlasClient,
		private readonly owner: UploadOwner,
		private readonly claimedIds: string[],
	) {}

	/** Takes the oldest unclaimed prediction of this request out of the newest earlier execution; null where there is none. */
	async take(shape: RequestShape): Promise<HistoryTask | null> {
		// Pictures given as URLs carry no name of ours: nothing tells such a task from another's.
		if (!shape.pictures.some((picture) => /^[0-9a-f]{16}$/.test(picture))) return null;
		this.tasks ??= this.read();
		return (await this.tasks).get(keyOf(shape))?.shift() ?? null;
	}

	private async read(): Promise<Map<string, HistoryTask[]>> {
		const found = new Map<string, HistoryTask[]>();
		const newest = new Map<string, string>();
		const oldestSeconds = (this.client.clock.nowMs() - MOST_AGE_MS) / 1_000;
		let count = 0;
		for await (const task of readHistory(this.client)) {
			if (++count > MOST_TASKS || (task.createdAtSeconds ?? Infinity) < oldestSeconds) break;
			const read = this.shapeOf(task);
			if (!read || this.claimedIds.includes(task.predictionId)) continue;
			const key = keyOf(read.shape);
			// Newest first: the first execution met is the one that was running last.
			if (!newest.has(key)) newest.set(key, read.executionId);
			if (newest.get(key) !== read.executionId) continue;
			found.set(key, [task, ...(found.get(key) ?? [])]);
		}
		return found;
	}

	/** A task's shape, where its pictures were uploaded by this node in this round of another execution. */
	private shapeOf(task: HistoryTask): { shape: RequestShape; executionId: string } | null {
		if (!task.request) return null;
		const { images, ...body } = task.request;
		let executionId: string | null = null;
		const pictures: string[] = [];
		for (const image of asArray(images)) {
			const url = asString(image) ?? '';
			const name = parseUploadUrl(url);
			const isOurs =
				name !== null && name.nodeTag === this.owner.nodeTag && name.runIndex === this.owner.runIndex;
			if (isOurs) executionId = name.executionId;
			pictures.push(isOurs ? name.contentTag : url);
		}
		return executionId === null ? null : { shape: { body, pictures }, executionId };
	}
}

function keyOf(shape: RequestShape): string {
	return canonicalJson([shape.body, shape.pictures]);
}
