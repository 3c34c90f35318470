import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { WAIT_INDEFINITELY } from 'n8n-workflow';
import type { Intents } from '../../api/purchases/intents';
import type { BoughtPrediction } from '../../api/purchases/purchaseRequest';
import type { OutputDestination } from '../destination';
import type { NodeRun } from '../nodeRun';
import type { ItemRun } from '../runItems';
import type { TimeoutOptions } from '../timeout';

/** An item whose prediction Atlas is to report. Plain JSON. */
export interface AsleepItem extends TimeoutOptions {
	bought: BoughtPrediction;
	destination: Omit<OutputDestination, 'style'>;
	/** The input's json, if the option Include Input Fields asks for it. */
	inputFields?: IDataObject;
}

/** What a sleeping node keeps in n8n's node context, which is stored with the execution. Plain JSON. */
export interface SleepRecord {
	runIndex: number;
	/** Of `asleep`. The webhook reads them with an expression. */
	predictionIds: string[];
	/** By the index of the input item, as is `done`. */
	asleep: Record<number, AsleepItem>;
	/** The output of items that had no need to wait. */
	done: Record<number, INodeExecutionData[]>;
	/** List prices by prediction, in USD; null if it is not known. */
	estimates: Record<string, number | null>;
	/** The node's input, which placeholders replace during the sleep. */
	inputs: INodeExecutionData[];
}

/**
 * Puts the execution to sleep, without a timer, until Atlas reports the predictions. If anything else ends the sleep, such
 * as a retry of the execution after a cancel, n8n returns the node's input as its output. So the input is replaced, until
 * the node wakes up, by what is known of each item: its prediction ID, without a file.
 * @param outputs of all items, in order; of an item that is asleep, as it is now
 * @returns what the editor shows during the sleep
 */
export async function fallAsleep(
	{ context, asleep, estimates, intents }: NodeRun,
	itemRuns: ItemRun[],
	outputs: Array<{ index: number; item: INodeExecutionData }>,
): Promise<INodeExecutionData[]> {
	const done: SleepRecord['done'] = {};
	const waiting: SleepRecord['asleep'] = {};
	for (const { index, item } of outputs) if (!asleep.has(index)) (done[index] ??= []).push(item);
	for (const [index, item] of asleep) waiting[index] = { ...item, inputFields: itemRuns[index].inputFields };
	context.getContext('node').seedreamSleep = {
		runIndex: intents.runIndex,
		predictionIds: [...asleep.values()].map(({ bought }) => bought.predictionId),
		asleep: waiting,
		done,
		estimates: Object.fromEntries(estimates),
		inputs: [...storedInput(context)],
	} satisfies SleepRecord;
	// One per input item: n8n pairs them with the input by their place.
	const isFirst = ({ index }: { index: number }, at: number) => index !== outputs[at - 1]?.index;
	const placeholders = outputs.filter(isFirst).map(({ item }) => item);
	replaceInput(context, placeholders);
	await context.putExecutionToWait(WAIT_INDEFINITELY);
	// Not those that failed: n8n would run the node again.
	return outputs.filter(({ index }) => asleep.has(index)).map(({ item }) => item);
}

/**
 * Whether Atlas's call woke the node up. Gives it its input back.
 * @returns what it slept for; null if it did not sleep
 */
export function wakeUp(context: IExecuteFunctions, intents: Intents): SleepRecord | null {
	const nodeContext = context.getContext('node');
	const record = nodeContext.seedreamSleep as SleepRecord | undefined;
	if (record?.runIndex !== intents.runIndex) return null;
	delete nodeContext.seedreamSleep;
	nodeContext.seedreamWoken = runKey(intents);
	replaceInput(context, record.inputs);
	return record;
}

/**
 * Whether this run of the node has slept. It must not sleep again: after each sleep, n8n counts the tries of Retry On Fail
 * anew, so that it would buy without end what always fails.
 */
export function hasSlept({ context, intents }: NodeRun): boolean {
	return context.getContext('node').seedreamWoken === runKey(intents);
}

/** A manual retry of the execution may sleep again: it keeps the node's context, but has its own execution ID. */
function runKey({ executionId, runIndex }: Intents): string {
	return `${executionId}/${runIndex}`;
}

/** The input as n8n stores it. With Execute Once, `getInputData` is a copy of its first item. */
function storedInput(context: IExecuteFunctions): INodeExecutionData[] {
	return context.getExecuteData().data.main[0] ?? [];
}

/** In place: n8n stores these very lists, and gives them to the next try. */
function replaceInput(context: IExecuteFunctions, items: INodeExecutionData[]): void {
	const stored = storedInput(context);
	const given = context.getInputData();
	if (given !== stored) given.splice(0, given.length, ...items.slice(0, given.length));
	stored.splice(0, stored.length, ...items);
}
