import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { CancelledError, runError } from '../api/errors';
import { asObject, asString } from '../api/json';
import { plural } from '../api/text';
import type { Ledger } from '../api/purchases/ledger';
import { addExecutionHint, isFailedItem } from './hint';
import { asAtlasError, cancelError, errorJson, NO_REASON, toNodeError } from '../n8n/errors';
import { beginAttempt, startRun } from './startRun';
import { simplified, withInputFields } from '../items/outputItems';
import type { AboutItem, ItemRun, NodeRun } from '../nodeRun';
import type { NodeDefinition, Operation } from './operation';
import { releaseInputContents } from '../n8n/itemFile';
import { itemRunsOf, runItems, toFailure } from './stages';

/** A node's `execute()`: finds the operation, runs it, and turns errors into what n8n understands. */
export async function executeNode(
	context: IExecuteFunctions,
	node: NodeDefinition,
): Promise<INodeExecutionData[][]> {
	const log = purchaseLog(context);
	try {
		// First of all: whatever fails later, its error has to name what an earlier attempt bought.
		const ledger = beginAttempt(context, log.add);
		const items = await prepare(context, node, ledger).then(
			// What an item has given up, such as an upload that hangs, ends with the run.
			async ({ run, operation }) => await runOperation(run, node, operation).finally(run.end),
			(error: unknown) => failAll(context, node, ledger, error),
		);
		return [items];
	} finally {
		log.flush();
		await releaseInputContents(context.helpers);
	}
}

async function runOperation(
	run: NodeRun,
	node: NodeDefinition,
	operation: Operation,
): Promise<INodeExecutionData[]> {
	const { context, ledger, leftovers } = run;
	const { itemRuns, results } = await runItems(run, operation)
		.then((itemRuns) => {
			throwIfCancelled(context, node, ledger);
			return { itemRuns, results: resultsOf(run, itemRuns) };
		})
		.finally(() => {
			ledger.close();
			leftovers.note(ledger.delivered(), ledger.leftOver());
		});
	const all = results.flat();
	// Whichever operation returned them, the next run is not to get them again. A list hands over nothing, and n8n discards
	// an output that begins with an error if it retries.
	if (!operation.isOnce && !(all[0] && isFailedItem(all[0])))
		leftovers.forget(all.flatMap(({ json }) => (json.status === 'completed' ? [json.predictionId] : [])));
	const notes = itemRuns.flatMap(({ about, result }) => [about?.notes ?? [], result?.notes ?? []].flat());
	try {
		addExecutionHint(run, operation, all, notes);
	} catch (error) {
		// The items are billed and must not be lost over a hint.
		context.logger.warn(`${node.displayName} couldn’t sum up its run`, { error });
	}
	return outputOf(context, operation, itemRuns, results);
}

async function prepare(
	context: IExecuteFunctions,
	node: NodeDefinition,
	ledger: Ledger,
): Promise<{ run: NodeRun; operation: Operation }> {
	const operation = operationOf(context, node);
	if (operation) return { run: await startRun(context, ledger, operation.fields), operation };
	throw runError(
		`The operation "${nameIn(context, 'operation')}" isn’t available for "${nameIn(context, 'resource')}"`,
		'Choose an operation from the list. A Custom API Call needs the HTTP Request node.',
	);
}

const nameIn = (context: IExecuteFunctions, parameter: 'resource' | 'operation') =>
	context.getNodeParameter(parameter, 0) as string;

function operationOf(context: IExecuteFunctions, { resources }: NodeDefinition): Operation | undefined {
	const resource = resources.find(({ value }) => value === nameIn(context, 'resource'));
	return resource?.operations.find(({ option }) => option.value === nameIn(context, 'operation'));
}

/** Fails all items. Under Continue, n8n would hand on the input of a node that throws as if it were the output. */
function failAll(
	context: IExecuteFunctions,
	node: NodeDefinition,
	ledger: Ledger,
	error: unknown,
): INodeExecutionData[] {
	throwIfCancelled(context, node, ledger);
	if (!context.continueOnFail()) throw toNodeError(context, error, undefined, ledger.undelivered());
	const operation = operationOf(context, node);
	const itemRuns = itemRunsOf(context, operation).map((one) => ({ ...one, result: toFailure(error) }));
	return outputOf(context, operation, itemRuns, resultsOf({ context, ledger }, itemRuns));
}

function throwIfCancelled(context: IExecuteFunctions, node: NodeDefinition, ledger: Ledger): void {
	if (context.getExecutionCancelSignal?.()?.aborted) throw cancelError(context, node.displayName, ledger);
}

/** What came of the items, in full. @throws NodeOperationError for the first failed item, if that ends the node */
function resultsOf(run: Pick<NodeRun, 'context' | 'ledger'>, itemRuns: ItemRun[]): INodeExecutionData[][] {
	const { context, ledger } = run;
	if (!context.continueOnFail()) throwFirstFault(run, itemRuns);
	return itemRuns.map((itemRun) => {
		const { index, result = { items: [], error: new Error(NO_REASON) } } = itemRun;
		ledger.deliver(index, new Set(result.items.map(({ json }) => json.predictionId)));
		if (result.error === undefined) return result.items;
		const open = ledger.of(index).filter(({ isDelivered }) => !isDelivered);
		const json = { error: errorJson(asAtlasError(result.error, open), aboutOf(context, itemRun).prompt) };
		return [...result.items, { json, pairedItem: { item: index } }];
	});
}

/** The items as the node returns them. */
function outputOf(
	context: IExecuteFunctions,
	operation: Operation | undefined,
	itemRuns: ItemRun[],
	results: INodeExecutionData[][],
): INodeExecutionData[] {
	return results.flatMap((items, i) =>
		items.map((item) => toOutputItem(context, operation?.columns ?? [], itemRuns[i], item)),
	);
}

function toOutputItem(
	context: IExecuteFunctions,
	columns: string[],
	itemRun: ItemRun,
	item: INodeExecutionData,
): INodeExecutionData {
	const { inputFields = {}, isSimplified = false } = itemRun;
	let { json } = item;
	if (isFailedItem(item)) {
		// With `error` as its one key, an object, n8n sends the item to the error branch as it is.
		if (context.getNode().onError === 'continueErrorOutput') return item;
		const about = aboutOf(context, itemRun);
		const predictionId = asString(asObject(json.error)?.predictionId) ?? about.predictionId;
		json = { ...simplified({ ...about, status: 'failed', predictionId }, columns), ...json };
	} else if (isSimplified) json = simplified(json, columns);
	return { ...item, json: withInputFields(inputFields, json) };
}

/** What is known of an item: of one that could not be read whole, its parameters as they are. */
function aboutOf(context: IExecuteFunctions, { about, index }: ItemRun): AboutItem {
	const parameter = (name: string) => {
		try {
			return asString(context.getNodeParameter(name, index, null, { extractValue: name === 'model' }));
		} catch {
			// The item has an error already.
			return null;
		}
	};
	if (about) return about;
	const predictionId = parameter('predictionId') ?? undefined;
	return { model: parameter('model'), prompt: parameter('prompt'), predictionId };
}

function throwFirstFault(
	{ context, ledger }: Pick<NodeRun, 'context' | 'ledger'>,
	itemRuns: ItemRun[],
): void {
	const failed = itemRuns.filter(({ result }) => result?.error !== undefined);
	// A cancelled item was only stopped by the fault of another one.
	const first = failed.find(({ result }) => !(result?.error instanceof CancelledError)) ?? failed[0];
	if (!first) return;
	const error = asAtlasError(first.result?.error, ledger.of(first.index));
	throw toNodeError(context, error, error.isRunWide ? undefined : first.index, ledger.undelivered());
}

/** IDs in one line of n8n's log. */
const IDS_PER_LINE = 20;

/**
 * Writes the IDs of new predictions into n8n's log, several per line: if n8n dies before the node ends, nothing else on
 * this side has them. Never throws: a log must not cost a result.
 */
function purchaseLog(context: IExecuteFunctions) {
	const modelsById = new Map<string, string>();
	const flush = () => {
		const predictionIds = [...modelsById.keys()];
		const models = [...new Set(modelsById.values())];
		modelsById.clear();
		if (predictionIds.length === 0) return;
		try {
			const { id: workflowId, name: workflowName } = context.getWorkflow();
			const nodeName = context.getNode().name;
			const executionId = context.getExecutionId();
			const where = `node "${nodeName}", workflow "${workflowName ?? workflowId ?? ''}", execution ${executionId}`;
			context.logger.info(
				`Atlas Cloud accepted ${plural(predictionIds.length, 'prediction')} of ${models.join(', ')} (${where}): ${predictionIds.join(', ')}`,
				{ predictionIds, models, nodeName, workflowId, executionId },
			);
		} catch {
			// The IDs are in the items and errors as well.
		}
	};
	const add = (predictionId: string, model: string) => {
		modelsById.set(predictionId, model);
		if (modelsById.size >= IDS_PER_LINE) flush();
	};
	return { add, flush };
}
