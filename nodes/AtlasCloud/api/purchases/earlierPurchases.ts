import { sentSize } from '../models/sizes';
import { AtlasError, truncate } from '../errors';
import { areOutputsGone } from '../files/remote';
import type { AtlasClient } from '../http/client';
import { asString } from '../json';
import type { HistoryTask } from '../predictions/history';
import type { Place } from '../pace/places';
import type { IdentifiedRequest } from './identifiedRequest';
import { valueAt } from './inputPaths';
import type { Intent } from './intent';
import type { Intents } from './intents';
import { isNotFound } from './notFound';
import type { PurchaseRequest, SubmittedPrediction } from './purchaseRequest';
import type { Recovery } from './recovery';
import type { Reuse } from './reuse';
import type { Submits } from './submits';

export interface EarlierPurchasesDependencies {
	client: AtlasClient;
	submits: Submits;
	intents: Intents;
	/** Null unless a person retries an execution. */
	recovery: Recovery | null;
	reuse: Reuse;
}

/**
 * Finds what was bought earlier for the same request, so that it is not bought again: by an earlier attempt, by the
 * execution that a person retries, or, with the option Reuse Paid Results, by any other. Never submits anything.
 */
export class EarlierPurchases {
	constructor(private readonly deps: EarlierPurchasesDependencies) {}

	/**
	 * Finds the prediction and makes it the item's own.
	 * @param place gets a place for it: it may still be running
	 * @returns null if nothing was bought, so that a new prediction may be
	 * @throws AtlasError if the history or an input cannot be read, if what was bought is still unknown, or if moderation
	 * stopped it; CancelledError
	 */
	async find(identified: IdentifiedRequest, place: Place): Promise<SubmittedPrediction | null> {
		return (await this.resumeEarlier(identified, place)) ?? (await this.reuseRecent(identified, place));
	}

	/** Whether a reused prediction failed, or Atlas no longer has it, so that a new one has to be bought. */
	isFailedReuse({ itemIndex }: Pick<PurchaseRequest, 'itemIndex'>, error: unknown): boolean {
		const isReused = this.deps.intents.of(itemIndex)?.isReused === true;
		// What moderation stopped would be stopped again.
		return isReused && error instanceof AtlasError && (error.kind === 'failed' || isNotFound(error));
	}

	/** What an earlier attempt, or the execution that is retried, bought for this request; null if nothing. */
	private async resumeEarlier(
		identified: IdentifiedRequest,
		place: Place,
	): Promise<SubmittedPrediction | null> {
		const { intents } = this.deps;
		const { request, fingerprint } = identified;
		const known = intents.find(request.itemIndex, fingerprint);
		const resumed = known ? await this.resume(request, known, place) : null;
		if (resumed || known?.executionId === intents.executionId) return resumed;
		// An earlier retry may have bought what this execution had not, and then crashed.
		const recovered = await this.recover(identified);
		return recovered ? await this.resume(request, recovered, place) : null;
	}

	/** Finds in the history what an execution had bought for the same request before it crashed. */
	private async recover(identified: IdentifiedRequest): Promise<Intent | undefined> {
		const task = await this.deps.recovery?.claim(identified.shape);
		return task ? this.adopt(identified, task, false) : undefined;
	}

	/** Takes what was bought for the same request within the last hours; null if nothing was. */
	private async reuseRecent(
		identified: IdentifiedRequest,
		place: Place,
	): Promise<SubmittedPrediction | null> {
		const { reuse, intents, client } = this.deps;
		const { request, shape } = identified;
		const { reuseHours } = request;
		if (reuseHours <= 0) return null;
		const adopt = (task: HistoryTask) => ({
			intent: this.adopt(identified, task, true),
			prediction: task.prediction,
		});
		for (;;) {
			const taken = await reuse.take(shape, reuseHours, adopt);
			if (!taken) return null;
			const { intent, prediction } = taken;
			if (!(await areOutputsGone(client, prediction))) return await this.resume(request, intent, place);
			// It stays this item's, so that no other item tries it.
			intents.markFailed(intent, 'Atlas Cloud deleted its files', false);
		}
	}

	private async resume(
		{ itemIndex, mayResubmit }: PurchaseRequest,
		intent: Intent,
		place: Place,
	): Promise<SubmittedPrediction | null> {
		place.resume();
		return await this.deps.submits.resume(itemIndex, intent, mayResubmit);
	}

	/** Makes a prediction that was bought before the item's own. */
	private adopt(
		{ request, shape, fingerprint }: IdentifiedRequest,
		task: HistoryTask,
		isReused: boolean,
	): Intent {
		const { intents, client } = this.deps;
		const { body, inputs } = shape;
		const details = {
			fingerprint,
			bodyHash: '',
			model: body.model,
			// Its time starts anew: nobody has waited for it in this execution yet.
			sentAtMs: client.clock.nowMs(),
			prompt: asString(body.prompt),
			size: sentSize(body),
			images: inputs.map(({ path }) => truncate(asString(valueAt(task.request ?? {}, path)) ?? '')),
		};
		return intents.adopt(request.itemIndex, details, task.prediction, isReused);
	}
}
