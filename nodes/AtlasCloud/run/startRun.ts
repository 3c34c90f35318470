import type { IExecuteFunctions } from 'n8n-workflow';
import { Cancellation } from '../api/time/cancellation';
import { ModelInfos } from '../api/models/model';
import { Quotes } from '../api/models/quotes';
import { Downloads } from '../api/files/downloads';
import { Places } from '../api/pace/places';
import { Purchases } from '../api/purchases/purchases';
import { sha256 } from '../api/hash';
import { RemoteContent } from '../api/files/remote';
import { Intents } from '../api/purchases/intents';
import type { IntentRecords, IntentScope } from '../api/purchases/intent';
import { Recovery } from '../api/purchases/recovery';
import { Reuse } from '../api/purchases/reuse';
import { Semaphore } from '../api/time/semaphore';
import { Submits } from '../api/purchases/submits';
import { type UploadOwner, Uploads } from '../api/files/uploads';
import { RemoteImages } from '../api/files/remoteImages';
import { Waiter } from '../api/predictions/waiter';
import { connect } from '../n8n/connect';
import { n8nFileStore } from '../n8n/binary';
import { startClock } from '../n8n/clock';
import { DEFAULT_CONCURRENCY, readConcurrency, readOptions } from '../panel/options';
import type { PurchaseLog } from './log';
import { NodeRun } from '../nodeRun';

/** More downloads at once are no faster: the disk is the limit. */
const MAX_PARALLEL_DOWNLOADS = 8;

/** n8n keeps the node's context in the execution's data: it survives attempts, and a manual retry of the execution. */
function intentRecords(context: IExecuteFunctions): IntentRecords {
	const nodeContext = context.getContext('node');
	nodeContext.seedreamIntents ??= {} satisfies IntentRecords;
	return nodeContext.seedreamIntents as IntentRecords;
}

/**
 * Begins an attempt at this node run. The intents hold what earlier attempts bought.
 * @param log gets the IDs of what this attempt buys
 */
export function beginAttempt(context: IExecuteFunctions, log: PurchaseLog): Intents {
	const scope: IntentScope = {
		executionId: context.getExecutionId(),
		// Only expressions can read it.
		runIndex: Number(context.evaluateExpression('{{ $runIndex }}', 0)) || 0,
		isTool: context.getNode().type.endsWith('Tool'),
	};
	const intents = new Intents(intentRecords(context), scope, (id, model) => log.add(id, model));
	intents.startAttempt();
	return intents;
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

/**
 * Sets up one node run.
 * @param intents of this attempt, from {@link beginAttempt}
 * @throws AtlasError (`input`) for a Base URL that is not allowed, or a bad Concurrency
 */
export async function startRun(context: IExecuteFunctions, intents: Intents): Promise<NodeRun> {
	const clock = startClock();
	const startedAtMs = clock.nowMs();
	// One listener on n8n's own signal: Node warns of a leak from the eleventh on.
	const cancelSignal = new Cancellation(context.getExecutionCancelSignal?.());
	const { client, account } = await connect(context, clock, cancelSignal);
	// What counts for the whole run is read from the first item.
	const hardLimit = readConcurrency(readOptions(context, 0));
	const concurrency = hardLimit ?? DEFAULT_CONCURRENCY;
	const signal = new Cancellation(cancelSignal);

	const node = context.getNode();
	const nodeTag = sha256(`${context.getWorkflow().id ?? ''}/${node.id}`).slice(0, 8);
	const { executionId, runIndex } = intents;
	const owner: UploadOwner = { executionId, nodeTag, runIndex };
	const uploads = new Uploads(client, owner, signal);
	const waiter = new Waiter(client, account, (message) =>
		context.logger.info(`${context.getNode().name}: ${message}`),
	);
	const models = new ModelInfos(client);
	const submits = new Submits(client, intents, signal);
	const earlierInputs = new RemoteContent(client, signal);
	const places = new Places({ account, hardLimit, clock, signal });
	const recovery =
		context.getMode() === 'retry'
			? new Recovery(client, earlierInputs, intents, retriedSinceMs(context, startedAtMs))
			: null;
	const reuse = new Reuse(client, earlierInputs, intents);
	const onFault = () => {
		if (!context.continueOnFail()) signal.abort();
	};
	return {
		context,
		client,
		uploads,
		remoteImages: new RemoteImages(client, signal),
		purchases: new Purchases({
			client,
			uploads,
			submits,
			waiter,
			intents,
			recovery,
			reuse,
			places,
			signal,
			onFault,
		}),
		places,
		waiter,
		downloads: new Downloads(client.http, clock, client.baseUrl, n8nFileStore(context.helpers)),
		downloadSemaphore: new Semaphore(Math.min(MAX_PARALLEL_DOWNLOADS, concurrency)),
		intents,
		models,
		quotes: new Quotes(client, models),
		estimates: new Map(),
		notes: new Set(),
		concurrency,
		startedAtMs,
		signal,
		onFault,
	};
}
