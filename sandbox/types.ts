/** The public types of the sandbox: what a test, a demo or a benchmark may set, and what it may read afterwards. */

/** Time as the sandbox sees it. Tests inject one that runs faster; the default is the real one. */
export interface SandboxClock {
	nowMs(): number;
	sleepMs(ms: number): Promise<void>;
}

/** A rate limit. A refused call costs no token. */
export interface TokenBucket {
	perSecond: number;
	burst: number;
}

export interface SandboxLimits {
	/** Rate of `POST …/uploadMedia`. */
	uploads?: TokenBucket;
	/** Rate of `POST …/generateImage`. */
	submits?: TokenBucket;
	/** Rate of `GET …/prediction/{id}`. */
	polls?: TokenBucket;
	/** A submit beside this many unfinished tasks is answered 429. */
	runningAtOnce?: number;
	/** Beside this many running tasks, further ones wait as `queued`. */
	queueAtOnce?: number;
}

export interface SandboxHistory {
	/** How long a new task stays out of the history. */
	delaySeconds?: number;
	/** Tasks of other users of the same account, sprinkled in for each own task. */
	foreignTasks?: number;
	/** The form of `createdAt`. Default `seconds`; `missing` leaves the field out. */
	createdAtUnit?: 'seconds' | 'milliseconds' | 'iso' | 'missing';
	/** Items sent as they are, ahead of every task and whatever the filter, and counted in `total`: tasks that cannot be read. */
	extraItems?: unknown[];
}

/** How a finished prediction reports its price. */
export interface SandboxPrice {
	/** It is published so long after the task's end; there is no such field before. Default 0. */
	afterSeconds?: number;
	/** Default `string`: `"0.032"`. */
	as?: 'string' | 'number';
}

/** A new prediction is answered with this status at first, as it is not visible yet. */
export interface SandboxWarmUp {
	seconds: number;
	status: 404 | 400;
}

export interface SandboxWebhooks {
	/** Default false. True also delivers to this machine, over http too. */
	allowLoopback?: boolean;
	/** How long after a delivery that was not answered 2xx the next one is sent. Default 1, 5, 30. */
	redeliverAfterSeconds?: readonly number[];
}

export interface SandboxOptions {
	/** Default `sandbox-key`. */
	apiKey?: string;
	/** Default 0: any free port of 127.0.0.1. */
	port?: number;
	/** Default 0: any free port of 127.0.0.1. */
	filesPort?: number;
	/** Default 3. */
	predictSeconds?: number;
	/** Instead of it, for models of these types: on Atlas Cloud an image takes seconds, a video minutes. */
	predictSecondsByType?: Partial<Record<'Image' | 'Video' | 'Audio' | 'Text', number>>;
	/** Default 0.25: uniformly up to a quarter faster or slower. Seeded. */
	jitter?: number;
	seed?: number;
	clock?: SandboxClock;
	/** Atlas's clock against ours: moves the `Date` header and every time in an answer. */
	clockSkewSeconds?: number;
	/** Serve one prepared picture (a PNG and a JPEG of it) instead of editing: for benchmarks. */
	preparedPictures?: boolean;
	/** Pad the prepared picture's file to this many bytes; it stays a valid picture. */
	preparedPictureBytes?: number;
	/** The same for every output, prepared or edited. Goes before `preparedPictureBytes`. */
	outputBytes?: number;
	/** What `enable_base64_output` gives: `data:image/png;base64,…` (default) or only what follows the comma. */
	base64Form?: 'dataUri' | 'bare';
	/** Default: a string, published at once. */
	price?: SandboxPrice;
	/** Default false. True charges a task that fails, and a failed prediction reports its price. */
	chargeFailedTasks?: boolean;
	limits?: SandboxLimits;
	/** What the account pays for each dollar of a price, in the quote with the key and in what is charged. Default 1. */
	accountMarkup?: number;
	/** Default false. True answers 400 to a field that the model's schema does not declare. */
	refuseUnknownFields?: boolean;
	webhooks?: SandboxWebhooks;
	/** Default false: `…/media/images/<number>_<random>.<extension>`. True: `…/uploads/<random>/<name>`. */
	keepUploadNames?: boolean;
	history?: SandboxHistory;
	warmUp?: SandboxWarmUp;
	faults?: Fault[];
	/** Called once a request is over, answered or not: the command line prints a line per request with it. */
	onRequestOver?: (request: LedgerRequest) => void;
}

export type Endpoint =
	| 'upload'
	| 'submit'
	| 'quote'
	| 'prediction'
	| 'history'
	| 'models'
	| 'schema'
	| 'balance'
	| 'webhookKeys'
	| 'file';

export type FailedTaskShape = 'status200' | 'http500' | 'nsfw' | 'moderation' | 'errorObject';

export type FaultAction =
	/** The connection is reset and nothing was done. */
	| { type: 'resetBefore' }
	/** The connection is reset after the work: a task exists and is charged. */
	| { type: 'resetAfter' }
	| { type: 'delay'; seconds: number; then?: 'handle' }
	/** Never answered, nothing done. */
	| { type: 'hang' }
	/** Never answered, but the work is done. */
	| { type: 'hangAfter' }
	/** `handled: true` does the work first. Without a body: the documented envelope. A string is sent as it is. */
	| {
			type: 'status';
			status: number;
			body?: unknown;
			headers?: Record<string, string>;
			handled?: boolean;
	  }
	/**
	 * Headers at once, then so many bytes of the body per second of the sandbox's clock, until all is sent or the
	 * connection closes. `handled: false`: nothing is done, and what trickles is the envelope of a 503.
	 */
	| { type: 'trickle'; bytesPerSecond: number; handled?: boolean }
	/** Handled; the `Date` header is missing, is this text, or is so many seconds ahead of the sandbox's (or behind). */
	| { type: 'dateHeader'; value: 'missing' | string | { skewSeconds: number } }
	/** On `prediction`: the newest other task's record, or one made up where there is no other. */
	| { type: 'otherRecord' }
	/** Handled; the full length is announced and half of it sent. */
	| { type: 'truncate' }
	/** Handled; the answer is no JSON. */
	| { type: 'malformedJson' }
	/** Handled; every value of the answer has another type. */
	| { type: 'wrongTypes' }
	/** Handled; the answer is `{}`. */
	| { type: 'emptyObject' }
	/** Handled; the answer has this many bytes and does not announce them. */
	| { type: 'hugeBody'; bytes: number }
	| { type: 'redirect'; location: string; status?: number }
	/** On `submit`: the task that this call creates ends so. */
	| { type: 'failTask'; shape: FailedTaskShape }
	/** On `submit`: merged into the data of the finished prediction. */
	| { type: 'patchResult'; patch: Record<string, unknown> }
	/** On `file`: 200 with a page of HTML or, the next time, with random bytes called a picture. */
	| { type: 'corruptPicture' };

export interface Fault {
	endpoint: Endpoint;
	/** 1-based, counted per fault from when it is added. Default 1. */
	nth?: number;
	/** For how many calls from `nth` on. Default 1 (with `probability`: no end); Infinity allowed. */
	times?: number;
	/** Instead of `nth`; seeded. */
	probability?: number;
	action: FaultAction;
	/** Only requests whose path or body (of an upload: the file's name) holds this. */
	match?: string;
}

export interface LedgerRequest {
	atMs: number;
	endpoint: Endpoint | 'other';
	method: string;
	/** With its query. */
	path: string;
	/** `null`: there was no answer. */
	status: number | null;
	authorization: string | null;
	/** Bytes of the JSON body or of the uploaded file. */
	bytesIn: number;
	/** Of JSON requests; strings are shortened where the body is over 64 kB. */
	body?: unknown;
	remoteOrigin: 'api' | 'files';
}

export interface Charge {
	predictionId: string;
	model: string;
	priceUsd: number;
	atMs: number;
	prompt: string;
	body: unknown;
}

export interface SandboxPrediction {
	id: string;
	model: string;
	prompt: string;
	body: unknown;
	status: string;
	createdAtMs: number;
	startedAtMs: number | null;
	completedAtMs: number | null;
	predictSeconds: number | null;
	outputs: string[];
	foreign: boolean;
	/** Of each output, in order; filled once the picture is made, at the latest when it is downloaded. */
	outputSha256: string[];
}

export interface LedgerUpload {
	url: string;
	fileName: string;
	contentType: string;
	bytes: number;
	sha256: string;
}

export interface SignedWebhook {
	body: string;
	headers: Record<string, string>;
}

export interface LedgerWebhook {
	predictionId: string;
	url: string;
	/** `null`: there was no answer. */
	status: number | null;
	atMs: number;
}

/** What the sandbox saw and did. Tests assert on it. */
export interface Ledger {
	requests: LedgerRequest[];
	charges: Charge[];
	uploads: LedgerUpload[];
	/** Every delivery, in order. */
	webhooks: LedgerWebhook[];
	predictions: Map<string, SandboxPrediction>;
	count(endpoint: Endpoint): number;
	/** The highest number of unfinished tasks (created, queued or processing) at one time. */
	maxRunning: number;
}

export type ChangeableOptions = Pick<
	SandboxOptions,
	| 'limits'
	| 'predictSeconds'
	| 'predictSecondsByType'
	| 'jitter'
	| 'history'
	| 'warmUp'
	| 'keepUploadNames'
	| 'clockSkewSeconds'
	| 'base64Form'
	| 'price'
	| 'chargeFailedTasks'
	| 'accountMarkup'
	| 'refuseUnknownFields'
	| 'webhooks'
>;

export interface Sandbox {
	baseUrl: string;
	filesUrl: string;
	apiKey: string;
	ledger: Ledger;
	addFault(fault: Fault): void;
	clearFaults(): void;
	setOptions(options: Partial<ChangeableOptions>): void;
	/** From now on this output (or upload) is answered 404. */
	expireOutput(url: string): void;
	/** From now on this upload is answered 404, and a submit that names it fails as one of an unreachable picture. */
	deleteUpload(url: string): void;
	/** A webhook body with the headers of a delivery, for tests that send one themselves. */
	signWebhook(body: string, given?: { timestampSeconds?: number; webhookId?: string }): SignedWebhook;
	/** A finished task that somebody else on the account sent with this body; answers its id. */
	addForeignTask(body: object): string;
	/** Drops all connections and comes back on the same ports with its tasks. */
	restart(downSeconds?: number): Promise<void>;
	close(): Promise<void>;
}
