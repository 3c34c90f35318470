import type { AtlasError } from '../errors';
import type { InputFile } from '../files/uploads';
import type { JsonObject } from '../json';
import type { Prediction } from '../predictions/prediction';
import type { InputPath } from './inputPaths';

/** One prediction to be bought once. */
export interface SubmitOrder {
	itemIndex: number;
	/** Path of the billable request. */
	endpoint: string;
	/** The flat JSON body (see docs/atlas-cloud-api.md, Submit). */
	body: JsonObject & { model: string };
	headers: Record<string, string>;
	/** The inputs' URLs as people may see them: only the beginning of a data URI. */
	inputUrls: string[];
	/** Hash of the request as the user wrote it. */
	fingerprint: string;
	/**
	 * Where Atlas calls when the prediction ends. Not part of `body`: it says whom to tell, not what to buy, so a retry
	 * with another address (n8n's test URL, then the production URL) is the same purchase.
	 */
	webhookUrl?: string;
	/** How long the purchase may take from its first submit on, in ms: refusals are retried until then. */
	timeoutMs: number;
	/** Whether to submit again if it stays unknown what came of the first submit: it may be billed twice. */
	mayResubmit: boolean;
}

/** A prediction, and what it was bought for: an earlier attempt may have asked for something else. */
export interface BoughtPrediction {
	predictionId: string;
	model: string;
	/** Null where the model takes none. */
	prompt: string | null;
	/** `W*H`; null where the model chose. */
	size: string | null;
}

/** A bought prediction, as this attempt knows it. */
export interface SubmittedPrediction extends BoughtPrediction {
	/** The inputs' URLs; only the beginning of a data URI. */
	inputUrls: string[];
	/** Our clock, in ms, when its submit left. */
	sentAtMs: number;
	/** Whether this attempt submitted it, and Atlas accepted it at once: only then its times tell something of others. */
	isNew: boolean;
	/** Our clock, in ms, when its ID became known to this attempt. */
	knownAtMs: number;
	/** Whether it was bought before this execution, and is reused. */
	isReused: boolean;
	/** The record in the submit's answer; null if the answer was lost, or an earlier attempt bought it. */
	answer: JsonObject | null;
}

/** An input of a prediction: a file of ours, or a URL or data URI that Atlas reads itself. */
export type PurchaseInput = { path: InputPath } & (
	{ file: InputFile; url?: undefined } | { file?: undefined; url: string }
);

/** One item's purchase, checked and complete but for the uploads. */
export interface PurchaseRequest extends Omit<SubmitOrder, 'inputUrls' | 'fingerprint'> {
	model: string;
	/** Their URLs go into `body`, which is without them, each at its path. */
	inputs: PurchaseInput[];
	/** Where a schema decides how the request is sent: how it was typed. */
	typed?: TypedRequest;
	/** How old a prediction may be to be taken instead of a new purchase, in hours; 0 for none. */
	reuseHours: number;
	/** Whether a prediction still in progress when its time is up is a fault. */
	failsOnTimeout: boolean;
}

/** A request as a person typed it. It stays the same while the model's schema can be read and while it can't. */
export interface TypedRequest {
	/** What is sent where the schema cannot be read, without `inputs`. */
	body: JsonObject & { model: string };
	inputs: PurchaseInput[];
	/** Files that it may refer to by their names. */
	namedFiles: InputFile[];
	/** Whether the schema could not be read, so that an earlier purchase of the same may have been sent otherwise. */
	isUnreadable: boolean;
	/** Why nothing new may be bought; what an earlier attempt bought is still resumed. */
	refusal?: AtlasError;
}

export interface WaitedPurchase {
	bought: SubmittedPrediction;
	/** Completed; null if it is still in progress when its time is up. */
	prediction: Prediction | null;
}
