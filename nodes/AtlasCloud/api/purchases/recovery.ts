import { contentTag, parseUploadUrl } from '../files/uploadNames';
import type { RemoteContent } from '../files/remoteContent';
import { memoize } from '../flow/memoize';
import { Semaphore } from '../flow/semaphore';
import type { TimeSpan } from '../http/atlasClock';
import type { AtlasClient } from '../http/client';
import { asArray, asString, canonicalJson, type JsonObject } from '../json';
import { readHistory, type HistoryTask } from '../predictions/history';

/** An input by its content, or by the URL that the item gives. */
export type InputIdentity = { sha256: string; sizeBytes: number; url?: undefined } | { url: string };

/** A request, wherever its inputs were uploaded to. */
export interface RequestShape {
	/** The body without `inputField`. */
	body: JsonObject & { model: string };
	inputs: InputIdentity[];
	/** The field of the body that takes the inputs' URLs. */
	inputField: string;
}

/** The purchases that the items of this node made. */
export interface KnownPurchases {
	/** IDs that items have. */
	claimedIds(): string[];
	/** Whether a prediction of this body may be the one an unresolved purchase waits for. */
	isSought(hash: string, created: TimeSpan | null): boolean;
}

type TasksByShape = Map<string, HistoryTask[]>;

/**
 * How much earlier than the retried execution a prediction may be, in ms. The crashed machine's clock may have been
 * wrong, and comparing the content of a few more inputs does no harm.
 */
const SLACK_MS = 3_600_000;

/** Which tasks of the history may be claimed. */
export interface ClaimRules {
	/** How much earlier than `sinceMs` a task may be, in ms. */
	slackMs: number;
	mayClaim: (task: HistoryTask) => boolean;
}

const RECOVERY_RULES: ClaimRules = { slackMs: SLACK_MS, mayClaim: () => true };

/** Tasks whose files are compared at the same time. */
const COMPARED_AT_ONCE = 8;

/**
 * Finds what an execution had bought before n8n crashed and lost its intents. A task in Atlas's history is an item's if
 * model and fields are equal and its inputs hold the same bytes. Atlas does not keep the names of uploads.
 */
export class Recovery {
	/** Tasks of a model, newest first. */
	private readonly tasks = new Map<string, Promise<TasksByShape>>();

	/** One item at a time for each shape: two of them must not claim the same task. */
	private readonly locks = new Map<string, Semaphore>();

	/** @param sinceMs our clock: when the retried execution began, as far as known */
	constructor(
		private readonly client: AtlasClient,
		private readonly content: RemoteContent,
		private readonly known: KnownPurchases,
		private readonly sinceMs: number,
		private readonly rules: ClaimRules = RECOVERY_RULES,
	) {}

	/**
	 * Claims a prediction of this request that no item has: one that did not fail if possible, the newest first.
	 * @returns null if there is none
	 * @throws AtlasError `read` if the history cannot be read, `unknown` if an input cannot; CancelledError
	 */
	async claim(shape: RequestShape): Promise<HistoryTask | null> {
		const { body, inputs, inputField } = shape;
		const read = async () => await this.readTasks(body.model, inputField);
		const tasks = await memoize(this.tasks, `${inputField} ${body.model}`, read);
		const key = shapeKey(body, inputs.length);
		const lock = this.locks.get(key) ?? new Semaphore(1);
		this.locks.set(key, lock);
		return await lock.use(this.client.signal, async () => await this.claimAmong(tasks.get(key) ?? [], shape));
	}

	private async claimAmong(tasks: HistoryTask[], shape: RequestShape): Promise<HistoryTask | null> {
		const claimed = new Set(this.known.claimedIds());
		const free = tasks
			.filter((task) => !claimed.has(task.predictionId) && this.rules.mayClaim(task))
			.filter(
				({ requestHash, created }) => requestHash !== null && !this.known.isSought(requestHash, created),
			)
			.sort((a, b) => rankOf(a) - rankOf(b));
		for (let start = 0; start < free.length; start += COMPARED_AT_ONCE) {
			const match = await this.firstMatch(free.slice(start, start + COMPARED_AT_ONCE), shape);
			if (!match) continue;
			tasks.splice(tasks.indexOf(match), 1);
			return match;
		}
		return null;
	}

	private async firstMatch(tasks: HistoryTask[], shape: RequestShape): Promise<HistoryTask | undefined> {
		const areSame = await Promise.all(tasks.map(async (task) => await this.hasSameInputs(task, shape)));
		return tasks[areSame.indexOf(true)];
	}

	private async readTasks(model: string, inputField: string): Promise<TasksByShape> {
		const tasks: TasksByShape = new Map();
		for await (const task of readHistory(this.client, { model })) {
			if (task.created && task.created.toMs < this.sinceMs - this.rules.slackMs) break;
			if (!task.request) continue;
			const { [inputField]: urls, ...body } = task.request;
			const key = shapeKey(body, asArray(urls).length);
			tasks.set(key, [...(tasks.get(key) ?? []), task]);
		}
		return tasks;
	}

	private async hasSameInputs({ request }: HistoryTask, shape: RequestShape): Promise<boolean> {
		const urls = asArray(request?.[shape.inputField]).map((url) => asString(url) ?? '');
		for (const [i, input] of shape.inputs.entries()) {
			const isSame = 'sha256' in input ? await this.hasContent(urls[i], input) : urls[i] === input.url;
			if (!isSame) return false;
		}
		return true;
	}

	private async hasContent(
		url: string,
		{ sha256, sizeBytes }: { sha256: string; sizeBytes: number },
	): Promise<boolean> {
		// An upload name of ours holds the content's hash: no download is needed where Atlas kept it.
		const name = parseUploadUrl(url);
		if (name) return name.contentTag === contentTag(sha256);
		return await this.content.holds(url, sha256, sizeBytes);
	}
}

/** Lowest first: a moderated one would be stopped again, another failed one may be bought again. */
function rankOf({ prediction }: HistoryTask): number {
	if (prediction.status !== 'failed') return 0;
	return prediction.isModerated ? 1 : 2;
}

function shapeKey(body: JsonObject, inputCount: number): string {
	return canonicalJson([body, inputCount]);
}
