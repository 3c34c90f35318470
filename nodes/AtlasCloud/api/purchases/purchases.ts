import { AtlasError, truncate } from '../errors';
import { areOutputsGone } from '../files/expiredOutputs';
import type { Uploads } from '../files/uploads';
import type { CancelSignal } from '../flow/cancellation';
import { sha256 } from '../hash';
import type { AtlasClient } from '../http/client';
import { asString, canonicalJson } from '../json';
import type { HistoryTask } from '../predictions/history';
import type { PredictionPoller } from '../predictions/poller';
import type { Flight } from './flight';
import type { Flights } from './flights';
import type { Intent } from './intent';
import type { Intents } from './intents';
import { placeAt, valueAt, type InputPath } from './inputPaths';
import type { IdentifiedInput, InputIdentity, Recovery, RequestShape } from './recovery';
import type { Reuse } from './reuse';
import type { PurchaseInput, PurchaseRequest, SubmittedPrediction, WaitedPurchase } from './purchaseRequest';
import type { Submits } from './submits';
import { timingKey } from './timingKey';

export interface PurchasesDependencies {
	client: AtlasClient;
	uploads: Uploads;
	submits: Submits;
	poller: PredictionPoller;
	intents: Intents;
	/** Null unless a person retries an execution. */
	recovery: Recovery | null;
	reuse: Reuse;
	/** How many purchases may be under way. */
	flights: Flights;
	/** Cancel of the execution, or stop of the batch. */
	signal: CancelSignal | undefined;
	/** Called when a purchase fails, before the next one gets its place: if this stops the batch, that one is not bought. */
	onFault: () => void;
}

/** The purchases of one node run: uploads, submits and waits of all items overlap. */
export class Purchases {
	constructor(private readonly deps: PurchasesDependencies) {}

	/** Whether Atlas limited how many submits there may be per second. */
	get isSlowed(): boolean {
		return this.deps.submits.isSlowed;
	}

	/**
	 * Buys a prediction without waiting for it.
	 * @throws AtlasError; CancelledError
	 */
	async submit(request: PurchaseRequest): Promise<SubmittedPrediction> {
		const { bought, flight } = await this.buy(request, true);
		flight.leave();
		this.deps.submits.finished(bought.model);
		return bought;
	}

	/**
	 * Buys a prediction and waits until it is over or its time is up. Buys a new one if a reused one fails meanwhile.
	 * @throws AtlasError; CancelledError
	 */
	async submitAndWait(request: PurchaseRequest): Promise<WaitedPurchase> {
		return await this.buyAndWait(request).catch(async (error: unknown) => {
			if (!this.isFailedReuse(request, error)) throw error;
			return await this.buyAndWait({ ...request, reuseHours: 0 });
		});
	}

	private async buyAndWait(request: PurchaseRequest): Promise<WaitedPurchase> {
		const { bought, flight } = await this.buy(request, false);
		try {
			const waited = await this.waitFor(request, bought, flight);
			flight.leave(waited.prediction);
			return waited;
		} finally {
			flight.leave();
			this.deps.submits.finished(bought.model);
		}
	}

	private async waitFor(
		request: PurchaseRequest,
		bought: SubmittedPrediction,
		flight: Flight,
	): Promise<WaitedPurchase> {
		const { intents, onFault } = this.deps;
		const intent = intents.of(request.itemIndex);
		const waited = await this.waitOrRelocate(request, bought, intent, flight).catch((error: unknown) => {
			if (intent) this.noteFailure(intent, error);
			if (!this.isFailedReuse(request, error)) onFault();
			throw error;
		});
		if (waited.prediction && intent) intents.markCompleted(intent);
		if (!waited.prediction && request.failsOnTimeout) onFault();
		return waited;
	}

	private async waitOrRelocate(
		request: PurchaseRequest,
		bought: SubmittedPrediction,
		intent: Intent | undefined,
		flight: Flight,
	): Promise<WaitedPurchase> {
		const { itemIndex, timeoutMs } = request;
		return await this.waitUntilOver(bought, timeoutMs, flight).catch(async (error: unknown) => {
			const found =
				isNotFound(error) && intent
					? await this.deps.submits.relocate(itemIndex, intent, bought.predictionId)
					: null;
			if (!found) throw error;
			// Its time still starts with the submit.
			return await this.waitUntilOver({ ...found, sentAtMs: bought.sentAtMs }, timeoutMs, flight);
		});
	}

	private async waitUntilOver(
		bought: SubmittedPrediction,
		timeoutMs: number,
		queue: Flight,
	): Promise<WaitedPurchase> {
		const { poller, signal } = this.deps;
		const { predictionId, model, sentAtMs, knownAtMs, isReused } = bought;
		// A reused one was submitted some time ago and may have ended: its first poll is now.
		const times = isReused
			? { sentAtMs: null, knownAtMs, deadlineMs: knownAtMs + timeoutMs }
			: { sentAtMs, knownAtMs, deadlineMs: sentAtMs + timeoutMs };
		const request = { predictionId, model, ...times, signal, queue };
		return { bought, prediction: await poller.waitUntilCompleted(request) };
	}

	/** Writes down how a prediction failed, for the next attempt. */
	private noteFailure(intent: Intent, error: unknown): void {
		if (!(error instanceof AtlasError)) return;
		const { kind, message } = error;
		if (kind === 'failed' || kind === 'moderation' || (intent.isReused && isNotFound(error)))
			this.deps.intents.markFailed(intent, message, kind === 'moderation');
	}

	/** Whether a reused prediction failed, or Atlas no longer has it, so that a new one has to be bought. */
	private isFailedReuse({ itemIndex }: PurchaseRequest, error: unknown): boolean {
		const isReused = this.deps.intents.of(itemIndex)?.isReused === true;
		// What moderation stopped would be stopped again.
		return isReused && error instanceof AtlasError && (error.kind === 'failed' || isNotFound(error));
	}

	private async buy(
		request: PurchaseRequest,
		isSubmitOnly: boolean,
	): Promise<{ bought: SubmittedPrediction; flight: Flight }> {
		// Taken before the files are read: with a concurrency of 1, items keep their order, whatever their files' sizes.
		const flight = await this.deps.flights.prepare(isSubmitOnly);
		const bought = await this.resumeOrSubmit(request, flight)
			.catch((error: unknown) => {
				this.deps.onFault();
				flight.leave();
				throw error;
			})
			.finally(() => releaseInputs(request));
		flight.accepted(
			bought.predictionId,
			timingKey(request.body, request.inputs.length),
			bought.isNew ? bought.sentAtMs : null,
		);
		return { bought, flight };
	}

	private async resumeOrSubmit(request: PurchaseRequest, flight: Flight): Promise<SubmittedPrediction> {
		const inputs = await this.identifyInputs(request);
		const fingerprint = sha256(canonicalJson([request.body, inputs]));
		const earlier =
			(await this.resumeEarlier(request, inputs, fingerprint, flight)) ??
			(await this.reuse(request, inputs, fingerprint, flight));
		return earlier ?? (await this.submitNew(request, fingerprint, flight));
	}

	/** What an earlier attempt or execution bought for this request; null if nothing. */
	private async resumeEarlier(
		request: PurchaseRequest,
		inputs: IdentifiedInput[],
		fingerprint: string,
		flight: Flight,
	): Promise<SubmittedPrediction | null> {
		const { intents } = this.deps;
		const known = intents.find(request.itemIndex, fingerprint);
		const resumed = known ? await this.resume(request, known, flight) : null;
		if (resumed || known?.executionId === intents.executionId) return resumed;
		// An earlier retry may have bought what this execution had not, and then crashed.
		const recovered = await this.recover(request, inputs, fingerprint);
		return recovered ? await this.resume(request, recovered, flight) : null;
	}

	private async submitNew(
		request: PurchaseRequest,
		fingerprint: string,
		flight: Flight,
	): Promise<SubmittedPrediction> {
		const uploaded = await this.uploadInputs(request);
		await flight.enter(request.body.model);
		return await this.deps.submits.buy(
			{
				...request,
				body: placeAt(request.body, uploaded),
				inputUrls: uploaded.map(([, url]) => truncate(url)),
				fingerprint,
			},
			flight,
		);
	}

	private async resume(
		{ itemIndex, mayResubmit }: PurchaseRequest,
		intent: Intent,
		flight: Flight,
	): Promise<SubmittedPrediction | null> {
		await flight.resume(intent.model);
		return await this.deps.submits.resume(itemIndex, intent, mayResubmit);
	}

	/** What each input is, wherever it was uploaded to. */
	private async identifyInputs({ inputs }: PurchaseRequest): Promise<IdentifiedInput[]> {
		const { uploads } = this.deps;
		const identify = async ({ file, url }: PurchaseInput): Promise<InputIdentity> =>
			file ? { sha256: await uploads.contentHash(file), sizeBytes: file.sizeBytes } : { url };
		return await Promise.all(
			inputs.map(async (input) => ({ path: input.path, identity: await identify(input) })),
		);
	}

	private async uploadInputs({ inputs, itemIndex }: PurchaseRequest): Promise<Array<[InputPath, string]>> {
		const { uploads } = this.deps;
		return await Promise.all(
			inputs.map(async ({ path, file, url }): Promise<[InputPath, string]> => [
				path,
				file ? await uploads.url(file, itemIndex) : url,
			]),
		);
	}

	/** Finds in the history what an execution had bought for the same request before it crashed. */
	private async recover(
		request: PurchaseRequest,
		inputs: IdentifiedInput[],
		fingerprint: string,
	): Promise<Intent | undefined> {
		const task = await this.deps.recovery?.claim(shapeOf(request, inputs));
		return task ? this.adopt(request, inputs, fingerprint, task, false) : undefined;
	}

	/** Takes what was bought for the same request within the last hours; null if nothing was. */
	private async reuse(
		request: PurchaseRequest,
		inputs: IdentifiedInput[],
		fingerprint: string,
		flight: Flight,
	): Promise<SubmittedPrediction | null> {
		const { reuse, intents, client } = this.deps;
		const { reuseHours } = request;
		if (reuseHours <= 0) return null;
		const adopt = (task: HistoryTask) => ({
			intent: this.adopt(request, inputs, fingerprint, task, true),
			prediction: task.prediction,
		});
		for (;;) {
			const taken = await reuse.take(shapeOf(request, inputs), reuseHours, adopt);
			if (!taken) return null;
			const { intent, prediction } = taken;
			if (!(await areOutputsGone(client, prediction))) return await this.resume(request, intent, flight);
			// It stays this item's, so that no other item tries it.
			intents.markFailed(intent, 'Atlas Cloud has deleted its files', false);
		}
	}

	/** Makes a prediction that was bought before the item's own. */
	private adopt(
		{ itemIndex, body }: PurchaseRequest,
		inputs: IdentifiedInput[],
		fingerprint: string,
		task: HistoryTask,
		isReused: boolean,
	): Intent {
		const { intents, client } = this.deps;
		const details = {
			fingerprint,
			bodyHash: '',
			model: body.model,
			// Its time starts anew: nobody has waited for it in this execution yet.
			sentAtMs: client.clock.nowMs(),
			prompt: asString(body.prompt),
			size: asString(body.size),
			images: inputs.map(({ path }) => truncate(asString(valueAt(task.request ?? {}, path)) ?? '')),
		};
		return intents.adopt(itemIndex, details, task.prediction, isReused);
	}
}

/** What was resumed or reused is not uploaded, and its files need not be kept. */
function releaseInputs({ inputs }: PurchaseRequest): void {
	for (const { file } of inputs) file?.release?.();
}

function shapeOf({ body }: PurchaseRequest, inputs: IdentifiedInput[]): RequestShape {
	return { body, inputs };
}

/** Whether Atlas does not know a prediction. */
function isNotFound(error: unknown): boolean {
	return error instanceof AtlasError && error.kind === 'read' && error.statusCode === 404;
}
