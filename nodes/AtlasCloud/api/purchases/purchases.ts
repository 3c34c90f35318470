import type { CancelSignal } from '../flow/cancellation';
import type { AtlasClient } from '../http/client';
import { AtlasError, truncate } from '../errors';
import { sha256 } from '../hash';
import type { Intent, Intents } from './intents';
import { asArray, asString, canonicalJson, type JsonObject } from '../json';
import type { Prediction } from '../predictions/predictions';
import type { Recovery, InputIdentity } from './recovery';
import { Semaphore } from '../flow/semaphore';
import type { SubmittedPrediction, Submits } from './submits';
import type { InputFile, Uploads } from '../files/uploads';
import type { PredictionPoller } from '../predictions/poller';

/** A picture to be edited: a file of ours, or an address (a URL or a data URI) that Atlas reads itself. */
export type PurchaseInput = { file: InputFile; url?: undefined } | { file?: undefined; url: string };

/** One item's edit, checked and complete but for the uploads. */
export interface PurchaseRequest {
	itemIndex: number;
	model: string;
	pictures: PurchaseInput[];
	/** The flat body [C] without `images`. */
	body: JsonObject & { model: string; prompt: string };
	headers: Record<string, string>;
	/** How long it may take from its submit on, in ms. */
	timeoutMs: number;
	/** The option that lets an edit in doubt be submitted again. */
	mayResubmit: boolean;
	/** Whether an edit that is still going when its time is up is a failure. */
	failsOnTimeout: boolean;
}

/** An edit that was waited for; `prediction` is null when its time ran out. */
export interface WaitedPurchase {
	bought: SubmittedPrediction;
	prediction: Prediction | null;
}

export interface PurchasesDependencies {
	client: AtlasClient;
	uploads: Uploads;
	submits: Submits;
	watch: PredictionPoller;
	intents: Intents;
	/** Null unless a person retries an execution. */
	recovery: Recovery | null;
	/** Purchases under way at once. */
	concurrency: number;
	/** Cancel of the execution, or stop of the batch. */
	signal: CancelSignal | undefined;
	/** Called when an edit fails, before its place goes to the next: where that ends the batch, the next is not bought. */
	onFault: () => void;
}

/** Uploads at once, and uploaded pictures that wait for their turn to be submitted. */
const UPLOADS_AHEAD = 8;

/** The edits of one node run: uploads, submits and waits of all items overlap. */
export class Purchases {
	private readonly ahead: Semaphore;

	private readonly underWay: Semaphore;

	constructor(private readonly parts: PurchasesDependencies) {
		this.ahead = new Semaphore(Math.min(UPLOADS_AHEAD, parts.concurrency));
		this.underWay = new Semaphore(parts.concurrency);
	}

	/**
	 * Buys an edit and hands back its id at once.
	 * @throws AtlasError; CancelledError
	 */
	async submit(request: PurchaseRequest): Promise<SubmittedPrediction> {
		const { bought, leave } = await this.buy(request);
		leave();
		this.parts.submits.finished(bought.model);
		return bought;
	}

	/**
	 * Buys an edit and waits until it is over or its time is up.
	 * @throws AtlasError; CancelledError
	 */
	async edit(request: PurchaseRequest): Promise<WaitedPurchase> {
		const { bought, leave } = await this.buy(request);
		const { watch, signal, submits, intents } = this.parts;
		const { predictionId, model, sentAtMs, knownAtMs } = bought;
		const intent = intents.of(request.itemIndex);
		const deadlineMs = sentAtMs + request.timeoutMs;
		const watched = { predictionId, model, sentAtMs, knownAtMs, deadlineMs, signal };
		let located = bought;
		const prediction = await watch
			.completed(watched)
			.catch(async (error: unknown) => {
				const isNotKnown = error instanceof AtlasError && error.kind === 'read' && error.statusCode === 404;
				const found =
					isNotKnown && intent ? await submits.relocate(request.itemIndex, intent, predictionId) : null;
				if (!found) throw error;
				located = found;
				const { knownAtMs: foundAtMs } = found;
				return await watch.completed({
					...watched,
					predictionId: found.predictionId,
					knownAtMs: foundAtMs,
				});
			})
			.then((over) => {
				if (!over && request.failsOnTimeout) this.parts.onFault();
				return over;
			})
			.catch((error: unknown) => {
				if (intent && error instanceof AtlasError) noteFailure(intent, error);
				this.parts.onFault();
				throw error;
			})
			.finally(() => {
				leave();
				submits.finished(model);
			});
		if (prediction && intent) intent.state = 'done';
		return { bought: located, prediction };
	}

	/** The returned `leave` gives the edit's place to the next. */
	private async buy(request: PurchaseRequest): Promise<{ bought: SubmittedPrediction; leave: () => void }> {
		const { signal } = this.parts;
		// Before the files are read: with a concurrency of 1, items go in their order, whatever their files' sizes.
		let leave = await this.ahead.acquire(signal);
		const goUnderWay = async () => {
			// The place ahead is held until then: no more is uploaded than will soon be submitted.
			const leaveAhead = leave;
			leave = await this.underWay.acquire(signal);
			leaveAhead();
		};
		const bought = await this.resumeOrBuy(request, goUnderWay).catch((error: unknown) => {
			this.parts.onFault();
			leave();
			throw error;
		});
		return { bought, leave };
	}

	private async resumeOrBuy(
		request: PurchaseRequest,
		goUnderWay: () => Promise<void>,
	): Promise<SubmittedPrediction> {
		const { submits, intents } = this.parts;
		const { itemIndex, body, headers, timeoutMs, mayResubmit } = request;
		const wanted = await this.wantedPictures(request);
		const fingerprint = sha256(canonicalJson([body, wanted]));
		const intent = intents.find(itemIndex, fingerprint);
		if (intent) {
			await goUnderWay();
			const bought = await submits.resume(itemIndex, intent, mayResubmit);
			if (bought) return bought;
		}
		// An earlier retry may have bought what this execution had not, and crashed.
		const isOwn = intent?.executionId === intents.executionId;
		const recovered = isOwn ? undefined : await this.recover(request, wanted, fingerprint);
		if (recovered) {
			if (!intent) await goUnderWay();
			const bought = await submits.resume(itemIndex, recovered, mayResubmit);
			if (bought) return bought;
		}
		const uploaded = await this.uploadedPictures(request);
		if (!intent && !recovered) await goUnderWay();
		return await submits.buy({
			itemIndex,
			headers,
			fingerprint,
			timeoutMs,
			mayResubmit,
			body: { ...body, images: uploaded },
			images: uploaded.map(truncate),
		});
	}

	private async uploadedPictures({ pictures, itemIndex }: PurchaseRequest): Promise<string[]> {
		const { uploads } = this.parts;
		return await Promise.all(
			pictures.map(async ({ file, url }) => (file ? await uploads.url(file, itemIndex) : url)),
		);
	}

	/** What each picture is, wherever it was uploaded to. */
	private async wantedPictures(request: PurchaseRequest): Promise<InputIdentity[]> {
		const { uploads } = this.parts;
		return await Promise.all(
			request.pictures.map(async ({ file, url }): Promise<InputIdentity> =>
				file ? { sha256: await uploads.contentHash(file), sizeBytes: file.sizeBytes } : { url },
			),
		);
	}

	/** An edit of the same content that an execution had bought before it crashed, found in the history. */
	private async recover(
		request: PurchaseRequest,
		pictures: InputIdentity[],
		fingerprint: string,
	): Promise<Intent | undefined> {
		const { recovery, intents, client } = this.parts;
		const task = await recovery?.take({ body: request.body, pictures });
		if (!task) return undefined;
		return intents.set(request.itemIndex, {
			state: task.prediction.status === 'failed' ? 'failed' : 'accepted',
			executionId: intents.executionId,
			fingerprint,
			bodyHash: '',
			model: request.model,
			// Its time counts anew from here: nobody has waited for it in this execution yet.
			sentAtMs: client.clock.nowMs(),
			prompt: request.body.prompt,
			size: asString(request.body.size),
			images: asArray(task.request?.images).map((image) => truncate(asString(image) ?? '')),
			predictionId: task.predictionId,
			isModerated: task.prediction.isModerated,
		});
	}
}

/** Writes down what is known of a failed edit, for the next try. */
function noteFailure(intent: Intent, error: AtlasError): void {
	if (error.kind !== 'failed' && error.kind !== 'moderation') return;
	intent.state = 'failed';
	intent.isModerated = error.kind === 'moderation';
	intent.failure = error.message;
}
