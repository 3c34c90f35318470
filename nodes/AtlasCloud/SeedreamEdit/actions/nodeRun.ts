import type { IBinaryData, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { checkBaseUrl } from '../../api/http/addresses';
import { Cancellation, type CancelSignal } from '../../api/flow/cancellation';
import { modelRules, type ModelRules } from '../../api/models/catalog';
import { AtlasClient } from '../../api/http/client';
import { Downloads } from '../../api/files/downloads';
import { Purchases } from '../../api/purchases/purchases';
import { inputError } from '../../api/errors';
import { sha256 } from '../../api/hash';
import { RemoteContent } from '../../api/files/remoteContent';
import { Intents, type IntentRecords } from '../../api/purchases/intents';
import { asObject } from '../../api/json';
import { Recovery } from '../../api/purchases/recovery';
import { memoize } from '../../api/flow/memoize';
import { Semaphore } from '../../api/flow/semaphore';
import { Submits } from '../../api/purchases/submits';
import type { UploadOwner } from '../../api/files/uploadNames';
import { Uploads } from '../../api/files/uploads';
import { RemoteImages } from '../../api/files/remoteImages';
import { PredictionPoller } from '../../api/predictions/poller';
import { CREDENTIAL_TYPE } from '../../shared/credential';
import { n8nFileStore } from '../../shared/transport/n8nBinary';
import { startClock } from '../../shared/transport/n8nClock';
import { n8nHttp } from '../../shared/transport/n8nHttp';
import { DEFAULT_CONCURRENCY } from './common/options';

/** Downloads at once: a picture or two on the way to the disk are as fast as many. */
const DOWNLOADS_AT_ONCE = 8;

/** Everything that one call of execute() shares between its items. Made once: n8n resolves a parameter slowly. */
export interface NodeRun {
	context: IExecuteFunctions;
	client: AtlasClient;
	uploads: Uploads;
	urlPictures: RemoteImages;
	edits: Purchases;
	watch: PredictionPoller;
	downloads: Downloads<IBinaryData>;
	downloadSemaphore: Semaphore;
	intents: Intents;
	/** What a model takes; a schema is read once per run. */
	rulesOf: (model: string) => Promise<ModelRules>;
	/** Items worked on at once. */
	concurrency: number;
	startedAtMs: number;
	/** Aborted by a cancel of the execution, and by {@link stop}. */
	signal: CancelSignal;
	/** Ends the batch: nothing new is submitted, no picture is waited for. */
	stop: () => void;
}

/** n8n keeps the node's context in the execution's data: it outlives a try, and a person's retry takes it along. */
function intentRecords(context: IExecuteFunctions): IntentRecords {
	const nodeContext = context.getContext('node');
	nodeContext.seedreamIntents ??= {} satisfies IntentRecords;
	return nodeContext.seedreamIntents as IntentRecords;
}

/** Begins a try of this round of the node: what it means to buy, and what earlier tries have bought. */
export function beginTry(context: IExecuteFunctions): Intents {
	const intents = new Intents(intentRecords(context), {
		executionId: context.getExecutionId(),
		// n8n tells it to expressions only.
		runIndex: Number(context.evaluateExpression('{{ $runIndex }}', 0)) || 0,
		isTool: context.getNode().type.endsWith('Tool'),
	});
	intents.begin();
	return intents;
}

/** How far back a retry looks where n8n does not tell when the retried execution began, in ms. */
const RETRY_WINDOW_MS = 24 * 3_600_000;

/**
 * When the execution that a person retries began. n8n 2.x keeps its context across retries; where a crash lost it, or
 * in 1.x, it is made anew by the retry and says nothing.
 */
function retriedSinceMs(context: IExecuteFunctions, nowMs: number): number {
	const { source, establishedAt } = context.getExecutionContext?.() ?? {};
	return source === undefined || source === 'retry' || establishedAt === undefined
		? nowMs - RETRY_WINDOW_MS
		: establishedAt;
}

/** Options as item 0 has them: what goes for the whole run cannot differ between items. */
function runOptions(context: IExecuteFunctions): IDataObject {
	return (asObject(context.getNodeParameter('options', 0, {})) ?? {}) as IDataObject;
}

function rulesReader(client: AtlasClient): NodeRun['rulesOf'] {
	const known = new Map<string, Promise<ModelRules>>();
	return async (model) => await memoize(known, model, async () => await modelRules(client, model));
}

/**
 * Sets up one node run.
 * @param intents of this try, from {@link beginTry}
 * @throws AtlasError (`input`) for a Base URL that is not allowed
 */
export async function startRun(context: IExecuteFunctions, intents: Intents): Promise<NodeRun> {
	const clock = startClock();
	const startedAtMs = clock.nowMs();
	const credential = await context.getCredentials(CREDENTIAL_TYPE);
	const baseUrl = checkBaseUrl(typeof credential.baseUrl === 'string' ? credential.baseUrl : '');
	const { concurrency = DEFAULT_CONCURRENCY } = runOptions(context);
	if (typeof concurrency !== 'number' || !Number.isInteger(concurrency) || concurrency < 1) {
		throw inputError(
			'Concurrency is not a whole number from 1 on',
			'Set it under Options, or remove it there for the default of 20.',
		);
	}
	// n8n's own signal gets one listener of ours: Node warns from the eleventh on.
	const cancelSignal = new Cancellation(context.getExecutionCancelSignal?.());
	const signal = new Cancellation(cancelSignal);

	const http = n8nHttp(context, credential);
	const secret = typeof credential.apiKey === 'string' ? credential.apiKey.trim() : '';
	const client = new AtlasClient({ baseUrl, http, clock, signal: cancelSignal, secret });
	const node = context.getNode();
	const nodeTag = sha256(`${context.getWorkflow().id ?? ''}/${node.id}`).slice(0, 8);
	const { executionId, runIndex } = intents;
	const owner: UploadOwner = { executionId, nodeTag, runIndex };
	const uploads = new Uploads(client, owner, signal);
	const watch = new PredictionPoller(client);
	const submits = new Submits(client, intents, concurrency, signal);
	const recovery =
		context.getMode() === 'retry'
			? new Recovery(client, new RemoteContent(client, signal), intents, retriedSinceMs(context, startedAtMs))
			: null;
	const onFault = () => {
		if (!context.continueOnFail()) signal.abort();
	};
	return {
		context,
		client,
		uploads,
		urlPictures: new RemoteImages(client, signal),
		edits: new Purchases({
			client,
			uploads,
			submits,
			watch,
			intents,
			recovery,
			concurrency,
			signal,
			onFault,
		}),
		watch,
		downloads: new Downloads(http, clock, baseUrl, n8nFileStore(context.helpers)),
		downloadSemaphore: new Semaphore(Math.min(DOWNLOADS_AT_ONCE, concurrency)),
		intents,
		rulesOf: rulesReader(client),
		concurrency,
		startedAtMs,
		signal,
		stop: () => signal.abort(),
	};
}
