import { AtlasError, truncate } from '../errors';
import type { Uploads } from '../files/uploads';
import { beforeSubmit } from '../time/beforeSubmit';
import type { CancelSignal } from '../time/cancellation';
import { WARM_UP_MS } from '../predictions/readPrediction';
import type { Waiter } from '../predictions/waiter';
import { EarlierPurchases, type EarlierPurchasesDependencies } from './earlierPurchases';
import type { Place, Places } from '../pace/places';
import { identifyRequest } from './identifiedRequest';
import type { Intent } from './intent';
import { placeAt, type InputPath } from './inputPaths';
import { isNotFound } from './notFound';
import type { PurchaseRequest, SubmittedPrediction, WaitedPurchase } from './purchaseRequest';
import { timingKey } from './timingKey';

export interface PurchasesDependencies extends EarlierPurchasesDependencies {
	uploads: Uploads;
	waiter: Waiter;
	/** How many purchases may be under way. */
	places: Places;
	/** Cancel of the execution, or stop of the batch. */
	signal: CancelSignal | undefined;
	/** Called when a purchase fails, before the next one gets its place: if this stops the batch, that one is not bought. */
	onFault: () => void;
}

/** The purchases of one node run: uploads, submits and waits of all items overlap. */
export class Purchases {
	private readonly earlier: EarlierPurchases;

	constructor(private readonly deps: PurchasesDependencies) {
		this.earlier = new EarlierPurchases(deps);
	}

	/**
	 * Buys a prediction without waiting for it.
	 * @throws AtlasError; CancelledError
	 */
	async submit(request: PurchaseRequest): Promise<SubmittedPrediction> {
		const { bought, place } = await this.buy(request, true);
		place.leave();
		return bought;
	}

	/**
	 * Buys a prediction and waits until it is over or its time is up. Buys a new one if a reused one fails
	 * meanwhile.
	 * @throws AtlasError; CancelledError
	 */
	async submitAndWait(request: PurchaseRequest): Promise<WaitedPurchase> {
		return await this.buyAndWait(request).catch(async (error: unknown) => {
			if (!this.earlier.isFailedReuse(request, error)) throw error;
			return await this.buyAndWait({ ...request, reuseHours: 0 });
		});
	}

	private async buyAndWait(request: PurchaseRequest): Promise<WaitedPurchase> {
		const { bought, place } = await this.buy(request, false);
		try {
			const waited = await this.waitFor(request, bought, place);
			place.leave(waited.prediction);
			return waited;
		} finally {
			place.leave();
		}
	}

	private async waitFor(
		request: PurchaseRequest,
		bought: SubmittedPrediction,
		place: Place,
	): Promise<WaitedPurchase> {
		const { intents, onFault } = this.deps;
		const intent = intents.of(request.itemIndex);
		const waited = await this.waitOrRelocate(request, bought, intent, place).catch((error: unknown) => {
			if (intent) this.noteFailure(intent, error);
			if (!this.earlier.isFailedReuse(request, error)) onFault();
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
		place: Place,
	): Promise<WaitedPurchase> {
		const { itemIndex } = request;
		return await this.waitUntilOver(request, bought, place).catch(async (error: unknown) => {
			const found =
				isNotFound(error) && intent
					? await this.deps.submits.relocate(itemIndex, intent, bought.predictionId)
					: null;
			if (!found) throw error;
			// Its time still starts with the submit.
			return await this.waitUntilOver(request, { ...found, sentAtMs: bought.sentAtMs }, place);
		});
	}

	private async waitUntilOver(
		{ body, inputs, timeoutMs }: PurchaseRequest,
		bought: SubmittedPrediction,
		place: Place,
	): Promise<WaitedPurchase> {
		const { waiter, signal } = this.deps;
		const { predictionId: id, model, sentAtMs, knownAtMs, isReused } = bought;
		const prediction = await waiter.until({
			id,
			model,
			shape: timingKey(body, inputs.length),
			// A reused one was submitted some time ago and may have ended: its first poll is now.
			sentAtMs: isReused ? null : sentAtMs,
			visibleByMs: knownAtMs + WARM_UP_MS,
			deadlineMs: (isReused ? knownAtMs : sentAtMs) + timeoutMs,
			signal,
			isQueued: () => place.isQueued,
		});
		return { bought, prediction };
	}

	/** Writes down how a prediction failed, for the next attempt. */
	private noteFailure(intent: Intent, error: unknown): void {
		if (!(error instanceof AtlasError)) return;
		const { kind, message } = error;
		if (kind === 'failed' || kind === 'moderation' || (intent.isReused && isNotFound(error)))
			this.deps.intents.markFailed(intent, message, kind === 'moderation');
	}

	private async buy(
		request: PurchaseRequest,
		isSubmitOnly: boolean,
	): Promise<{ bought: SubmittedPrediction; place: Place }> {
		// Taken before the files are read: with a concurrency of 1, items keep their order, whatever their files' sizes.
		const place = await this.deps.places.prepare({
			model: request.body.model,
			shape: timingKey(request.body, request.inputs.length),
			then: isSubmitOnly ? 'leave' : 'wait',
		});
		const bought = await this.resumeOrSubmit(request, place)
			.catch((error: unknown) => {
				this.deps.onFault();
				place.leave();
				throw error;
			})
			.finally(() => releaseInputs(request));
		return { bought, place };
	}

	private async resumeOrSubmit(request: PurchaseRequest, place: Place): Promise<SubmittedPrediction> {
		const identified = await identifyRequest(request, this.deps.uploads);
		const earlier = await this.earlier.find(identified, place);
		return earlier ?? (await this.submitNew(request, identified.fingerprint, place));
	}

	private async submitNew(
		request: PurchaseRequest,
		fingerprint: string,
		place: Place,
	): Promise<SubmittedPrediction> {
		if (request.typed?.refusal) throw request.typed.refusal;
		const uploaded = await this.uploadInputs(request);
		return await this.deps.submits.buy(
			{
				...request,
				body: placeAt(request.body, uploaded),
				inputUrls: uploaded.map(([, url]) => truncate(url)),
				fingerprint,
			},
			place,
		);
	}

	/** An upload that hangs ends within the item's Timeout. */
	private async uploadInputs(request: PurchaseRequest): Promise<Array<[InputPath, string]>> {
		const { inputs, itemIndex, timeoutMs } = request;
		const { uploads, client } = this.deps;
		const uploaded = Promise.all(
			inputs.map(async ({ path, file, url }): Promise<[InputPath, string]> => [
				path,
				file ? await uploads.url(file, itemIndex) : url,
			]),
		);
		return await beforeSubmit(client.clock, timeoutMs, 'Uploading the files', uploaded);
	}
}

/** What was resumed or reused is not uploaded, and its files need not be kept. */
function releaseInputs({ inputs }: PurchaseRequest): void {
	for (const { file } of inputs) file?.release?.();
}
