import { AtlasClock } from './atlasClock';
import { Cancellation, type CancelSignal } from '../flow/cancellation';
import { backoffMs, pauseMs, throwIfAborted, untilAborted, withinMs, type Clock } from '../flow/clock';
import { AtlasError, CancelledError, truncate } from '../errors';
import {
	isRetryableStatus,
	TransportError,
	type FileBody,
	type Http,
	type HttpRequest,
	type HttpResponse,
} from './http';
import { asNumber, asObject, asString, parseJson, type JsonObject } from '../json';
import { Redaction } from './redaction';
import { largeAnswers, MIN_BYTES_PER_SECOND, readAll } from './streams';
import { READ_TIMEOUT_MS, SUBMIT_TIMEOUT_MS, UPLOAD_TIMEOUT_MS } from './timeouts';

/** An answer of Atlas, read whole and not yet believed. */
export interface Answer {
	statusCode: number;
	/** `X-Request-ID`, or the envelope's `request_id`: every answer carries one [D]. */
	requestId: string | null;
	/** Milliseconds of a `Retry-After` header. Atlas sends none today [D]; a gateway before it may. */
	retryAfterMs: number | null;
	/** The body's JSON value; undefined where it was no JSON or was cut off. */
	json: unknown;
	/** Whether the body is Atlas's own envelope, and not some gateway's page. */
	isEnvelope: boolean;
	/** The envelope's `code`, which can differ from the HTTP status. */
	envelopeCode: number | null;
	/** Atlas's own words about it. */
	reason: string | null;
	/** Our clock, in ms, when the request left and when the answer's headers came. */
	sentAtMs: number;
	receivedAtMs: number;
	/** Atlas's clock by the answer's `Date` header, in ms; null where it has none. */
	dateMs: number | null;
}

/** An answer, or why there was none. */
export type Exchange = { answer: Answer; fault?: undefined } | { answer?: undefined; fault: TransportError };

/** The largest answer that is read: a page of history with long prompts is well under it. */
const MAX_ANSWER_BYTES = 16_000_000;

/** The largest prediction that is read: it may hold its pictures itself, as base64 [C], and its request data URIs. */
export const MAX_PREDICTION_BYTES = 128_000_000;

/** Tries of a read that finds no answer, when nobody sets a time for it. */
const READ_TRIES = 6;

/** Verdicts: asking again gives the same answer [D]. */
export const FINAL_STATUS_CODES = new Set([401, 402, 403, 451]);

const DATA_URI = /data:[a-z0-9.+/-]+[;,][^\s"']*/gi;

/** Atlas nests an error's words two levels deep at most; a hostile body could go on for ever. */
const MAX_REASON_DEPTH = 10;

/** Atlas's words in any of the shapes an error is told in [D][C]. */
export function reasonOf(value: unknown, depth = 0): string | null {
	if (depth > MAX_REASON_DEPTH) return null;
	if (typeof value === 'string') return asString(value.trim().replace(DATA_URI, truncate));
	const object = asObject(value);
	if (!object) return null;
	for (const key of ['message', 'msg', 'error', 'detail', 'reason']) {
		const reason = reasonOf(object[key], depth + 1);
		if (reason) return reason;
	}
	return null;
}

interface ClientRequest {
	method: 'GET' | 'POST';
	path: string;
	timeoutMs: number;
	json?: unknown;
	file?: FileBody;
	headers?: Record<string, string>;
	authenticated?: boolean;
	/** The largest answer that is read. */
	maxBytes?: number;
}

interface ReadOptions {
	authenticated?: boolean;
	tries?: number;
	/** Whether an answer holds what was asked for; one that does not is broken, and asked for again. */
	isUsable?: (json: unknown) => boolean;
	/** The largest answer that is read. */
	maxBytes?: number;
	/** Whether the caller asks for less where an answer is too large: it is not asked for again then. */
	asksForLess?: boolean;
	/** Our clock, in ms: no retry starts after this. */
	giveUpAtMs?: number;
}

interface PatientOptions extends ReadOptions {
	tries: number;
	signal: CancelSignal | undefined;
	/** Whether a rate limiter paces the attempts: it makes the pauses after a 429. */
	waitsItsTurn?: boolean;
}

/** How long an upload is tried again while it is refused, in ms. */
const MAX_REFUSED_MS = 600_000;

export interface AtlasClientOptions {
	/** Checked by `checkBaseUrl`. */
	baseUrl: string;
	http: Http;
	clock: Clock;
	/** The execution's cancel signal. */
	signal: CancelSignal | undefined;
	/** The API key, where it is known: an answer that repeats it is read without it. */
	secret?: string;
}

/** Speaks Atlas's HTTP: one place for the envelope, the clocks, and how patient a read is. */
export class AtlasClient {
	readonly baseUrl: string;

	readonly clock: Clock;

	readonly signal: CancelSignal | undefined;

	readonly http: Http;

	/** What Atlas says goes into items and messages; a key that it repeats may not. */
	private readonly redaction: Redaction;

	/** What the answers so far say about Atlas's clock. */
	readonly atlasClock = new AtlasClock();

	constructor(options: AtlasClientOptions) {
		this.baseUrl = options.baseUrl;
		this.http = options.http;
		this.clock = options.clock;
		this.signal = options.signal;
		this.redaction = new Redaction(options.secret ?? '');
	}

	/** Sends the billable request, once. What the answer, or its absence, means is for the caller to say. */
	async post(path: string, json: unknown, headers: Record<string, string>): Promise<Exchange> {
		return await this.exchange({ method: 'POST', path, json, headers, timeoutMs: SUBMIT_TIMEOUT_MS });
	}

	/**
	 * A read, patiently: 429, 5xx, lost and broken answers are asked for again with backoff.
	 * @param what what is read, in words that follow "Could not "
	 * @throws AtlasError (`read`) after the last try, or at once for an answer that is final.
	 */
	async get(path: string, what: string, options: ReadOptions = {}): Promise<Answer> {
		const ask = async () =>
			await this.exchange({
				method: 'GET',
				path,
				timeoutMs: READ_TIMEOUT_MS,
				authenticated: options.authenticated,
				maxBytes: options.maxBytes,
			});
		return await this.patiently(ask, what, { tries: READ_TRIES, signal: this.signal, ...options });
	}

	/** One look, without patience: the schedule that looks brings its own. */
	async poll(path: string): Promise<Exchange> {
		return await this.exchange({
			method: 'GET',
			path,
			timeoutMs: READ_TIMEOUT_MS,
			maxBytes: MAX_PREDICTION_BYTES,
		});
	}

	/**
	 * Uploads a file. It costs nothing, so a lost answer is simply sent again.
	 * @param turn waits until one more upload may leave, sends it, and notes what came of it
	 */
	async upload(
		path: string,
		file: FileBody,
		signal: CancelSignal | undefined,
		isUsable: (json: unknown) => boolean,
		turn: (send: () => Promise<Exchange>) => Promise<Exchange>,
	): Promise<Answer> {
		const timeoutMs = UPLOAD_TIMEOUT_MS + (file.sizeBytes / MIN_BYTES_PER_SECOND) * 1_000;
		const send = async () =>
			await turn(async () => await this.exchange({ method: 'POST', path, file, timeoutMs }));
		return await this.patiently(send, `upload ${file.fileName}`, {
			tries: 4,
			signal,
			isUsable,
			waitsItsTurn: true,
		});
	}

	private async patiently(
		ask: () => Promise<Exchange>,
		what: string,
		options: PatientOptions,
	): Promise<Answer> {
		const { tries, signal, isUsable, asksForLess, waitsItsTurn, giveUpAtMs = Infinity } = options;
		const startMs = this.clock.nowMs();
		for (let attempt = 0; ; attempt++) {
			throwIfAborted(signal);
			const exchange = await untilAborted(ask(), signal);
			const { answer } = exchange;
			const isGood =
				answer && answer.statusCode < 300 && asObject(answer.json) && !isErrorCode(answer.envelopeCode);
			if (isGood && (isUsable?.(answer.json) ?? true)) return answer;
			const nowMs = this.clock.nowMs();
			if (waitsItsTurn && answer && effectiveStatus(answer) === 429) {
				// The rate limiter has made the pause; a refusal is no failed attempt.
				attempt--;
				if (nowMs - startMs < MAX_REFUSED_MS && isWorthWaiting(answer)) continue;
				throw readError(what, exchange);
			}
			const again = answer
				? isGood || isRetryableAnswer(answer)
				: !exchange.fault?.neverSent && !(asksForLess && isTooLarge(exchange));
			const pause = readAgainMs(answer) ?? backoffMs(attempt, 500, 8_000);
			if (!again || attempt + 1 >= tries || nowMs + pause > giveUpAtMs) throw readError(what, exchange);
			await pauseMs(this.clock, pause, signal);
		}
	}

	private async exchange(request: ClientRequest): Promise<Exchange> {
		const answered = this.answerTo(request);
		return await answered.then(
			(answer): Exchange => ({ answer }),
			(error: unknown): Exchange => {
				if (error instanceof CancelledError || this.signal?.aborted) throw new CancelledError();
				return { fault: this.faultOf(error) };
			},
		);
	}

	private async answerTo({ path, maxBytes = MAX_ANSWER_BYTES, ...request }: ClientRequest): Promise<Answer> {
		const sentAtMs = this.clock.nowMs();
		const { headers, statusCode, body } = await this.headersOf({
			...request,
			authenticated: request.authenticated ?? true,
			url: `${this.baseUrl}${path}`,
		});
		const receivedAtMs = this.clock.nowMs();
		const text = await readAll(body, {
			clock: this.clock,
			stallMs: READ_TIMEOUT_MS,
			signal: this.signal,
			maxBytes,
			largeAnswers,
		});
		const answer = toAnswer(statusCode, headers, text.toString('utf8'), this.redaction);
		const dateMs = this.atlasClock.observe(headers.date, sentAtMs, receivedAtMs);
		return { ...answer, sentAtMs, receivedAtMs, dateMs };
	}

	/**
	 * Sends a request and waits for its headers, no longer than its time limit: axios counts the time between two
	 * pieces only, so headers that trickle in would never end it.
	 */
	private async headersOf(request: Omit<HttpRequest, 'signal'>): Promise<HttpResponse> {
		const ending = new Cancellation(this.signal);
		const sent = this.http.send({ ...request, signal: ending });
		const timedOut = () => new TransportError('The answer took too long', 'ETIMEDOUT');
		// A little more than n8n's own limit, which tells more.
		return await withinMs(this.clock, request.timeoutMs + 1_000, sent, timedOut)
			.catch((error: unknown) => {
				// n8n ends an authenticated request only with the execution: what still arrives is closed unread.
				sent.then(({ body }) => body.destroy()).catch(() => {});
				if (!this.signal?.aborted) ending.abort();
				throw error;
			})
			.finally(() => ending.detach());
	}

	/** Why there is no answer, without the key. */
	private faultOf(error: unknown): TransportError {
		const message = this.redaction.text(error instanceof Error ? error.message : String(error));
		if (!(error instanceof TransportError)) return new TransportError(message, null);
		const { code, neverSent } = error;
		const advice = error.advice === null ? null : this.redaction.text(error.advice);
		return new TransportError(message, code, { neverSent, advice });
	}
}

/** No read is kept off longer than this, in ms, whatever `Retry-After` says. */
const MAX_READ_PAUSE_MS = 300_000;

/** After how long a read that was told so may be tried again, in ms; null where it was not told. */
export function readAgainMs(answer: Answer | undefined): number | null {
	const toldMs = answer?.retryAfterMs ?? null;
	return toldMs === null ? null : Math.min(toldMs, MAX_READ_PAUSE_MS);
}

/** Whether a refused upload may be tried again: not where the service asks for a pause that is longer than anyone waits. */
function isWorthWaiting({ retryAfterMs }: Answer): boolean {
	return (retryAfterMs ?? 0) <= MAX_READ_PAUSE_MS;
}

function isTooLarge({ fault }: Exchange): boolean {
	return fault?.code === 'EMSGSIZE';
}

function isErrorCode(code: number | null): boolean {
	return code !== null && code >= 400;
}

/** What an answer says of the request: its status, or the envelope's code where that tells of a good status otherwise. */
export function effectiveStatus({ statusCode, envelopeCode }: Answer): number {
	return statusCode < 300 && envelopeCode !== null && isErrorCode(envelopeCode) ? envelopeCode : statusCode;
}

/** Whether another try may fare better: 408, 425, 429, every 5xx, and a good status with a broken body. */
export function isRetryableAnswer(answer: Answer): boolean {
	const code = effectiveStatus(answer);
	return isRetryableStatus(code) || (code < 300 && !asObject(answer.json));
}

function toAnswer(
	statusCode: number,
	headers: Record<string, string>,
	text: string,
	redaction: Redaction,
): Omit<Answer, 'sentAtMs' | 'receivedAtMs' | 'dateMs'> {
	// After it is parsed: a JSON text can spell each letter of the key in another way.
	const json = redaction.json(parseJson(text));
	const envelope: JsonObject = asObject(json) ?? {};
	const envelopeCode = typeof envelope.code === 'number' ? envelope.code : null;
	const retryAfterS = asNumber(headers['retry-after']);
	return {
		statusCode,
		requestId: asString(redaction.text(headers['x-request-id'] ?? '')) ?? asString(envelope.request_id),
		retryAfterMs: retryAfterS !== null && retryAfterS >= 0 ? retryAfterS * 1_000 : null,
		json,
		// `{code, msg|message, request_id, data}`, or on /public/ paths `{error: {type, code, message}, request_id}` [D][C]
		isEnvelope:
			(envelopeCode !== null && ('msg' in envelope || 'message' in envelope || 'data' in envelope)) ||
			(asObject(envelope.error) !== undefined && 'request_id' in envelope),
		envelopeCode,
		reason: reasonOf(envelope.msg) ?? reasonOf(envelope.message) ?? reasonOf(envelope.error),
	};
}

const ADVICE_BY_STATUS: Record<number, string> = {
	400: 'Atlas Cloud did not accept the request. Its own words name the field; change it and run again.',
	401: 'The API key is missing, unknown or expired, or the Base URL is wrong (Atlas Cloud answers a wrong path the same way). Check both in the credential.',
	402: 'The Atlas Cloud account has no balance left. Top it up at atlascloud.ai, then run again.',
	403: 'This API key may not use this. Check the key’s scope in the Atlas Cloud console.',
	404: 'Atlas Cloud does not know this id or model, or this account cannot use it. Check the id.',
	413: 'The request is larger than 50 MB. Pass the pictures as files or URLs, not as data URIs.',
	429: 'Atlas Cloud asks to slow down. Lower Concurrency under Options, or run again later.',
	451: 'Atlas Cloud does not offer this in the region of the request.',
};

/** What to do about an HTTP status, for the person who has to. */
export function adviceFor(statusCode: number): string {
	return (
		ADVICE_BY_STATUS[statusCode] ??
		'Atlas Cloud may be having trouble. Run again later, and tell its support the request id.'
	);
}

/** Node's codes in words: n8n replaces a message that holds the code itself by a sentence of its own. */
const CONNECTION_FAILURES: Record<string, string> = {
	EAI_AGAIN: 'the name server did not answer',
	ECONNABORTED: 'the connection was given up',
	ECONNREFUSED: 'the connection was refused',
	ECONNRESET: 'the connection was cut',
	EHOSTUNREACH: 'the host cannot be reached',
	EMSGSIZE: 'it was larger than any answer should be',
	ENOTFOUND: 'there is no such host',
	EPIPE: 'the connection was cut',
	ETIMEDOUT: 'it took too long',
};

/** What an exchange said, in words that end a sentence: `status 402: out of balance`. */
export function describeExchange(exchange: Exchange): string {
	const { answer, fault } = exchange;
	// Without a code it is n8n itself that objects (its SSRF protection, say): its words are the ones to read.
	if (!answer)
		return fault.code
			? `no answer came (${CONNECTION_FAILURES[fault.code] ?? fault.code})`
			: fault.message.slice(0, 500);
	const code = effectiveStatus(answer);
	if (answer.json === undefined) return `status ${code}, with a body that is no JSON`;
	// A good status with nothing usable: "status 200: success" would tell the opposite.
	if (code < 300) return `status ${code}, with a body that does not hold what was asked for`;
	return answer.reason ? `status ${code}: ${answer.reason.slice(0, 500)}` : `status ${code}`;
}

/** The parts of an answer that errors repeat. */
export function answerDetails(exchange: Exchange) {
	const { answer } = exchange;
	if (!answer) return { statusCode: null, requestId: null, reason: null };
	return { statusCode: answer.statusCode, requestId: answer.requestId, reason: answer.reason };
}

/** What to do where n8n kept a request back and says no more than that. */
export const NOT_SENT_ADVICE = 'n8n did not send the request. Change what it objects to, then run again.';

/** The error of a free request that did not work out. */
export function readError(what: string, exchange: Exchange, predictionId: string | null = null): AtlasError {
	const { answer, fault } = exchange;
	const code = answer ? effectiveStatus(answer) : null;
	const description =
		code !== null
			? adviceFor(code)
			: fault?.neverSent
				? (fault.advice ?? NOT_SENT_ADVICE)
				: fault?.neverOpened
					? 'The address could not be reached. Check the Base URL of the credential and the network of this n8n.'
					: 'The connection broke. Run again; it costs nothing until an edit is submitted.';
	return new AtlasError(`Could not ${what}: ${describeExchange(exchange)}`, {
		kind: 'read',
		description,
		predictionId,
		isTooLarge: isTooLarge(exchange),
		...answerDetails(exchange),
	});
}
