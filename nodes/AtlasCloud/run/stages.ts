import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { Semaphore } from '../api/time/semaphore';
import { fieldsWithoutFiles } from '../items/binaryFields';
import { NO_REASON } from '../n8n/errors';
import type { ItemRun, NodeRun, ItemResult } from '../nodeRun';
import { simplifyField } from '../panel/optionFields';
import { readOption, readOptions, readParameter } from '../panel/options';
import type { Operation } from './operation';

const MAX_PARALLEL_CHECKS = 16;

/**
 * Runs an operation over the input items: all finish a stage before the next begins. Unless n8n is to continue on fail,
 * one item that fails a check ends the run before anything is sent or paid for.
 */
export async function runItems(run: NodeRun, operation: Operation): Promise<ItemRun[]> {
	const { context, signal } = run;
	const items = itemRunsOf(context, operation);
	/** Those that go on: none once an item has ended the run. */
	const open = () => {
		const left = items.filter(({ result }) => result === undefined);
		return left.length === items.length || context.continueOnFail() ? left : [];
	};
	const each = async (maxParallel: number, stage: (item: ItemRun) => Promise<void>) => {
		const semaphore = new Semaphore(maxParallel);
		const guarded = async (item: ItemRun) =>
			await semaphore
				.use(signal, async () => await stage(item))
				.catch((error: unknown) => (item.result = toFailure(error)));
		await Promise.all(open().map(guarded));
	};
	const together = async (check: 'checkAll' | 'checkResolved') => {
		const left = open();
		if (left.length === 0) return;
		await operation[check]?.(
			run,
			left.map(({ job }) => job),
		).catch((error: unknown) => {
			const isPaid = (item: ItemRun) => check === 'checkResolved' && operation.refuse?.(run, item.job, error);
			for (const item of left) if (!isPaid(item)) item.result = toFailure(error);
		});
	};
	await each(MAX_PARALLEL_CHECKS, async (item) => await readItem(run, operation, item));
	await together('checkAll');
	await each(MAX_PARALLEL_CHECKS, async (item) => {
		if (!operation.resolve) return;
		item.job = await operation.resolve(run, item.job);
		item.about = operation.about?.(item.job);
	});
	await together('checkResolved');
	await each(operation.isSelfPaced ? Infinity : run.concurrency, async (item) => {
		item.result = await operation.work(run, item.job, item.index).catch(toFailure);
		if (item.result.error !== undefined) run.onFault();
	});
	return items;
}

/** The items of a run that has not begun. @param operation undefined where the node has no such operation */
export function itemRunsOf(context: IExecuteFunctions, operation: Operation | undefined): ItemRun[] {
	const inputs = operation?.isOnce ? context.getInputData().slice(0, 1) : context.getInputData();
	const { fields = [] } = operation ?? {};
	return inputs.map(({ json }, index) => ({
		index,
		inputFields: isIncluded(context, fields, index) ? fieldsWithoutFiles(context, json) : undefined,
	}));
}

/** The option Include Input Fields. What is wrong with it is said where all options are read. */
function isIncluded(context: IExecuteFunctions, fields: INodeProperties[], itemIndex: number): boolean {
	try {
		return readOption(context, itemIndex, fields, 'includeInputFields') === true;
	} catch {
		return false;
	}
}

async function readItem(run: NodeRun, operation: Operation, item: ItemRun): Promise<void> {
	const { context } = run;
	const { fields } = operation;
	const options = readOptions(context, item.index, fields);
	// Before anything is paid for: an expression that fails here must not cost a result.
	item.isSimplified =
		fields.includes(simplifyField) && readParameter(context, item.index, simplifyField) === true;
	item.job = await operation.read(run, item.index, options);
	item.about = operation.about?.(item.job);
}

export function toFailure(error: unknown): ItemResult {
	return { items: [], error: error ?? new Error(NO_REASON) };
}
