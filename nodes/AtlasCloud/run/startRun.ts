import type { IContextObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { ModelInfos } from '../api/models/model';
import { Quotes } from '../api/models/quotes';
import { Places } from '../api/pace/places';
import { EarlierInputs } from '../api/purchases/earlierInputs';
import { Ledger } from '../api/purchases/ledger';
import type { KeptPurchases } from '../api/purchases/record';
import { Leftovers } from '../api/purchases/leftovers';
import { LostSearch } from '../api/purchases/lostSearch';
import { Search } from '../api/purchases/search';
import { sha256 } from '../api/hash';
import { canonicalJson } from '../api/json';
import { Downloads } from '../api/files/downloads';
import { RemoteImages } from '../api/files/remoteFiles';
import { Cancellation } from '../api/time/clock';
import { Uploads } from '../api/files/uploads';
import { Waiter } from '../api/predictions/waiter';
import { startClock } from '../n8n/clock';
import { connect } from '../n8n/connect';
import { n8nFileStore } from '../n8n/fileStore';
import { DEFAULT_CONCURRENCY, readConcurrency } from '../panel/options';
import { isTool } from '../n8n/errors';
import type { NodeRun } from '../nodeRun';

/** n8n keeps contexts in the execution's data: they survive attempts, and a manual retry of the execution. */
function keptPurchases(context: IExecuteFunctions): KeptPurchases {
	const nodeContext = contextOf(context, 'node');
	const flowContext = contextOf(context, 'flow');
	return {
		records: (nodeContext.seedreamPurchases ??= {}) as KeptPurchases['records'],
		takenIds: (flowContext.seedreamPredictions ??= {}) as KeptPurchases['takenIds'],
	};
}

/** The calls of n8n's Agents have none, and n8n throws (n8n 2.41). */
function contextOf(context: IExecuteFunctions, type: 'node' | 'flow'): IContextObject {
	try {
		return context.getContext(type);
	} catch {
		return {};
	}
}

/** Begins an attempt at this node run. The ledger holds what earlier attempts bought, and tells what this one buys. */
export function beginAttempt(
	context: IExecuteFunctions,
	onBought: (predictionId: string, model: string) => void,
): Ledger {
	const scope = {
		executionId: context.getExecutionId() ?? '',
		// Only the data of expressions has it.
		runIndex: Number(context.getWorkflowDataProxy(0).$runIndex) || 0,
		isTool: isTool(context),
		parametersHash: sha256(canonicalJson(context.getNode().parameters)).slice(0, 16),
	};
	const ledger = new Ledger(keptPurchases(context), scope, onBought);
	ledger.startAttempt();
	return ledger;
}

/** How far back a retry searches where the start of the retried execution is not known, in ms. */
const RETRY_WINDOW_MS = 24 * 3_600_000;

/**
 * When a manually retried execution began, in ms. n8n 2.x keeps its context across retries; after a crash, and in 1.x,
 * the retry makes a new one.
 */
function retriedSinceMs(context: IExecuteFunctions, nowMs: number): number {
	const { source, establishedAt } = context.getExecutionContext?.() ?? {};
	const isKept = source !== undefined && source !== 'retry' && establishedAt !== undefined;
	return isKept ? establishedAt : nowMs - RETRY_WINDOW_MS;
}

/** @throws AtlasError (`input`) for a Base URL that is not allowed, or a bad Concurrency */
export async function startRun(
	context: IExecuteFunctions,
	ledger: Ledger,
	fields: INodeProperties[],
): Promise<NodeRun> {
	const clock = startClock();
	const startedAtMs = clock.nowMs();
	// One listener on n8n's own signal: Node warns of a leak from the eleventh on.
	const cancelSignal = new Cancellation(context.getExecutionCancelSignal?.());
	const { client, account } = await connect(context, clock, cancelSignal);
	const hardLimit = readConcurrency(context, fields);
	const concurrency = hardLimit ?? DEFAULT_CONCURRENCY;
	const signal = new Cancellation(cancelSignal);

	const node = context.getNode();
	const { executionId, runIndex, isTool } = ledger.scope;
	const hasExecution = executionId !== '' || !isTool;
	const workflowId = context.getWorkflow().id ?? '';
	// n8n's Agents make a new node for each call, in no workflow (n8n 2.41).
	const ownNode = executionId || workflowId ? `${workflowId}/${node.id}` : node.type;
	const nodeTag = sha256(ownNode).slice(0, 8);
	const models = new ModelInfos(client);
	const isRepeated = context.getMode() === 'manual' || !hasExecution;
	return {
		client,
		context,
		clock,
		startedAtMs,
		hasExecution,
		concurrency,
		ledger,
		search: new Search(client, ledger, new EarlierInputs(client, signal)),
		// The search for a lost submit continues when the batch stops: it is part of the submit's answer.
		lostSearch: new LostSearch(client, ledger, client.signal),
		leftovers: new Leftovers(`${account} ${nodeTag}`, clock, isRepeated),
		uploads: new Uploads(client, { executionId, nodeTag, runIndex }, signal),
		downloads: new Downloads(client, n8nFileStore(context.helpers), signal, concurrency),
		remoteImages: new RemoteImages(client, signal),
		budget: { spareUsd: Infinity },
		places: new Places({ account, hardLimit, clock, signal }),
		waiter: new Waiter(client, account, (message) => context.logger.info(`${node.name}: ${message}`)),
		signal,
		models,
		quotes: new Quotes(client, models),
		retriedSinceMs: context.getMode() === 'retry' ? retriedSinceMs(context, startedAtMs) : null,
		onFault: () => {
			if (!context.continueOnFail()) signal.abort();
		},
		end: cancelSignal.abort,
	};
}
