import { throwIfAborted } from '../time/clock';
import type { Exchange } from '../http/answer';
import type { AtlasClient } from '../http/client';
import { readPrediction } from '../predictions/readPrediction';
import { flightTimesOf, type Intent } from './intent';
import type { Intents } from './intents';
import type { LostResult, LostSubmits } from './lostSubmits';
import { unknownError } from './submitErrors';

/** Finds out what came of submits whose answer was lost, or contradicts itself. */
export class UnknownSubmits {
	constructor(
		private readonly client: AtlasClient,
		private readonly intents: Intents,
		private readonly lost: LostSubmits,
	) {}

	/**
	 * @param exchange the answer; null if an earlier attempt sent the submit
	 * @returns the prediction's ID; null if it was not found and may be submitted again
	 * @throws AtlasError `unknown`; CancelledError
	 */
	async resolve(
		itemIndex: number,
		intent: Intent,
		exchange: Exchange | null,
		mayResubmit: boolean,
	): Promise<string | null> {
		const { reportedId } = intent;
		if (reportedId !== undefined && (await this.claimReported(reportedId, intent.model))) {
			this.intents.markFound(intent, reportedId);
			return reportedId;
		}
		const result = await this.search(itemIndex, intent);
		if (result.kind === 'found') {
			this.intents.markFound(intent, result.predictionId);
			return result.predictionId;
		}
		if (result.kind === 'ambiguous') this.intents.addCandidates(intent, result.predictionIds);
		// Only once, because each time may be billed, and never if Atlas gave an ID.
		const isAllowed = mayResubmit && reportedId === undefined && !intent.isResubmitted;
		if (result.kind === 'notFound' && isAllowed) return null;
		throw unknownError(intent, exchange, result);
	}

	/**
	 * Searches for a purchase whose ID Atlas does not know.
	 * @returns another ID; null if none is found, and the intent is then as it was
	 * @throws CancelledError
	 */
	async relocate(itemIndex: number, intent: Intent, predictionId: string): Promise<string | null> {
		if (intent.bodyHash === '') return null;
		this.lost.release(predictionId);
		this.intents.withdrawId(intent, predictionId);
		const result = await this.search(itemIndex, intent);
		const foundId = result.kind === 'found' ? result.predictionId : null;
		this.intents.markFound(intent, foundId ?? predictionId);
		return foundId;
	}

	private async search(itemIndex: number, intent: Intent): Promise<LostResult> {
		const { bodyHash, model } = intent;
		const key = this.intents.key(itemIndex);
		return await this.lost.find({ ...flightTimesOf(intent), key, bodyHash, model });
	}

	/** Claims an ID that an error reports. @returns false if it is no prediction of this model, or another item has it */
	private async claimReported(predictionId: string, model: string): Promise<boolean> {
		// Before Atlas is asked: meanwhile, neither a search nor the same answer again may give it to another item.
		if (!this.lost.claim(predictionId)) return false;
		const { signal } = this.client;
		const prediction = await readPrediction(this.client, predictionId, signal).catch(() => null);
		throwIfAborted(signal);
		const isOfModel = prediction !== null && [null, model].includes(prediction.model);
		if (isOfModel && !this.intents.claimedIds().includes(predictionId)) return true;
		this.lost.release(predictionId);
		return false;
	}
}
