import type { AtlasClient } from './client';
import { bodyHash, readHistory, type HistoryTask } from './history';
import { asArray, asString, canonicalJson, type JsonObject } from './json';
import { remembered } from './remembered';
import { executionTag, parseUploadUrl, type UploadOwner } from './uploads';

/** What an edit's request looks like whatever its pictures' uploads were called. */
export interface RequestShape {
	/** The body without `images`. */
	body: JsonObject & { model: string };
	/** Per picture the first sixteen hex digits of its content's SHA-256, or its URL. */
	pictures: string[];
}

/** What the items of the node have, or look for, themselves. */
export interface KnownEdits {
	claimedIds(): string[];
	/** Bodies of which an item still looks for its task. */
	lostHashes(): Set<string>;
}

interface Found {
	task: HistoryTask;
	bodyHash: string;
}

/** How far back a look goes. */
const MOST_AGE_MS = 24 * 3_600_000;

/**
 * Finds what an execution had bought before n8n itself crashed: its context is lost then, but its uploads' names
 * stand in the history. Asked only when a person retries an execution. It looks once per model, for all items of the node.
 */
export class Recovery {
	/** By model. */
	private readonly found = new Map<string, Promise<Map<string, Found[]>>>();

	constructor(
		private readonly client: AtlasClient,
		private readonly owner: UploadOwner,
		private readonly known: KnownEdits,
	) {}

	/**
	 * Takes a prediction of this request that no item has: a good one where there is one, of the newest execution, and
	 * of that the oldest. Null where there is none.
	 */
	async take(shape: RequestShape): Promise<HistoryTask | null> {
		// Pictures given as URLs carry no name of ours: nothing tells such a task from another's.
		if (!shape.pictures.some((picture) => /^[0-9a-f]{16}$/.test(picture))) return null;
		const { model } = shape.body;
		const found = await remembered(this.found, model, async () => await this.read(model));
		const ofShape = found.get(keyOf(shape)) ?? [];
		const claimed = new Set(this.known.claimedIds());
		const lost = this.known.lostHashes();
		const free = ofShape.filter(
			({ task, bodyHash: hash }) => !claimed.has(task.predictionId) && !lost.has(hash),
		);
		const taken =
			free.find(({ task }) => task.prediction.status !== 'failed') ??
			free.find(({ task }) => task.prediction.isModerated) ??
			free[0];
		if (!taken) return null;
		ofShape.splice(ofShape.indexOf(taken), 1);
		return taken.task;
	}

	private async read(model: string): Promise<Map<string, Found[]>> {
		/** By request and execution: an earlier retry may have crashed as well, so that all executions count. */
		const found = new Map<string, Map<string, Found[]>>();
		const oldestSeconds = (this.client.clock.nowMs() - MOST_AGE_MS) / 1_000;
		for await (const task of readHistory(this.client, { model })) {
			if ((task.createdAtSeconds ?? Infinity) < oldestSeconds) break;
			const read = this.readOwn(task);
			if (!read) continue;
			const { key } = read;
			const byExecution = found.get(key) ?? new Map<string, Found[]>();
			found.set(key, byExecution);
			const earlier = byExecution.get(read.executionId) ?? [];
			// Newest first: the first execution met is the one that was running last.
			byExecution.set(read.executionId, [{ task, bodyHash: bodyHash(task.request) }, ...earlier]);
		}
		return new Map([...found].map(([key, byExecution]) => [key, [...byExecution.values()].flat()]));
	}

	/** What tells a task's request, where its pictures were uploaded by this node in this round of another execution. */
	private readOwn(task: HistoryTask): { key: string; executionId: string } | null {
		if (!task.request) return null;
		const { images, ...body } = task.request;
		let executionId: string | null = null;
		const pictures: string[] = [];
		for (const image of asArray(images)) {
			const url = asString(image) ?? '';
			const name = parseUploadUrl(url);
			const { nodeTag, runIndex, executionId: ownId } = this.owner;
			const isOurs =
				name?.nodeTag === nodeTag && name.runIndex === runIndex && name.executionId !== executionTag(ownId);
			if (isOurs) executionId = name.executionId;
			pictures.push(isOurs ? name.contentTag : url);
		}
		return executionId === null ? null : { key: keyOf({ body, pictures }), executionId };
	}
}

function keyOf(shape: { body: JsonObject; pictures: string[] }): string {
	return canonicalJson([shape.body, shape.pictures]);
}
