import type { INodeExecutionData } from 'n8n-workflow';
import { Semaphore } from '../api/time/semaphore';
import { NO_REASON } from '../n8n/errors';
import type { ItemRun, NodeRun, Outcome } from '../nodeRun';
import type { ItemOperation } from './operation';
import { simplifyField } from '../panel/optionFields';
import { readOptions, readParameter } from '../panel/readFields';

type Stage = (run: NodeRun, operation: ItemOperation, open: ItemRun[]) => Promise<void>;

/** What an item runs through. All items finish a stage before the next begins. */
const STAGES: Stage[] = [readItems, checkItems, resolveItems, checkResolvedItems, workOnItems];

const MAX_PARALLEL_CHECKS = 16;

/**
 * Runs an operation over all input items. Unless n8n is to continue on fail, one item that fails a check ends the run
 * before anything is sent or paid for.
 */
export async function runItems(run: NodeRun, operation: ItemOperation): Promise<ItemRun[]> {
	const { context } = run;
	const items = context.getInputData().map((_item, index): ItemRun => ({ index }));
	for (const stage of STAGES) {
		const open = items.filter(({ outcome }) => outcome === undefined);
		const isOver = open.length === 0 || (open.length < items.length && !context.continueOnFail());
		if (isOver) break;
		await stage(run, operation, open);
	}
	return items;
}

export async function toOutcome(work: Promise<INodeExecutionData[] | Outcome>): Promise<Outcome> {
	return await work.then((result) => (Array.isArray(result) ? { items: result } : result), toFailure);
}

function toFailure(error: unknown): Outcome {
	return { items: [], error: error ?? new Error(NO_REASON) };
}

async function readItems(run: NodeRun, operation: ItemOperation, open: ItemRun[]): Promise<void> {
	await checkEach(run, open, async (item) => {
		const options = readOptions(run.context, item.index, operation.fields);
		// Before anything is paid for: an expression that fails here must not cost a result.
		item.isSimplified =
			operation.fields.includes(simplifyField) &&
			readParameter(run.context, item.index, simplifyField) === true;
		if (options.includeInputFields === true) item.inputFields = run.context.getInputData()[item.index].json;
		item.job = await operation.read(run, item.index, options);
		item.about = operation.about?.(item.job);
	});
}

async function checkItems(run: NodeRun, operation: ItemOperation, open: ItemRun[]): Promise<void> {
	await operation.checkAll?.(run, jobsOf(open)).catch((error: unknown) => {
		for (const item of open) item.outcome = toFailure(error);
	});
}

async function resolveItems(run: NodeRun, operation: ItemOperation, open: ItemRun[]): Promise<void> {
	await checkEach(run, open, async (item) => {
		if (!operation.resolve) return;
		item.job = await operation.resolve(run, item.job);
		item.about = operation.about?.(item.job);
	});
}

async function checkResolvedItems(run: NodeRun, operation: ItemOperation, open: ItemRun[]): Promise<void> {
	await operation.checkResolved?.(run, jobsOf(open)).catch((error: unknown) => {
		for (const item of open) if (!operation.refuse?.(run, item.job, error)) item.outcome = toFailure(error);
	});
}

function jobsOf(items: ItemRun[]): unknown[] {
	return items.map(({ job }) => job);
}

async function workOnItems(run: NodeRun, operation: ItemOperation, open: ItemRun[]): Promise<void> {
	const semaphore = new Semaphore(operation.isSelfPaced ? Infinity : run.concurrency);
	const workOn = async (item: ItemRun) => {
		const work = semaphore.use(run.signal, async () => await operation.work(run, item.job, item.index));
		item.outcome = await toOutcome(work);
		if (item.outcome.error !== undefined) run.onFault();
	};
	await Promise.all(open.map(workOn));
}

/** Runs a check of each item, a few at a time. */
async function checkEach(
	{ signal }: NodeRun,
	items: ItemRun[],
	check: (item: ItemRun) => Promise<void>,
): Promise<void> {
	const semaphore = new Semaphore(MAX_PARALLEL_CHECKS);
	const checkOne = async (item: ItemRun) => {
		await semaphore
			.use(signal, async () => await check(item))
			.catch((error: unknown) => (item.outcome = toFailure(error)));
	};
	await Promise.all(items.map(checkOne));
}
