import type { CancelSignal } from './cancellation';
import { adviceFor, answerDetails, told, type AtlasClient, type Exchange } from './client';
import { backoffMs, pauseMs, throwIfAborted, type Clock } from './clock';
import { AtlasError } from './errors';
import { bodyHash } from './history';
import type { Intent, Intents } from './intents';
import { asString, type JsonObject } from './json';
import { LostSubmits, type LostResult } from './lostSubmits';
import { Pace } from './pace';
import { idInAnswer, predictionObject } from './predictions';

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
export interface Bought {
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

type Verdict =
	| { kind: 'created'; predictionId: string }
	| { kind: 'notCreated'; code: number | null }
	| { kind: 'inDoubt' };

/** What an answer to a submit means for the bill. Whatever is not plainly known is in doubt. */
export function verdictOf(exchange: Exchange): Verdict {
	const { answer, fault } = exchange;
	if (!answer) return fault.neverOpened ? { kind: 'notCreated', code: null } : { kind: 'inDoubt' };
	const { statusCode, envelopeCode } = answer;
	const predictionId = idInAnswer(answer);
	if (predictionId !== null) {
		return statusCode < 300 ? { kind: 'created', predictionId } : { kind: 'inDoubt' };
	}
	if (!answer.isEnvelope) return { kind: 'inDoubt' };
	// A good status can carry a bad code; a bad status counts only where the envelope does not contradict it.
	if (statusCode < 300) {
		return envelopeCode !== null && NOT_CREATED.has(envelopeCode)
			? { kind: 'notCreated', code: envelopeCode }
			: { kind: 'inDoubt' };
	}
	const agrees = envelopeCode === null || NOT_CREATED.has(envelopeCode);
	return NOT_CREATED.has(statusCode) && agrees
		? { kind: 'notCreated', code: statusCode }
		: { kind: 'inDoubt' };
}

function idIn(exchange: Exchange): string | null {
	return exchange.answer ? idInAnswer(exchange.answer) : null;
}

/** Buys edits: each at most once, whatever is lost on the way. */
export class Submits {
	private readonly paces = new Map<string, Pace>();

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

	private paceOf(model: string): Pace {
		const known = this.paces.get(model) ?? new Pace(this.clock, { mostUnderWay: this.concurrency });
		this.paces.set(model, known);
		return known;
	}

	/** Says that a bought edit is over, so that the next may go. */
	finished(model: string): void {
		this.paceOf(model).finished();
	}

	/**
	 * Takes up what an earlier try has bought, or may have bought, for this item. Never sends anything.
	 * @returns null where there is nothing to take up, and a new edit may be bought
	 * @throws AtlasError `unknown` where it still cannot be told, `moderation` where it was stopped before
	 */
	async takeUp(itemIndex: number, intent: Intent, mayResubmit: boolean): Promise<Bought | null> {
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
			this.paceOf(intent.model).resumed();
			return this.bought(intent, intent.predictionId);
		}
		return await this.lookFor(itemIndex, intent, null, mayResubmit);
	}

	/**
	 * Buys an edit: writes the intent down, submits once, and makes sure what became of it.
	 * @throws AtlasError `refused` where nothing was created, `unknown` where it cannot be told; CancelledError
	 */
	async buy(order: SubmitOrder): Promise<Bought> {
		const { model } = order.body;
		const pace = this.paceOf(model);
		const hash = bodyHash(order.body);
		let giveUpMs: number | undefined;
		for (let attempt = 0; ; attempt++) {
			// Another item's submit of the very same body is lost: its task could not be told from ours.
			while (this.lost.isLost(hash)) await pauseMs(this.clock, 500, this.signal);
			const turn = await pace.turn(this.signal);
			if (this.signal?.aborted || this.lost.isLost(hash)) {
				pace.gone();
				throwIfAborted(this.signal);
				continue;
			}
			const intent = this.intents.set(order.itemIndex, {
				state: 'sending',
				executionId: this.intents.executionId,
				fingerprint: order.fingerprint,
				bodyHash: hash,
				model,
				sentAtMs: this.clock.nowMs(),
				clockOffsetMs: this.client.clockOffsetMs,
				prompt: order.body.prompt,
				size: asString(order.body.size),
				images: order.images,
			});
			giveUpMs ??= intent.sentAtMs + order.timeoutMs;
			const { exchange, verdict } = await this.send(order, hash);
			if (verdict.kind === 'created') {
				pace.taken(true);
				intent.state = 'accepted';
				intent.predictionId = verdict.predictionId;
				return this.bought(intent, verdict.predictionId, predictionObject(exchange.answer?.json));
			}
			if (verdict.kind === 'inDoubt') {
				pace.gone();
				const found = await this.lookFor(order.itemIndex, intent, exchange, order.mayResubmit);
				if (found) return found;
				continue;
			}
			// What was sent before this is not known any better now.
			intent.state = intent.isResubmitted ? 'unknown' : 'failed';
			const isRefusal = verdict.code === 429 || verdict.code === null;
			let againInMs = backoffMs(attempt, 1_000, 15_000);
			if (verdict.code === 429) againInMs = pace.refused(turn, exchange.answer?.retryAfterMs ?? null);
			else pace.gone();
			if (!isRefusal || this.clock.nowMs() + againInMs > giveUpMs)
				throw refusedError(exchange, verdict.code, intent, order.itemIndex);
			// The pace makes all wait after a 429; a refused connection is this one's own.
			if (verdict.code === null) await pauseMs(this.clock, againInMs, this.signal);
		}
	}

	private bought(intent: Intent, predictionId: string, answer: JsonObject | null = null): Bought {
		const { model, prompt, size, images, sentAtMs } = intent;
		return { predictionId, model, prompt, size, images, sentAtMs, knownAtMs: this.clock.nowMs(), answer };
	}

	/** Sends the request and waits for its answer, also when the batch is stopped meanwhile. */
	private async send(order: SubmitOrder, hash: string): Promise<{ exchange: Exchange; verdict: Verdict }> {
		this.lost.leaves(hash);
		let createdId: string | undefined;
		try {
			const exchange = await this.client.post('/api/v1/model/generateImage', order.body, order.headers);
			const verdict = verdictOf(exchange);
			// An id in an answer that is in doubt is not claimed: its task has to be found first.
			if (verdict.kind === 'created') createdId = verdict.predictionId;
			return { exchange, verdict };
		} finally {
			this.lost.settled(hash, createdId);
		}
	}

	/**
	 * Looks in the history for a submit whose answer was lost.
	 * @returns null where it was not found and may be sent again
	 */
	private async lookFor(
		itemIndex: number,
		intent: Intent,
		exchange: Exchange | null,
		mayResubmit: boolean,
	): Promise<Bought | null> {
		intent.state = 'unknown';
		const result = await this.lost.find({ ...intent, key: this.intents.key(itemIndex) });
		const toldId = exchange ? idIn(exchange) : null;
		if (result.kind === 'ambiguous') intent.candidateIds = result.predictionIds;
		// An id in an answer that says otherwise may be the edit's, all the same.
		else if (toldId !== null) intent.candidateIds = [toldId];
		if (result.kind === 'found') {
			intent.state = 'accepted';
			intent.candidateIds = undefined;
			intent.predictionId = result.predictionId;
			this.paceOf(intent.model).resumed();
			return this.bought(intent, result.predictionId);
		}
		// Once in all: each time may be billed. Until it is sent it stays unknown.
		if (result.kind === 'notFound' && mayResubmit && !intent.isResubmitted) return null;
		throw unknownError(intent, exchange, result, itemIndex);
	}
}

function refusedError(
	exchange: Exchange,
	code: number | null,
	intent: Intent,
	itemIndex: number,
): AtlasError {
	const bill = intent.isResubmitted
		? `It is unknown whether Atlas Cloud took the first submit of item ${itemIndex}, before this one: run Get Many to see.`
		: 'Nothing was created or billed.';
	return new AtlasError(
		code === null
			? `Atlas Cloud could not be reached: ${told(exchange)}`
			: `Atlas Cloud did not take the edit: ${told(exchange)}`,
		{
			kind: 'refused',
			description: `${code === null ? 'Check the Base URL of the credential and the network of this n8n.' : adviceFor(code)} ${bill}`,
			...answerDetails(exchange),
			predictionId: intent.isResubmitted ? intent.candidateIds?.[0] : null,
			status: null,
		},
	);
}

function unknownError(
	intent: Intent,
	exchange: Exchange | null,
	result: LostResult,
	itemIndex: number,
): AtlasError {
	const sentAt = new Date(intent.sentAtMs).toISOString();
	const why = exchange ? ` (${told(exchange)})` : '';
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
