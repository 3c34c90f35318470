import { readFile } from 'node:fs/promises';
import { json, type Answer } from './answers';
import type { Task } from './tasks';

export interface PredictionContext {
	baseUrl: string;
	/** Atlas's clock against ours. */
	skewMs: number;
}

/** `{data}` of a prediction [S][C]. */
export async function predictionData(
	task: Task,
	{ baseUrl, skewMs }: PredictionContext,
	withBase64: boolean,
): Promise<Record<string, unknown>> {
	const { record, failure } = task;
	const ended = record.completedAtMs !== null;
	const outputs = ended && !failure ? await outputsOf(task, withBase64) : [];
	const data: Record<string, unknown> = {
		id: record.id,
		model: record.model,
		status: record.status,
		outputs,
		urls: { get: `${baseUrl}/api/v1/model/prediction/${record.id}` },
		has_nsfw_contents: failure?.shape === 'nsfw' ? [true] : outputs.map(() => false),
		error: failure?.reason ?? '',
		created_at: isoTime(record.createdAtMs + skewMs),
	};
	if (record.completedAtMs === null) return data;
	data['completed_at'] = isoTime(record.completedAtMs + skewMs);
	if (failure?.shape === 'errorObject') data['error'] = { code: 'upstream_refused', message: failure.reason };
	// 1039 is content moderation [D].
	if (failure?.shape === 'moderation') data['error_code'] = 1039;
	if (record.predictSeconds !== null) {
		data['metrics'] = { predict_time: record.predictSeconds };
		data['price'] = task.priceUsd;
	}
	return { ...data, ...task.patch };
}

async function outputsOf(task: Task, withBase64: boolean): Promise<string[]> {
	if (!task.base64) return task.record.outputs;
	if (!withBase64) return [];
	const files = await Promise.all(task.files);
	return await Promise.all(
		files.map(async ({ path }) => `data:${task.mimeType};base64,${await readFile(path, 'base64')}`),
	);
}

/** A verdict can come with HTTP 200, or as a 5xx whose body holds the failed prediction [C]. */
export async function predictionAnswer(task: Task, context: PredictionContext): Promise<Answer> {
	const data = await predictionData(task, context, true);
	if (task.failure?.shape === 'http500') return json({ code: 500, msg: task.failure.reason, data }, 500);
	return json({ code: 200, message: 'success', data });
}

/** To a flat submit with the envelope [C], to `{model, input}` bare, as the page shows it [S]. */
export async function submitAnswer(task: Task, context: PredictionContext, bare: boolean): Promise<Answer> {
	const data = await predictionData(task, context, false);
	if (!bare) return json({ code: 200, message: 'success', data });
	const { id, status, model, created_at } = data;
	return json({ id, status, model, created_at });
}

export function isoTime(ms: number): string {
	return new Date(ms).toISOString();
}
