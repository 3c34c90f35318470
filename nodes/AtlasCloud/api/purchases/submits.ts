import type { CancelSignal } from '../flow/cancellation';
import type { Exchange } from '../http/answer';
import type { AtlasClient } from '../http/client';
import { adviceFor, answerDetails, describeExchange, NOT_SENT_ADVICE } from '../http/errorTexts';
import { backoffMs, pauseMs, throwIfAborted, type Clock } from '../flow/clock';
import { AtlasError } from '../errors';
import { bodyHash } from '../predictions/history';
import type { Intent, Intents } from './intents';
import { asString, type JsonObject } from '../json';
import { LostSubmits, type LostResult, type UnansweredSubmit } from './lostSubmits';
import { ConcurrencyLimiter } from '../flow/concurrencyLimiter';
import { RateLimiter } from '../flow/rateLimiter';
import { idInAnswer, predictionObject } from '../predictions/predictions';
import { SUBMIT_TIMEOUT_MS } from '../http/timeouts';
import { readPrediction } from '../predictions/poller';

/** One edit that is to be bought once. */
export interface SubmitOrder {
	itemIndex: number;
	/** The flat JSON body [C]. */
	body: JsonObject & { model: string; prompt: string };
	headers: Record<string, string>;
	/** The pictures' URLs as they are told to people. */
	images: string[];
	/** Hash of the request as it was written. */
	fingerprint: string;
	/** How long refusals (429, connection refused) are tried again, in ms. */
	timeoutMs: number;
	/** Whether to submit again where it stays unknown what became of the first: may bill twice. */
	mayResubmit: boolean;
}

/** A prediction that is bought. */
export interface SubmittedPrediction {
	predictionId: string;
	/** What it was bought for: an earlier try may have asked for something else. */
	model: string;
	prompt: string;
	/** `W*H`; null where the model chose. */
	size: string | null;
	/** URLs; of a data URI only its beginning. */
	images: string[];
	/** Our clock, ms, when its submit left. */
	sentAtMs: number;
	/** Our clock, ms, when its id was told, or taken up. */
	knownAtMs: number;
	/** What the submit's answer held; null where the answer was lost, or it was bought by an earlier try. */
	answer: JsonObject | null;
}

/** Answers that say that nothing was created, when Atlas's own envelope says them. */
const NOT_CREATED = new Set([400, 401, 402, 403, 404, 413, 429, 451]);

type SubmitOutcome =
	| { kind: 'created'; predictionId: string }
	| { kind: 'notCreated'; code: number | null }
	/** `reportedId`: an id in an answer that says otherwise. It may be the edit's, all the same. */
	| { kind: 'inDoubt'; reportedId: string | null };

/** What an answer to a submit means for the bill. Whatever is not plainly known is in doubt. */
export function submitOutcome(exchange: Exchange): SubmitOutcome {
	const { answer, fault } = exchange;
	const inDoubt: SubmitOutcome = { kind: 'inDoubt', reportedId: null };
	if (!answer) return fault.neverOpened ? { kind: 'notCreated', code: null } : inDoubt;
	const { statusCode, envelopeCode } = answer;
	const predictionId = idInAnswer(answer);
	if (predictionId !== null) {
		return statusCode < 300
			? { kind: 'created', predictionId }
			: { kind: 'inDoubt', reportedId: predictionId };
	}
	if (!answer.isEnvelope) return inDoubt;
	// A good status can carry a bad code; a bad status counts only where the envelope does not contradict it.
	if (statusCode < 300) {
		return envelopeCode !== null && NOT_CREATED.has(envelopeCode)
			? { kind: 'notCreated', code: envelopeCode }
			: inDoubt;
	}
	const agrees = envelopeCode === null || NOT_CREATED.has(envelopeCode);
	return NOT_CREATED.has(statusCode) && agrees ? { kind: 'notCreated', code: statusCode } : inDoubt;
}

/** Buys edits: each at most once, whatever is lost on the way. */
export class Submits {
	private readonly limiters = new Map<string, RateLimiter>();

	private readonly lost: LostSubmits;

	private readonly clock: Clock;

	/** @param signal ends everything before a request leaves; a request that has left is always waited for */
	constructor(
		private readonly client: AtlasClient,
		private readonly intents: Intents,
		private readonly concurrency: number,
		private readonly signal: CancelSignal | undefined,
	) {
		this.clock = client.clock;
		// Looking for a lost submit goes on when the batch stops: it is an answer, not a picture.
		this.lost = new LostSubmits(client, intents, client.signal);
	}

	private limiterOf(model: string): RateLimiter {
		const known =
			this.limiters.get(model) ??
			new RateLimiter(this.clock, { concurrency: new ConcurrencyLimiter(this.concurrency) });
		this.limiters.set(model, known);
		return known;
	}

	/** Says that a bought edit is over, so that the next may go. */
	finished(model: string): void {
		this.limiterOf(model).finished();
	}

	/**
	 * Takes up what an earlier try has bought, or may have bought, for this item. Never sends anything.
	 * @returns null where there is nothing to take up, and a new edit may be bought
	 * @throws AtlasError `unknown` where it still cannot be told, `moderation` where it was stopped before
	 */
	async resume(itemIndex: number, intent: Intent, mayResubmit: boolean): Promise<SubmittedPrediction | null> {
		if (intent.state === 'failed') {
			if (!intent.isModerated) return null;
			throw new AtlasError(intent.failure ?? 'Content moderation stopped the edit', {
				kind: 'moderation',
				description: 'Change the prompt or the picture: the same request is stopped again.',
				predictionId: intent.predictionId,
				status: 'failed',
			});
		}
		if ((intent.state === 'accepted' || intent.state === 'done') && intent.predictionId !== undefined) {
			this.limiterOf(intent.model).resumed();
			return this.bought(intent, intent.predictionId);
		}
		return await this.resolveDoubt(itemIndex, intent, null, mayResubmit);
	}

	/**
	 * Buys an edit: writes the intent down, submits once, and makes sure what became of it.
	 * @throws AtlasError `refused` where nothing was created, `unknown` where it cannot be told; CancelledError
	 */
	async buy(order: SubmitOrder): Promise<SubmittedPrediction> {
		const { model } = order.body;
		const limiter = this.limiterOf(model);
		const hash = bodyHash(order.body);
		let giveUpAtMs: number | undefined;
		for (let attempt = 0; ; attempt++) {
			// Another item's submit of the very same body is lost: its task could not be told from ours.
			while (this.lost.isLost(hash)) await pauseMs(this.clock, 500, this.signal);
			// Its own time begins with its first submit: until then it only waits for others.
			const limits = giveUpAtMs === undefined ? { maxPauseMs: order.timeoutMs } : { deadlineMs: giveUpAtMs };
			const permit = await limiter.acquire(this.signal, limits);
			if (!permit) throw throttledError(this.intents.of(order.itemIndex), order.itemIndex);
			if (this.signal?.aborted || this.lost.isLost(hash)) {
				permit.released();
				throwIfAborted(this.signal);
				continue;
			}
			const intent = this.writeDown(order, hash);
			giveUpAtMs ??= intent.sentAtMs + order.timeoutMs;
			const { exchange, verdict } = await this.send(order, hash);
			intent.endedAtMs = this.clock.nowMs();
			switch (verdict.kind) {
				case 'created':
					permit.accepted();
					intent.state = 'accepted';
					intent.predictionId = verdict.predictionId;
					return this.bought(intent, verdict.predictionId, predictionObject(exchange.answer?.json));
				case 'inDoubt': {
					permit.released();
					if (verdict.reportedId !== null) intent.reportedId = verdict.reportedId;
					const found = await this.resolveDoubt(order.itemIndex, intent, exchange, order.mayResubmit);
					if (found) return found;
					break;
				}
				case 'notCreated': {
					// What was sent before this is not known any better now.
					intent.state = intent.isResubmitted ? 'unknown' : 'failed';
					const isRefusal = verdict.code === 429 || (verdict.code === null && !exchange.fault?.neverSent);
					let againInMs = backoffMs(attempt, 1_000, 15_000);
					if (verdict.code === 429) againInMs = permit.rejected(exchange.answer?.retryAfterMs ?? null);
					else permit.released();
					if (!isRefusal || this.clock.nowMs() + againInMs > giveUpAtMs)
						throw refusedError(exchange, verdict.code, intent, order.itemIndex);
					// The rate limiter makes all wait after a 429; a refused connection is this one's own.
					if (verdict.code === null) await pauseMs(this.clock, againInMs, this.signal);
				}
			}
		}
	}

	/**
	 * Looks again for an edit whose id Atlas does not know, even after a while: a gateway may have made the id up.
	 * @returns null where nothing better is found; the intent is then as it was
	 * @throws CancelledError
	 */
	async relocate(
		itemIndex: number,
		intent: Intent,
		predictionId: string,
	): Promise<SubmittedPrediction | null> {
		if (intent.bodyHash === '') return null;
		this.lost.release(predictionId);
		Object.assign(intent, { state: 'unknown', predictionId: undefined, candidateIds: [predictionId] });
		const result = await this.lost.find(this.unanswered(itemIndex, intent));
		if (result.kind === 'found') return this.accept(intent, result.predictionId);
		Object.assign(intent, { state: 'accepted', predictionId, candidateIds: undefined });
		return null;
	}

	private writeDown(order: SubmitOrder, hash: string): Intent {
		return this.intents.set(order.itemIndex, {
			state: 'sending',
			executionId: this.intents.executionId,
			fingerprint: order.fingerprint,
			bodyHash: hash,
			model: order.body.model,
			sentAtMs: this.clock.nowMs(),
			prompt: order.body.prompt,
			size: asString(order.body.size),
			images: order.images,
		});
	}

	private unanswered(itemIndex: number, intent: Intent): UnansweredSubmit {
		const { bodyHash: hash, model, sentAtMs, endedAtMs = sentAtMs + SUBMIT_TIMEOUT_MS } = intent;
		return { key: this.intents.key(itemIndex), bodyHash: hash, model, sentAtMs, endedAtMs };
	}

	private accept(intent: Intent, predictionId: string): SubmittedPrediction {
		intent.state = 'accepted';
		intent.candidateIds = undefined;
		intent.predictionId = predictionId;
		return this.bought(intent, predictionId);
	}

	private bought(
		intent: Intent,
		predictionId: string,
		answer: JsonObject | null = null,
	): SubmittedPrediction {
		const { model, prompt, size, images } = intent;
		const knownAtMs = this.clock.nowMs();
		// Where the machine's clock was set back since an earlier try, the submit would lie ahead, and its time with it.
		const sentAtMs = Math.min(intent.sentAtMs, knownAtMs);
		return { predictionId, model, prompt, size, images, sentAtMs, knownAtMs, answer };
	}

	/** Sends the request and waits for its answer, also when the batch is stopped meanwhile. */
	private async send(
		order: SubmitOrder,
		hash: string,
	): Promise<{ exchange: Exchange; verdict: SubmitOutcome }> {
		this.lost.leaves(hash);
		let createdId: string | undefined;
		try {
			const exchange = await this.client.post('/api/v1/model/generateImage', order.body, order.headers);
			const verdict = submitOutcome(exchange);
			// An id in an answer that is in doubt is not claimed: its task has to be found first.
			if (verdict.kind === 'created') createdId = verdict.predictionId;
			return { exchange, verdict };
		} finally {
			this.lost.settled(hash, createdId);
		}
	}

	/**
	 * Finds out what became of a submit whose answer was lost, or says two things at once.
	 * @returns null where it was not found and may be sent again
	 */
	private async resolveDoubt(
		itemIndex: number,
		intent: Intent,
		exchange: Exchange | null,
		mayResubmit: boolean,
	): Promise<SubmittedPrediction | null> {
		intent.state = 'unknown';
		const { reportedId } = intent;
		if (reportedId !== undefined) {
			intent.candidateIds = [reportedId];
			if (await this.isOurs(reportedId, intent.model)) return this.resumeAs(intent, reportedId);
		}
		const result = await this.lost.find(this.unanswered(itemIndex, intent));
		if (result.kind === 'found') return this.resumeAs(intent, result.predictionId);
		if (result.kind === 'ambiguous') {
			intent.candidateIds = [...new Set([...result.predictionIds, ...(intent.candidateIds ?? [])])];
		}
		// Once in all: each time may be billed. Never over an id that Atlas gave. Until it is sent it stays unknown.
		const isFree = reportedId === undefined && !intent.isResubmitted;
		if (result.kind === 'notFound' && mayResubmit && isFree) return null;
		throw unknownError(intent, exchange, result, itemIndex);
	}

	private resumeAs(intent: Intent, predictionId: string): SubmittedPrediction {
		this.limiterOf(intent.model).resumed();
		return this.accept(intent, predictionId);
	}

	/** Whether an id that an error holds is a prediction of this model, which no other item has. */
	private async isOurs(predictionId: string, model: string): Promise<boolean> {
		if (this.intents.claimedIds().includes(predictionId)) return false;
		const { signal } = this.client;
		const prediction = await readPrediction(this.client, predictionId, signal).catch(() => null);
		throwIfAborted(signal);
		return prediction !== null && [null, model].includes(prediction.model);
	}
}

/** What is to be said of the bill where this submit created nothing. */
function billOf(intent: Intent | undefined, itemIndex: number): string {
	return intent?.isResubmitted
		? `It is unknown whether Atlas Cloud took the first submit of item ${itemIndex}, before this one: run Get Many to see.`
		: 'Nothing was created or billed.';
}

/** The error of an edit that had no turn: the service demands a longer pause than the item's time. */
function throttledError(intent: Intent | undefined, itemIndex: number): AtlasError {
	return new AtlasError('Atlas Cloud did not take the edit: it asks for a longer pause than Timeout allows', {
		kind: 'refused',
		description: `${adviceFor(429)} ${billOf(intent, itemIndex)}`,
		statusCode: 429,
		predictionId: intent?.isResubmitted ? intent.candidateIds?.[0] : null,
		status: null,
	});
}

function refusedError(
	exchange: Exchange,
	code: number | null,
	intent: Intent,
	itemIndex: number,
): AtlasError {
	const bill = billOf(intent, itemIndex);
	const { fault } = exchange;
	const [message, advice] =
		code !== null
			? [`Atlas Cloud did not take the edit: ${describeExchange(exchange)}`, adviceFor(code)]
			: fault?.neverSent
				? [`n8n did not send the edit: ${describeExchange(exchange)}`, fault.advice ?? NOT_SENT_ADVICE]
				: [
						`Atlas Cloud could not be reached: ${describeExchange(exchange)}`,
						'Check the Base URL of the credential and the network of this n8n.',
					];
	return new AtlasError(message, {
		kind: 'refused',
		description: `${advice} ${bill}`,
		...answerDetails(exchange),
		predictionId: intent.isResubmitted ? intent.candidateIds?.[0] : null,
		status: null,
	});
}

function unknownError(
	intent: Intent,
	exchange: Exchange | null,
	result: LostResult,
	itemIndex: number,
): AtlasError {
	const sentAt = new Date(intent.sentAtMs).toISOString();
	const why = exchange ? ` (${describeExchange(exchange)})` : '';
	const details = {
		kind: 'unknown',
		status: 'unknown',
		predictionId: result.kind === 'ambiguous' ? null : intent.candidateIds?.[0],
		...(exchange ? answerDetails(exchange) : {}),
	} as const;
	if (result.kind === 'ambiguous') {
		return new AtlasError(
			`It is unknown which prediction is this item’s${why}: ${result.predictionIds.join(', ')} all fit`,
			{
				...details,
				description:
					'More predictions of the same request are in the history than answers were lost. Look at them with the operation Get, and fetch the right one with Wait for Completion.',
			},
		);
	}
	const unread = result.kind === 'unreadable' ? `${result.error.message}. ` : '';
	return new AtlasError(`It is unknown whether Atlas Cloud took the edit${why}`, {
		...details,
		description: `${unread}It was not sent again, because that could be billed twice. Run Get Many, or look at atlascloud.ai, for a prediction of ${intent.model} created at ${sentAt} or shortly after (item ${itemIndex}). If there is one, fetch it with Wait for Completion; if there is none, nothing was billed and the item can be run again as a new execution.`,
	});
}
