import { readFile } from 'node:fs/promises';
import { json, type Answer } from './answers';
import type { Task } from './task';
import type { SandboxOptions } from './types';

export interface PredictionContext {
	baseUrl: string;
	/** How far Atlas Cloud's clock is ahead of ours. */
	skewMs: number;
	nowMs: number;
	options: Pick<SandboxOptions, 'base64Form' | 'price' | 'history'>;
}

const CONTENT_MODERATION = 1039;

/** `data` of a prediction (see docs/atlas-cloud-api.md, Result). */
export async function predictionData(
	task: Task,
	context: PredictionContext,
	withBase64: boolean,
): Promise<Record<string, unknown>> {
	const { baseUrl, skewMs } = context;
	const { record, failure } = task;
	const outputs = await outputsOf(task, context, withBase64);
	const data: Record<string, unknown> = {
		id: record.id,
		model: record.model,
		status: record.status,
		outputs,
		urls: { get: `${baseUrl}/api/v1/model/prediction/${record.id}` },
		has_nsfw_contents: failure?.shape === 'nsfw' ? [true] : (outputs ?? []).map(() => false),
		error: failure?.reason ?? '',
		created_at: isoTime(record.createdAtMs + skewMs),
	};
	if (record.completedAtMs === null) return data;
	data['completed_at'] = isoTime(record.completedAtMs + skewMs);
	if (failure?.shape === 'errorObject') data['error'] = { code: 'upstream_refused', message: failure.reason };
	if (failure?.shape === 'moderation') data['error_code'] = CONTENT_MODERATION;
	if (record.predictSeconds !== null) data['metrics'] = { predict_time: record.predictSeconds };
	const details = failure ? {} : task.details;
	return { ...data, ...details, ...priceOf(task, record.completedAtMs, context), ...task.patch };
}

/** Often published only after the end, and never for a task that is not charged. */
function priceOf(task: Task, completedAtMs: number, { nowMs, options }: PredictionContext): object {
	const { afterSeconds = 0, as = 'string' } = options.price ?? {};
	// Other people's tasks ended long ago, whatever their times say.
	const isPublished = task.record.foreign || nowMs >= completedAtMs + afterSeconds * 1000;
	if (task.priceUsd === null || !isPublished) return {};
	return { price: as === 'string' ? String(task.priceUsd) : task.priceUsd };
}

/** `null` while there are none, and after a failure; a content block has an empty list. */
async function outputsOf(
	{ record, failure, base64, files, text }: Task,
	{ options }: PredictionContext,
	withBase64: boolean,
): Promise<string[] | null> {
	if (failure?.shape === 'nsfw') return [];
	if (failure || record.completedAtMs === null) return null;
	if (!base64 || text !== null) return record.outputs;
	if (!withBase64) return [];
	return await Promise.all(
		files.map(async ({ made, mimeType }) => {
			const content = await readFile((await made).path, 'base64');
			return options.base64Form === 'bare' ? content : `data:${mimeType};base64,${content}`;
		}),
	);
}

/** A failure can come with HTTP 200, or as a 5xx that holds little else. */
export async function predictionAnswer(task: Task, context: PredictionContext): Promise<Answer> {
	if (task.failure?.shape === 'http500') {
		const data = { status: 'failed', outputs: null, executionTime: 0, ...task.patch };
		return json({ code: 500, message: task.failure.reason, data }, 500);
	}
	const data = await predictionData(task, context, true);
	return json({ code: 200, message: 'success', data });
}

/** A flat submit is answered with the envelope, `{model, input}` without it. */
export async function submitAnswer(task: Task, context: PredictionContext, bare: boolean): Promise<Answer> {
	const data = await predictionData(task, context, false);
	if (!bare) return json({ code: 200, message: 'success', data });
	const { id, status, model, created_at } = data;
	return json({ id, status, model, created_at });
}

export function isoTime(ms: number): string {
	return new Date(ms).toISOString();
}
