import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { AtlasError, CancelledError, inputError } from '../../api/errors';
import type { Intent } from '../../api/purchases/intent';
import type { Intents } from '../../api/purchases/intents';
import type { Undelivered } from '../../api/purchases/undelivered';
import { asNumber, asObject, asString } from '../../api/json';
import { Semaphore } from '../../api/flow/semaphore';
import { addExecutionHint } from './executionHint';
import { edit } from './image/edit.operation';
import { upload } from './image/upload.operation';
import { beginTry, startRun, type NodeRun } from './nodeRun';
import type { ItemOperation, Operation } from './operation';
import { readOptions } from './destination';
import { get } from './prediction/get.operation';
import { getAll } from './prediction/getAll.operation';
import { submit } from './prediction/submit.operation';
import { waitForCompletion } from './prediction/waitForCompletion.operation';

/** Every operation: a new one is a file of its own and a line here. */
export const operations: Record<string, Record<string, Operation>> = {
	image: { edit, upload },
	prediction: { get, getAll, submit, waitForCompletion },
};

/** What came of one item. */
type Outcome = { items: INodeExecutionData[]; error?: undefined } | { items?: undefined; error: unknown };

/** What came of all items, and what is put before their output. Undefined: was not begun, or is not wanted. */
interface Outcomes {
	outcomes: Array<Outcome | undefined>;
	inputFields: Array<IDataObject | undefined>;
}

/** The message of an item that failed with nothing that could be told. */
const NO_REASON = 'The item failed without a reason';

/** Checks before the first request look at a few items at once. */
const CHECKS_AT_ONCE = 16;

/** Finds the operation, runs it over the items, and turns errors into what n8n understands. */
export async function router(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	// First of all: whatever fails after it, an earlier try may have bought something, and the error tells of it.
	const intents = beginTry(context);
	// n8n runs a cancelled node again where Retry On Fail is on: the signal is then aborted from the start.
	if (context.getExecutionCancelSignal?.()?.aborted) throw cancelError(context, intents);
	const { run, name, operation } = await prepare(context, intents).catch((error: unknown) => {
		throw toNodeError(context, error, undefined, intents.undelivered());
	});
	if ('once' in operation) {
		const outcome = await settled(operation.once(run));
		return [present(run, { outcomes: [outcome], inputFields: [] })];
	}
	const items = present(run, await runItems(run, operation));
	await addExecutionHint(run, name, items).catch((error: unknown) => {
		// The items are paid for: they go on without the hint.
		context.logger.warn('Seedream Edit could not sum up its run', { error });
	});
	return [items];
}

/** Finds the operation and sets the run up. */
async function prepare(
	context: IExecuteFunctions,
	intents: Intents,
): Promise<{ run: NodeRun; name: string; operation: Operation }> {
	const resource = context.getNodeParameter('resource', 0) as string;
	const name = context.getNodeParameter('operation', 0) as string;
	const operation = operations[resource]?.[name];
	if (!operation) throw inputError(`There is no operation "${name}" of "${resource}"`, '');
	return { run: await startRun(context, intents), name, operation };
}

async function settled(work: Promise<INodeExecutionData[]>): Promise<Outcome> {
	return await work.then(
		(items) => ({ items }),
		(error: unknown) => ({ error: error ?? new Error(NO_REASON) }),
	);
}

/** Checks all items, then works on them: all at once as far as the operation and Concurrency allow. */
async function runItems(run: NodeRun, operation: ItemOperation): Promise<Outcomes> {
	const { context } = run;
	const itemIndexes = [...context.getInputData().keys()];
	const outcomes: Array<Outcome | undefined> = itemIndexes.map(() => undefined);
	const inputFields: Array<IDataObject | undefined> = itemIndexes.map(() => undefined);
	const jobs: unknown[] = itemIndexes.map(() => undefined);
	const open = () => itemIndexes.filter((i) => outcomes[i] === undefined);
	// Where one bad item ends the node, it ends it before anything is sent or paid.
	const isOver = () =>
		open().length === 0 || (!context.continueOnFail() && open().length < itemIndexes.length);

	const checks = new Semaphore(CHECKS_AT_ONCE);
	const checkEach = async (check: (itemIndex: number) => Promise<void>) => {
		const checkOne = async (i: number) => {
			await checks
				.use(run.signal, async () => await check(i))
				.catch((error: unknown) => (outcomes[i] = { error }));
		};
		await Promise.all(open().map(checkOne));
	};
	await checkEach(async (i) => {
		// Read now: an expression that fails may not cost a result that is paid for.
		inputFields[i] = readInputFields(run, i);
		jobs[i] = await operation.read(run, i);
	});
	if (isOver()) return { outcomes, inputFields };
	try {
		operation.checkAll?.(
			run,
			open().map((i) => jobs[i]),
		);
	} catch (error) {
		for (const i of open()) outcomes[i] = { error };
	}
	if (!isOver()) await checkEach(async (i) => await operation.resolve?.(run, jobs[i]));
	if (isOver()) return { outcomes, inputFields };

	const slots = new Semaphore(operation.pacesItself ? Infinity : run.concurrency);
	const workOn = async (i: number) => {
		const outcome = await settled(slots.use(run.signal, async () => await operation.work(run, jobs[i], i)));
		outcomes[i] = outcome;
		if (outcome.error !== undefined && !context.continueOnFail()) run.stop();
	};
	await Promise.all(open().map(workOn));
	return { outcomes, inputFields };
}

/** The outcomes as n8n's items, or thrown where the node is to stop on an error. */
function present(run: NodeRun, { outcomes, inputFields }: Outcomes): INodeExecutionData[] {
	const { context, intents } = run;
	if (context.getExecutionCancelSignal?.()?.aborted) {
		throw cancelError(context, intents);
	}
	if (!context.continueOnFail()) {
		const isFault = ({ error }: Outcome) => error !== undefined && !(error instanceof CancelledError);
		const itemIndex = outcomes.findIndex((outcome) => outcome !== undefined && isFault(outcome));
		if (itemIndex >= 0) {
			const error = asAtlasError(outcomes[itemIndex]?.error, intents.of(itemIndex));
			throw toNodeError(context, error, itemIndex, intents.undelivered());
		}
	}
	return outcomes.flatMap((outcome, itemIndex) => {
		if (!outcome?.items) {
			const error = asAtlasError(outcome?.error, intents.of(itemIndex));
			return [{ json: { error: errorJson(error) }, pairedItem: { item: itemIndex } }];
		}
		intents.markDelivered(itemIndex);
		return withInput(inputFields[itemIndex], outcome.items);
	});
}

/** Executions whose log has been told: with Retry On Fail a cancelled node is run several times. */
const toldOfCancel = new WeakSet<object>();

/** n8n keeps nothing that is said after a cancel: its log is the place for what is paid for. */
function cancelError(context: IExecuteFunctions, intents: Intents): NodeOperationError {
	const undelivered = intents.undelivered();
	const { ids, candidateIds, unknownCount } = undelivered;
	const execution = context.getContext('node');
	if (ids.length + unknownCount > 0 && !toldOfCancel.has(execution)) {
		toldOfCancel.add(execution);
		context.logger.warn(`Seedream Edit was cancelled.${tellUndelivered(undelivered, 0)}`, {
			predictionIds: [...ids, ...candidateIds],
		});
	}
	return toNodeError(context, new CancelledError(), undefined, undelivered);
}

/** The input's json where the option asks for it. */
function readInputFields(run: NodeRun, itemIndex: number): IDataObject | undefined {
	if (readOptions(run, itemIndex).includeInputFields !== true) return undefined;
	const fields = { ...run.context.getInputData()[itemIndex].json };
	// An `error` of the input would make n8n take a good item for a failed one, and run the node again.
	delete fields.error;
	return fields;
}

function withInput(fields: IDataObject | undefined, items: INodeExecutionData[]): INodeExecutionData[] {
	return fields ? items.map((item) => ({ ...item, json: { ...fields, ...item.json } })) : items;
}

/** What a failed item tells. One key `error` that holds an object: n8n then sends the item, whole, to the error branch. */
function errorJson(error: AtlasError): IDataObject {
	const { message, description, predictionId, status, reason, statusCode, requestId } = error;
	return { message, description, predictionId, status, reason, statusCode, requestId };
}

/** @param intent what the item has bought: no error after a submit is without its id, wherever it comes from */
function asAtlasError(error: unknown, intent?: Intent): AtlasError {
	const known = error instanceof AtlasError ? error : toAtlasError(error);
	const { predictionId, formerIds = [], state } = intent ?? {};
	const isOver = state === 'failed';
	const isNews = predictionId !== undefined && known.predictionId === null;
	const failedIds = isNews && isOver ? [...formerIds, predictionId] : formerIds;
	const told = [
		known.description,
		isNews &&
			!isOver &&
			'An earlier try bought this prediction, and nothing has to be paid again: run the item again, or fetch it with Wait for Completion.',
		failedIds.length > 0 && `Predictions of earlier tries that failed: ${failedIds.join(', ')}.`,
	];
	const description = told.filter((sentence) => typeof sentence === 'string' && sentence !== '').join(' ');
	if (description === known.description && !isNews) return known;
	return new AtlasError(known.message, {
		...known,
		description,
		predictionId: known.predictionId ?? predictionId,
	});
}

/** Never throws, whatever it is given: it may stand between a person and the id of what is paid for. */
function toAtlasError(error: unknown): AtlasError {
	const tell = (name: string): unknown => {
		try {
			return asObject(error)?.[name];
		} catch {
			return undefined;
		}
	};
	const message = asString(tell('message')) ?? asString(error) ?? NO_REASON;
	return new AtlasError(message, {
		kind: 'read',
		description: asString(tell('description')) ?? '',
		// Errors of n8n's own have it as text.
		statusCode: asNumber(tell('httpCode')),
	});
}

/** What is paid for, or may be, besides the item that the error is about. @param ownUnknown of these it tells itself */
function tellUndelivered(undelivered: Undelivered, ownUnknown: number): string {
	const { ids, failedIds, candidateIds, unknownCount } = undelivered;
	const unknown = unknownCount - ownUnknown;
	const told = [
		ids.length > 0 &&
			`Other edits were submitted and are not lost: ${ids.join(', ')}. Retry, or fetch them with Wait for Completion.`,
		failedIds.length > 0 && `These failed as well: ${failedIds.join(', ')}.`,
		unknown > 0 &&
			`Of ${unknown} ${unknown === 1 ? 'item' : 'items'} it is unknown whether Atlas Cloud took the edit; Get Many shows what it took.`,
		candidateIds.length > 0 && `These may be theirs: ${candidateIds.join(', ')}.`,
	];
	return told.flatMap((sentence) => (sentence === false ? [] : ` ${sentence}`)).join('');
}

const NOTHING: Undelivered = { ids: [], failedIds: [], candidateIds: [], unknownCount: 0 };

/** The error that n8n shows for the node; `undelivered` is what the run has bought and not handed on. */
function toNodeError(
	context: IExecuteFunctions,
	error: unknown,
	itemIndex: number | undefined,
	undelivered = NOTHING,
): NodeOperationError {
	const known = asAtlasError(error);
	const isOther = (id: string) => !known.message.includes(id);
	const others: Undelivered = {
		ids: undelivered.ids.filter(isOther),
		failedIds: undelivered.failedIds.filter(isOther),
		candidateIds: undelivered.candidateIds.filter(isOther),
		unknownCount: undelivered.unknownCount,
	};
	const toldOfOthers = tellUndelivered(others, known.kind === 'unknown' ? 1 : 0);
	const nodeError = new NodeOperationError(context.getNode(), known.message, {
		itemIndex,
		description: `${known.description}${toldOfOthers}`.trim(),
	});
	// n8n puts a sentence of its own in place of a message that holds ECONNRESET or the like, and the id would be gone.
	nodeError.message = known.message;
	Object.assign(nodeError.context, {
		predictionId: known.predictionId,
		status: known.status,
		otherPredictionIds: [...others.ids, ...others.failedIds, ...others.candidateIds],
		reason: known.reason,
		statusCode: known.statusCode,
		requestId: known.requestId,
	});
	return nodeError;
}
