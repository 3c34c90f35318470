import { contentTag, parseUploadUrl } from '../files/uploads';
import { unknownError, type RemoteContent } from '../files/remote';
import { memoize } from '../memo';
import { Semaphore } from '../time/semaphore';
import type { TimeSpan } from '../time/atlasClock';
import type { AtlasClient } from '../http/client';
import { asString, canonicalJson } from '../json';
import { readHistory, type HistoryTask } from '../predictions/history';
import type { Prediction } from '../predictions/prediction';
import { valueAt, type InputPath } from './inputPaths';
import { mayBeSame, shapeKey, type RequestShape } from './requestShape';

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

/** Best first: a moderated one would be stopped again, another failed one may be bought again. */
const RANKS = ['paid', 'moderated', 'failed'] as const;
type Rank = (typeof RANKS)[number];

/** Tasks whose files are compared at the same time. */
const COMPARED_AT_ONCE = 8;

/**
 * Finds what an execution had bought before n8n crashed and lost its intents. A task in Atlas's history is an item's if
 * model and fields are equal and its inputs hold the same bytes. Atlas does not keep the names of uploads.
 */
export class Recovery {
	/** Tasks of a model, newest first. */
	private readonly tasks = new Map<string, Promise<HistoryTask[]>>();

	/** The same tasks by shape, for each set of places where inputs can stand. */
	private readonly tasksByShape = new Map<string, TasksByShape>();

	private readonly taken = new Set<string>();

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
	 * @throws AtlasError `read` if the history cannot be read, `unknown` if an input cannot, or if it shows predictions
	 * that may be this one; CancelledError
	 */
	async claim(shape: RequestShape): Promise<HistoryTask | null> {
		const { asTyped, isUncertain, body } = shape;
		for (const rank of RANKS) {
			const task =
				(await this.claimShape(shape, rank)) ?? (asTyped && (await this.claimShape(asTyped, rank)));
			if (task) return task;
			// Even if another one failed: that may have been bought again since.
			if (rank === 'paid' && isUncertain) await this.checkNoneMayBe(body);
		}
		return null;
	}

	/** Buying what may be bought already would pay twice. @throws AtlasError (`unknown`) */
	private async checkNoneMayBe(body: RequestShape['body']): Promise<void> {
		const tasks = this.freeAmong(await this.tasksOf(body.model));
		const isLike = ({ request, prediction }: HistoryTask) =>
			prediction.status !== 'failed' && mayBeSame(body, request ?? {});
		if (tasks.some(isLike)) throw unknownError(`the fields of ${body.model} couldn’t be read`);
	}

	private async claimShape(shape: RequestShape, rank: Rank): Promise<HistoryTask | null> {
		const { body, inputs } = shape;
		const paths = inputs.map(({ path }) => path);
		const index = this.indexTasks(body.model, await this.tasksOf(body.model), paths);
		const key = shapeKey(body, paths);
		const tasks = index.get(key)?.filter(({ prediction }) => rankOf(prediction) === rank) ?? [];
		const lock = this.locks.get(key) ?? new Semaphore(1);
		this.locks.set(key, lock);
		return await lock.use(this.client.signal, async () => await this.claimAmong(tasks, shape));
	}

	private async claimAmong(tasks: HistoryTask[], shape: RequestShape): Promise<HistoryTask | null> {
		const free = this.freeAmong(tasks);
		for (let start = 0; start < free.length; start += COMPARED_AT_ONCE) {
			const match = await this.firstMatch(free.slice(start, start + COMPARED_AT_ONCE), shape);
			if (!match) continue;
			this.taken.add(match.predictionId);
			return match;
		}
		return null;
	}

	/** Those that no item has, or may have. */
	private freeAmong(tasks: HistoryTask[]): HistoryTask[] {
		const claimed = new Set(this.known.claimedIds());
		return tasks
			.filter(({ predictionId }) => !claimed.has(predictionId) && !this.taken.has(predictionId))
			.filter(this.rules.mayClaim)
			.filter(
				({ requestHash, created }) => requestHash !== null && !this.known.isSought(requestHash, created),
			);
	}

	private async firstMatch(tasks: HistoryTask[], shape: RequestShape): Promise<HistoryTask | undefined> {
		const areSame = await Promise.all(tasks.map(async (task) => await this.hasSameInputs(task, shape)));
		// The same task can fit two shapes, and the other one may have taken it meanwhile.
		return tasks.find(({ predictionId }, i) => areSame[i] && !this.taken.has(predictionId));
	}

	private async tasksOf(model: string): Promise<HistoryTask[]> {
		return await memoize(this.tasks, model, async () => await this.readTasks(model));
	}

	private async readTasks(model: string): Promise<HistoryTask[]> {
		const tasks: HistoryTask[] = [];
		for await (const task of readHistory(this.client, { model })) {
			if (task.created && task.created.toMs < this.sinceMs - this.rules.slackMs) break;
			if (task.request) tasks.push(task);
		}
		return tasks;
	}

	/** A model's tasks that have an input at each of these paths. */
	private indexTasks(model: string, tasks: HistoryTask[], paths: InputPath[]): TasksByShape {
		const indexKey = canonicalJson([model, paths]);
		const known = this.tasksByShape.get(indexKey);
		if (known) return known;
		const index: TasksByShape = new Map();
		for (const task of tasks) {
			const request = task.request ?? {};
			if (!paths.every((path) => typeof valueAt(request, path) === 'string')) continue;
			const key = shapeKey(request, paths);
			index.set(key, [...(index.get(key) ?? []), task]);
		}
		this.tasksByShape.set(indexKey, index);
		return index;
	}

	private async hasSameInputs({ request }: HistoryTask, { inputs }: RequestShape): Promise<boolean> {
		for (const { path, identity } of inputs) {
			const url = asString(valueAt(request ?? {}, path)) ?? '';
			const isSame = 'sha256' in identity ? await this.hasContent(url, identity) : url === identity.url;
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

function rankOf({ status, isModerated }: Prediction): Rank {
	if (status !== 'failed') return 'paid';
	return isModerated ? 'moderated' : 'failed';
}
