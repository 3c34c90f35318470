import { json, Refusal, type Answer } from './answers';
import { isoTime, predictionData, type PredictionContext } from './predictions';
import type { Task } from './task';
import type { SandboxHistory } from './types';

const MAX_PER_PAGE = 50;

/** `GET /api/v1/model/history`: newest first, paged, filtered by model, status and prediction ID. */
export async function historyAnswer(
	tasks: readonly Task[],
	query: URLSearchParams,
	context: PredictionContext,
): Promise<Answer> {
	const pageNo = numberOf(query, 'no', 1, Number.MAX_SAFE_INTEGER);
	const { extraItems = [], ignoresFilters, maxPageSize = MAX_PER_PAGE } = context.options.history ?? {};
	const pageSize = Math.min(numberOf(query, 'size', 10, MAX_PER_PAGE), maxPageSize);
	const model = query.get('model');
	const status = query.get('status')?.toLowerCase();
	const sessionId = query.get('sessionID');
	const found = tasks.filter(
		({ record }) =>
			ignoresFilters ||
			((!model || record.model === model) &&
				(!status || statusShown(record, context) === status) &&
				(!sessionId || record.id === sessionId)),
	);
	const all = [
		...extraItems.map((item) => async () => await Promise.resolve(item)),
		...found.map((task) => async () => await historyItem(task, context)),
	];
	const page = all.slice((pageNo - 1) * pageSize, pageNo * pageSize);
	const items = await Promise.all(page.map(async (item) => await item()));
	return json({ code: 200, message: 'success', data: { items, pageNo, pageSize, total: all.length } });
}

async function historyItem(task: Task, context: PredictionContext): Promise<unknown> {
	const { createdAtUnit, withoutResult, isForeign, alter } = context.options.history ?? {};
	const id = isForeign ? `foreign-${task.record.id}` : task.record.id;
	const status = statusShown(task.record, context);
	const result = { ...(await predictionData(task, context, false)), id };
	const unfinished = { status, outputs: null, completed_at: undefined, metrics: undefined, price: undefined };
	const item = {
		ID: id,
		...createdAt(task.record.createdAtMs + context.skewMs, createdAtUnit),
		model: task.record.model,
		status,
		requestBody: await task.requestBody(),
		...(withoutResult
			? {}
			: { result: status === task.record.status ? result : { ...result, ...unfinished } }),
	};
	return alter ? alter(item) : item;
}

/** A history that lags shows a task that is over as it was before. */
function statusShown(
	{ status, completedAtMs }: Task['record'],
	{ nowMs, options }: PredictionContext,
): string {
	const lagMs = (options.history?.lagSeconds ?? 0) * 1000;
	return completedAtMs !== null && nowMs < completedAtMs + lagMs ? 'processing' : status;
}

function createdAt(ms: number, unit: SandboxHistory['createdAtUnit'] = 'seconds'): object {
	switch (unit) {
		case 'seconds':
			return { createdAt: Math.floor(ms / 1000) };
		case 'milliseconds':
			return { createdAt: Math.floor(ms) };
		case 'iso':
			return { createdAt: isoTime(ms) };
		case 'missing':
			return {};
	}
}

function numberOf(query: URLSearchParams, name: string, preset: number, max: number): number {
	const value = query.get(name);
	if (value === null) return preset;
	const number = /^\d+$/.test(value) ? Number(value) : 0;
	if (number < 1 || number > max) throw new Refusal(400, `${name} must be from 1 to ${max}`);
	return number;
}
