/** The public types of the sandbox: what a test, a demo or a benchmark may set, and what it may read afterwards. */

import type { Endpoint, Fault } from './faultTypes';

export type * from './faultTypes';

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
	/** How much longer than a poll it goes on showing a task that is over as unfinished. */
	lagSeconds?: number;
	/** Its rows have no `result`. */
	withoutResult?: boolean;
	/** Another account's tasks: the same, with other IDs. */
	isForeign?: boolean;
	/** `model`, `status` and `sessionID` change nothing. */
	ignoresFilters?: boolean;
	/** The most rows of a page, whatever `size` asks for. Default 50. */
	maxPageSize?: number;
	/** The form of `createdAt`. Default `seconds`; `missing` leaves the field out. */
	createdAtUnit?: 'seconds' | 'milliseconds' | 'iso' | 'missing';
	/** Items sent as they are, ahead of every task and whatever the filter, and counted in `total`: tasks that cannot be read. */
	extraItems?: unknown[];
	/** Changes an item before it is sent. */
	alter?: (item: Record<string, unknown>) => object;
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
	/** Make one video, sound and so on of each type of file, and serve it for every task: for tests with many tasks. */
	preparedMedia?: boolean;
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
	/** Its text; null where there was none. */
	answer: string | null;
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
	/** A finished task that somebody else on the account sent with this body, by default just now; answers its id. */
	addForeignTask(body: object, createdAtMs?: number): string;
	/** Drops all connections and comes back on the same ports with its tasks. */
	restart(downSeconds?: number): Promise<void>;
	close(): Promise<void>;
}
