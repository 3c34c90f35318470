import { readFile, writeFile } from 'node:fs/promises';
import type { Fate } from './faults';
import type { FileStore } from './fileStore';
import { InputRefusal } from './inputSource';
import { bodyToKeep, type LedgerBook } from './ledger';
import type { ModelType } from './models/model';
import { seededRandom } from './random';
import { Slots } from './slots';
import type { Result, Studio } from './studio';
import type { Submit } from './submitRules';
import { listOutputs, newTask, type NewTask, type Task } from './task';
import { TaskList } from './taskList';
import type { FailedTaskShape, SandboxClock, SandboxOptions } from './types';
import { uploadPath } from './uploads';

const LARGE_BODY = 64 * 1024;

export type PredictTimes = Pick<SandboxOptions, 'predictSeconds' | 'predictSecondsByType'>;

/** How long a task of such a model takes, before jitter. */
export function predictSecondsOf(type: ModelType, times: PredictTimes): number {
	return times.predictSecondsByType?.[type] ?? times.predictSeconds ?? 3;
}

type LiveOptions = PredictTimes &
	Pick<SandboxOptions, 'limits' | 'jitter' | 'history' | 'keepUploadNames' | 'chargeFailedTasks'>;

interface Surroundings {
	clock: SandboxClock;
	ledger: LedgerBook;
	files: FileStore;
	filesUrl: () => string;
	studio: Studio;
	options: LiveOptions;
	seed: number;
	/** Called once a task is over. */
	onEnd: (task: Task) => void;
}

const FAILURE_REASONS: Record<FailedTaskShape, string> = {
	status200: 'generation failed: the model could not edit this image',
	http500: 'Generation failed: internal model error (code: generation_failed)',
	nsfw: '',
	moderation: 'the request was blocked by content moderation',
	errorObject: 'generation failed: the upstream model refused the request',
};

/** Every task of this sandbox, from `created` or `queued` over `processing` to its end. */
export class TaskBook {
	private readonly tasks: TaskList;
	private readonly slots: Slots;
	private readonly jitter: () => number;
	private unfinished = 0;
	private closed = false;

	constructor(private readonly around: Surroundings) {
		this.jitter = seededRandom(around.seed);
		this.tasks = new TaskList(() => this.now());
		this.slots = new Slots(() => around.options.limits?.queueAtOnce ?? Infinity);
	}

	get unfinishedCount(): number {
		return this.unfinished;
	}

	/** The task, unless its record has expired. */
	find(id: string): Task | undefined {
		return this.tasks.find(id);
	}

	/** Newest first. */
	listed(): Task[] {
		const visibleUntil = this.now() - (this.around.options.history?.delaySeconds ?? 0) * 1000;
		return this.tasks.filter(({ record }) => record.createdAtMs <= visibleUntil);
	}

	/** The newest other task, or a made-up one that is in no list and no ledger. */
	otherThan(id: string): Task {
		const [newest] = this.tasks.filter(({ record }) => record.id !== id);
		if (newest) return newest;
		const body = { model: 'bytedance/seedream-v5.0-lite/edit', prompt: "somebody else's wish" };
		const createdAtMs = this.now() - 60_000;
		const task = this.make({ ...body, body, createdAtMs, foreign: true }, JSON.stringify(body));
		this.finish(task);
		return task;
	}

	/** Creates and starts a task. It is charged unless it is bound to fail (see docs/atlas-cloud-api.md, Result). */
	create(submit: Submit, priceUsd: number, text: string, fates: Fate[]): Task {
		const now = this.now();
		const body = bodyToKeep(text, JSON.parse(text) as unknown);
		const { model, prompt } = submit;
		const task = this.keep({ model: model.id, prompt, body, createdAtMs: now, foreign: false }, text);
		task.base64 = submit.base64;
		task.webhookUrl = submit.webhookUrl;
		task.recordRetentionHours = submit.recordRetentionHours;
		for (const fate of fates) {
			if (fate.type === 'patchResult') task.patch = { ...task.patch, ...fate.patch };
		}
		const fail = fates.find((fate) => fate.type === 'failTask');
		if (!fail || this.around.options.chargeFailedTasks) {
			task.priceUsd = priceUsd;
			this.around.ledger.charges.push({
				predictionId: task.record.id,
				model: model.id,
				priceUsd,
				atMs: now,
				prompt,
				body,
			});
		}
		this.unfinished += 1;
		this.around.ledger.maxRunning = Math.max(this.around.ledger.maxRunning, this.unfinished);
		this.addForeignTasksAround(task, body);
		void this.run(task, submit, fail?.type === 'failTask' ? fail.shape : null);
		return task;
	}

	/** A finished task that somebody else on this account sent. Not charged here: it is not the client's doing. */
	addForeign(body: object, createdAtMs = this.now()): Task {
		const fields = body as { model?: unknown; prompt?: unknown };
		const model = typeof fields.model === 'string' ? fields.model : 'bytedance/seedream-v5.0-lite/edit';
		const prompt = typeof fields.prompt === 'string' ? fields.prompt : '';
		const task = this.keep({ model, prompt, body, createdAtMs, foreign: true }, JSON.stringify(body));
		this.finish(task);
		return task;
	}

	/** Has to be called when the limits change: more tasks may start now. */
	startWaiting(): void {
		this.slots.startWaiting();
	}

	async close(): Promise<void> {
		this.closed = true;
		await this.around.studio.close();
	}

	/** Ends a task that never ran, with the prepared picture. */
	private finish(task: Task): void {
		const { record } = task;
		record.status = 'completed';
		record.startedAtMs = record.createdAtMs;
		record.completedAtMs = record.createdAtMs + 4000;
		record.predictSeconds = 4;
		task.priceUsd = 0.032;
		this.attach(task, { files: [this.around.studio.preparedOutput(336)], text: null, details: {} });
		record.outputs = listOutputs(task);
	}

	private now(): number {
		return this.around.clock.nowMs();
	}

	private keep(given: NewTask, text: string): Task {
		const task = this.make(given, text);
		this.tasks.add(task);
		this.around.ledger.predictions.set(task.record.id, task.record);
		return task;
	}

	private make(given: NewTask, text: string): Task {
		return newTask(given, this.tasks.size, this.keepText(text));
	}

	private keepText(text: string): () => Promise<string> {
		if (text.length <= LARGE_BODY) return async () => text;
		const path = this.around.files.newPath('.json');
		const written = writeFile(path, text);
		written.catch(() => undefined);
		return async () => {
			await written;
			return await readFile(path, 'utf8');
		};
	}

	/** In turn they share our model and images, our prompt, or neither, and come shortly before and after. */
	private addForeignTasksAround(task: Task, body: unknown): void {
		const { history, keepUploadNames = false } = this.around.options;
		const count = history?.foreignTasks ?? 0;
		for (let at = 0; at < count; at += 1) {
			const own = typeof body === 'object' && body !== null ? body : {};
			const image = this.around.filesUrl() + uploadPath('theirs.png', keepUploadNames);
			const variants: object[] = [
				{ ...own, prompt: `${task.record.prompt}, please` },
				{ ...own, images: [image] },
				{ model: 'bytedance/seedream-v4/edit', prompt: `somebody else's wish ${at}`, images: [image] },
			];
			this.addForeign(
				variants[at % 3] ?? {},
				task.record.createdAtMs + (at % 2 === 0 ? -700 : 700) * (at + 1),
			);
		}
	}

	private async run(task: Task, submit: Submit, fate: FailedTaskShape | null): Promise<void> {
		const { clock } = this.around;
		const { record } = task;
		await this.slots.acquire(() => {
			record.status = 'queued';
		});
		record.startedAtMs = this.now();
		const { options } = this.around;
		const { jitter = 0.25 } = options;
		const ms = predictSecondsOf(submit.model.type, options) * 1000 * (1 + jitter * (2 * this.jitter() - 1));
		const refusal = fate ? Promise.resolve(null) : this.begin(task, submit);
		await clock.sleepMs(ms * 0.1);
		if (this.closed) return;
		record.status = 'processing';
		await clock.sleepMs(ms * 0.9);
		const reason = await refusal;
		if (this.closed) return;

		if (fate) task.failure = { shape: fate, reason: FAILURE_REASONS[fate] };
		else if (reason !== null) task.failure = { shape: 'status200', reason };
		if (reason !== null && !this.around.options.chargeFailedTasks) this.refund(task);
		record.completedAtMs = this.now();
		if (task.failure) {
			record.status = task.failure.shape === 'nsfw' ? 'completed' : 'failed';
			task.files = [];
		} else {
			record.status = 'completed';
			record.outputs = listOutputs(task);
			record.predictSeconds = Math.round(record.completedAtMs - record.startedAtMs) / 1000;
		}
		this.unfinished -= 1;
		this.slots.release();
		this.around.onEnd(task);
	}

	/** A task that the model refuses is not charged. */
	private refund(task: Task): void {
		const { charges } = this.around.ledger;
		const at = charges.findIndex(({ predictionId }) => predictionId === task.record.id);
		if (at >= 0) charges.splice(at, 1);
		task.priceUsd = null;
	}

	/** Starts making the outputs; returns why the model refuses the inputs, or null. */
	private async begin(task: Task, submit: Submit): Promise<string | null> {
		try {
			this.attach(task, await this.around.studio.begin(submit));
			return null;
		} catch (error) {
			if (error instanceof InputRefusal) return error.message;
			return `generation failed: ${error instanceof Error ? error.message : String(error)}`;
		}
	}

	private attach(task: Task, { files, text, details }: Result): void {
		for (const [index, { made }] of files.entries()) {
			made.then(
				({ sha256 }) => (task.record.outputSha256[index] = sha256),
				() => undefined,
			);
		}
		task.files = files;
		task.details = details;
		task.text = text;
	}
}
