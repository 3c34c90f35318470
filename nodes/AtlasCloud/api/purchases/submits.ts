import { sentSize } from '../models/sizes';
import type { CancelSignal } from '../time/cancellation';
import { backoffMs, pauseMs, throwIfAborted, type Clock } from '../time/clock';
import type { Exchange } from '../http/answer';
import type { AtlasClient } from '../http/client';
import { asString, type JsonObject } from '../json';
import { bodyHash } from '../predictions/history';
import { predictionObject } from '../predictions/predictionAnswer';
import { moderationError } from '../predictions/errors';
import type { Place } from '../pace/places';
import type { Intent } from './intent';
import type { Intents } from './intents';
import { LostSubmits } from './lostSubmits';
import { notCreatedError, throttledError } from './submitErrors';
import type { SubmitOrder, SubmittedPrediction } from './purchaseRequest';
import { submitOutcome, type SubmitOutcome } from './outcome';
import { UnknownSubmits } from './unknownSubmits';

/** An order between the attempts to send it. */
interface PendingOrder extends SubmitOrder {
	hash: string;
	/** Our clock, in ms: no attempt starts after this. Undefined before the first. */
	giveUpAtMs: number | undefined;
	place: Place;
}

/** Buys predictions: each at most once, whatever is lost on the way. */
export class Submits {
	private readonly lost: LostSubmits;

	private readonly unknown: UnknownSubmits;

	private readonly clock: Clock;

	/** @param signal keeps requests from leaving; the answer to a request that has left is always awaited */
	constructor(
		private readonly client: AtlasClient,
		private readonly intents: Intents,
		private readonly signal: CancelSignal | undefined,
	) {
		this.clock = client.clock;
		// The search for a lost submit continues when the batch stops: it is part of the submit's answer.
		this.lost = new LostSubmits(client, intents, client.signal);
		this.unknown = new UnknownSubmits(client, intents, this.lost);
	}

	/**
	 * Resumes what an earlier attempt has bought, or may have bought, for this item. Never sends anything.
	 * @returns null if nothing was bought, or what is unknown may be submitted again
	 * @throws AtlasError `unknown` if that is still unknown, `moderation` if it was stopped before; CancelledError
	 */
	async resume(itemIndex: number, intent: Intent, mayResubmit: boolean): Promise<SubmittedPrediction | null> {
		if (intent.state === 'failed') {
			if (!intent.isModerated) return null;
			throw moderationError({ predictionId: intent.predictionId }, intent.failure);
		}
		if ((intent.state === 'accepted' || intent.state === 'done') && intent.predictionId !== undefined) {
			return this.toSubmitted(intent, intent.predictionId);
		}
		this.intents.markUnknown(intent, intent.reportedId);
		return await this.resolve(itemIndex, intent, null, mayResubmit);
	}

	/**
	 * Buys a prediction: writes the intent down, submits once, and finds out what came of it. Submits again only what is
	 * known not to be created, or what `mayResubmit` allows.
	 * @throws AtlasError `refused` if nothing was created, `unknown` if something may have been; CancelledError
	 */
	async buy(order: SubmitOrder, place: Place): Promise<SubmittedPrediction> {
		const pending: PendingOrder = { ...order, hash: bodyHash(order.body), giveUpAtMs: undefined, place };
		for (let attempt = 0; ; attempt++) {
			const bought = await this.submitOnce(pending, attempt);
			if (bought) return bought;
		}
	}

	/** @returns null if the next attempt may start */
	private async submitOnce(pending: PendingOrder, attempt: number): Promise<SubmittedPrediction | null> {
		const { itemIndex, hash, place } = pending;
		await this.enter(pending);
		// From this check until the request leaves, nothing may be awaited.
		if (this.signal?.aborted || this.lost.isLost(hash)) {
			throwIfAborted(this.signal);
			return null;
		}
		const intent = this.startSending(pending);
		const giveUpAtMs = (pending.giveUpAtMs ??= intent.sentAtMs + pending.timeoutMs);
		const { exchange, outcome } = await this.send(pending);
		this.intents.markEnded(intent, this.clock.nowMs());
		switch (outcome.kind) {
			case 'created':
				place.answered('accepted');
				this.intents.markAccepted(intent, outcome.predictionId);
				return {
					...this.toSubmitted(intent, outcome.predictionId),
					isNew: true,
					answer: predictionObject(exchange.answer?.json) ?? null,
				};
			case 'inDoubt':
				place.answered('other');
				this.intents.markUnknown(intent, outcome.reportedId);
				return await this.resolve(itemIndex, intent, exchange, pending.mayResubmit);
			case 'throttled': {
				this.intents.markNotCreated(intent);
				// The lane keeps all submits of the model waiting, including this one's next attempt.
				place.answered({ retryAfterMs: exchange.answer?.retryAfterMs ?? null });
				if (await place.enter({ deadlineMs: giveUpAtMs })) return null;
				throw notCreatedError(exchange, intent);
			}
			case 'unreachable': {
				place.answered('other');
				this.intents.markNotCreated(intent);
				const waitMs = backoffMs(attempt, 1_000, 15_000);
				if (this.clock.nowMs() + waitMs > giveUpAtMs) throw notCreatedError(exchange, intent);
				await pauseMs(this.clock, waitMs, this.signal);
				return null;
			}
			case 'refused':
			case 'notSent':
				place.answered('other');
				this.intents.markNotCreated(intent);
				throw notCreatedError(exchange, intent);
		}
	}

	private async enter({ itemIndex, hash, giveUpAtMs, timeoutMs, place }: PendingOrder): Promise<void> {
		// While a submit of the same body is lost, its prediction could be mistaken for this one's.
		while (this.lost.isLost(hash)) await pauseMs(this.clock, 500, this.signal);
		// The item's time starts with its first submit: until then it only waits for others.
		const limits = giveUpAtMs === undefined ? { maxPauseMs: timeoutMs } : { deadlineMs: giveUpAtMs };
		if (await place.enter(limits)) return;
		throw throttledError(this.intents.of(itemIndex));
	}

	private startSending({ itemIndex, fingerprint, hash, body, inputUrls }: PendingOrder): Intent {
		return this.intents.startSending(itemIndex, {
			fingerprint,
			bodyHash: hash,
			model: body.model,
			sentAtMs: this.clock.nowMs(),
			prompt: asString(body.prompt),
			size: sentSize(body),
			images: inputUrls,
		});
	}

	/** Sends the request and waits for its answer, even if the batch is stopped meanwhile. */
	private async send(pending: PendingOrder): Promise<{ exchange: Exchange; outcome: SubmitOutcome }> {
		const { endpoint, headers, hash } = pending;
		this.lost.addInFlight(hash);
		try {
			const exchange = await this.client.post(endpoint, bodyToSend(pending), headers);
			const outcome = submitOutcome(exchange);
			// An ID in an answer that is in doubt is not claimed yet: Atlas has to be asked for it first.
			const isOurs = outcome.kind !== 'created' || this.lost.claim(outcome.predictionId);
			return { exchange, outcome: isOurs ? outcome : { kind: 'inDoubt' } };
		} finally {
			this.lost.removeInFlight(hash);
		}
	}

	private async resolve(
		itemIndex: number,
		intent: Intent,
		exchange: Exchange | null,
		mayResubmit: boolean,
	): Promise<SubmittedPrediction | null> {
		const predictionId = await this.unknown.resolve(itemIndex, intent, exchange, mayResubmit);
		if (predictionId === null) return null;
		return this.toSubmitted(intent, predictionId);
	}

	/**
	 * Searches again for a purchase whose ID Atlas does not know, even after a while: a gateway may have made the ID up.
	 * @returns null if nothing else is found; the intent is then as it was
	 * @throws CancelledError
	 */
	async relocate(
		itemIndex: number,
		intent: Intent,
		predictionId: string,
	): Promise<SubmittedPrediction | null> {
		const foundId = await this.unknown.relocate(itemIndex, intent, predictionId);
		return foundId === null ? null : this.toSubmitted(intent, foundId);
	}

	private toSubmitted(intent: Intent, predictionId: string): SubmittedPrediction {
		const { model, prompt, size, images, isReused = false } = intent;
		const knownAtMs = this.clock.nowMs();
		// If the machine's clock was set back since an earlier attempt, the submit would lie in the future.
		const sentAtMs = Math.min(intent.sentAtMs, knownAtMs);
		const known = { predictionId, model, prompt, size, inputUrls: images };
		return { ...known, sentAtMs, knownAtMs, isReused, isNew: false, answer: null };
	}
}

/** The hash leaves the webhook out, as the history does: see {@link SubmitOrder.webhookUrl}. */
function bodyToSend({ body, webhookUrl }: SubmitOrder): JsonObject {
	return webhookUrl === undefined ? body : { ...body, webhook_url: webhookUrl };
}
