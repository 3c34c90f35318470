import type { InputFile } from '../files/uploads';
import type { JsonObject } from '../json';
import type { Prediction } from '../predictions/predictions';

/** One prediction to be bought once. */
export interface SubmitOrder {
	itemIndex: number;
	/** Path of the billable request. */
	endpoint: string;
	/** The flat JSON body (see docs/atlas-cloud-api.md, Submit). */
	body: JsonObject & { model: string; prompt: string };
	headers: Record<string, string>;
	/** The inputs' URLs as people may see them: only the beginning of a data URI. */
	inputUrls: string[];
	/** Hash of the request as the user wrote it. */
	fingerprint: string;
	/** How long the purchase may take from its first submit on, in ms: refusals are retried until then. */
	timeoutMs: number;
	/** Whether to submit again if it stays unknown what came of the first submit: it may be billed twice. */
	mayResubmit: boolean;
}

/** A bought prediction. */
export interface SubmittedPrediction {
	predictionId: string;
	/** What it was bought for: an earlier attempt may have asked for something else. */
	model: string;
	prompt: string;
	/** `W*H`; null where the model chose. */
	size: string | null;
	/** The inputs' URLs; only the beginning of a data URI. */
	inputUrls: string[];
	/** Our clock, in ms, when its submit left. */
	sentAtMs: number;
	/** Whether this attempt submitted it, and Atlas accepted it at once: only then its times tell something of others. */
	isNew: boolean;
	/** Our clock, in ms, when its ID became known to this attempt. */
	knownAtMs: number;
	/** The record in the submit's answer; null if the answer was lost, or an earlier attempt bought it. */
	answer: JsonObject | null;
}

/** An input of a prediction: a file of ours, or a URL or data URI that Atlas reads itself. */
export type PurchaseInput = { file: InputFile; url?: undefined } | { file?: undefined; url: string };

/** One item's purchase, checked and complete but for the uploads. */
export interface PurchaseRequest extends Omit<SubmitOrder, 'inputUrls' | 'fingerprint'> {
	model: string;
	inputs: PurchaseInput[];
	/** The field that takes the inputs' URLs; `body` is without it. */
	inputField: string;
	/** Whether a prediction still in progress when its time is up is a fault. */
	failsOnTimeout: boolean;
}

export interface WaitedPurchase {
	bought: SubmittedPrediction;
	/** Completed; null if it is still in progress when its time is up. */
	prediction: Prediction | null;
}
