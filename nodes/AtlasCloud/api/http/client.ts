import { CancelledError } from '../errors';
import { abortedAfter, Cancellation, withinMs, type CancelSignal, type Clock } from '../time/clock';
import { toAnswer, type Answer, type Exchange } from './answer';
import { AtlasClock } from '../time/atlasClock';
import {
	TransportError,
	MIN_BYTES_PER_SECOND,
	READ_TIMEOUT_MS,
	SUBMIT_TIMEOUT_MS,
	TIMEOUT_MARGIN_MS,
	UPLOAD_TIMEOUT_MS,
	type FileBody,
	type Http,
	type HttpRequest,
	type HttpResponse,
} from './http';
import { Redaction } from './redaction';
import { sendWithRetries, type RetryOptions } from './retry';
import { asNumber } from '../json';
import { largeAnswers, readAll } from './streams';

/** The largest answer that is read. A page of history with long prompts is well below it. */
export const MAX_ANSWER_BYTES = 16_000_000;

/** The largest prediction that is read: its images and its request may be embedded as base64. */
export const MAX_PREDICTION_BYTES = 128_000_000;

interface ClientRequest extends Omit<HttpRequest, 'url' | 'authenticated'> {
	path: string;
	/** Default: true. */
	authenticated?: boolean;
	/** The largest answer that is read. */
	maxBytes?: number;
}

/** How long a canceled execution still waits for the answer to a submit, in ms: its ID would be lost, and it is billed. */
const LATE_SUBMIT_MS = 3_000;

type ReadOptions = RetryOptions & Pick<ClientRequest, 'json' | 'authenticated' | 'maxBytes'>;

/** Sends requests to Atlas and reads their answers. */
export class AtlasClient {
	/** What the answers so far say about Atlas's clock. */
	readonly atlasClock = new AtlasClock();

	private readonly redaction: Redaction;

	/** For submits. */
	private readonly lateSignal: CancelSignal;

	/**
	 * @param baseUrl checked by `checkBaseUrl`
	 * @param signal the execution's cancel signal
	 * @param secret the API key, if known: it is removed from answers that repeat it
	 */
	constructor(
		readonly baseUrl: string,
		readonly http: Http,
		readonly clock: Clock,
		readonly signal: CancelSignal | undefined,
		secret = '',
	) {
		this.redaction = new Redaction(secret);
		this.lateSignal = abortedAfter(signal, clock, LATE_SUBMIT_MS);
	}

	/** Sends the billable request, once. The caller decides what the answer, or its absence, means. */
	async post(path: string, json: unknown, headers: Record<string, string>): Promise<Exchange> {
		const submit = { method: 'POST', path, json, headers, timeoutMs: SUBMIT_TIMEOUT_MS } as const;
		return await this.exchange({ ...submit, signal: this.lateSignal });
	}

	/** Reads, with retries: see {@link sendWithRetries}. With `json` it is a POST: only for what costs and creates nothing. */
	async read(path: string, what: string, options: ReadOptions = {}): Promise<Answer> {
		const { json, authenticated, maxBytes, ...retries } = options;
		const { giveUpAtMs = Infinity } = retries;
		const method = json === undefined ? 'GET' : 'POST';
		const send = async () => {
			// An attempt ends with the time of the whole read, but has a second at least.
			const leftMs = Math.max(1_000, giveUpAtMs - this.clock.nowMs());
			const timeoutMs = Math.min(READ_TIMEOUT_MS, leftMs);
			return await this.exchange({ method, path, json, authenticated, maxBytes, timeoutMs });
		};
		return await sendWithRetries(send, what, this.clock, this.signal, retries);
	}

	/** Reads a prediction, once: the poll schedule brings its own retries. */
	async poll(path: string, maxBytes = MAX_PREDICTION_BYTES): Promise<Exchange> {
		return await this.exchange({ method: 'GET', path, timeoutMs: READ_TIMEOUT_MS, maxBytes });
	}

	/** Uploads a file, once. */
	async upload(path: string, file: FileBody): Promise<Exchange> {
		const timeoutMs = UPLOAD_TIMEOUT_MS + (file.sizeBytes / MIN_BYTES_PER_SECOND) * 1_000;
		return await this.exchange({ method: 'POST', path, file, timeoutMs });
	}

	/** @throws CancelledError */
	private async exchange(request: ClientRequest): Promise<Exchange> {
		const { signal = this.signal } = request;
		return await this.send({ ...request, signal }).then(
			(answer): Exchange => ({ answer }),
			(error: unknown): Exchange => {
				if (error instanceof CancelledError || signal?.aborted) throw new CancelledError();
				return { fault: this.toFault(error) };
			},
		);
	}

	private async send({ path, maxBytes = MAX_ANSWER_BYTES, ...request }: ClientRequest): Promise<Answer> {
		const sentAtMs = this.clock.nowMs();
		const { headers, statusCode, body } = await this.openResponse({
			...request,
			authenticated: request.authenticated ?? true,
			url: `${this.baseUrl}${path}`,
		});
		const receivedAtMs = this.clock.nowMs();
		const bytes = await readAll(body, {
			clock: this.clock,
			stallMs: Math.min(READ_TIMEOUT_MS, request.timeoutMs),
			signal: request.signal,
			maxBytes,
			announcedBytes: asNumber(headers['content-length']),
			largeAnswers,
		});
		const answer = toAnswer(statusCode, headers, bytes.toString('utf8'), this.redaction);
		const dateMs = this.atlasClock.observe(headers.date, sentAtMs, receivedAtMs);
		return { ...answer, sentAtMs, receivedAtMs, dateMs };
	}

	/**
	 * Sends a request and waits for the response headers. The time limit is enforced here because axios only limits
	 * the time between two chunks: headers that trickle in would never end.
	 */
	private async openResponse(request: HttpRequest): Promise<HttpResponse> {
		const cancellation = new Cancellation(request.signal);
		const sent = this.http.send({ ...request, signal: cancellation });
		const timedOut = () => new TransportError('The request timed out', 'ETIMEDOUT');
		return await withinMs(this.clock, request.timeoutMs + TIMEOUT_MARGIN_MS, sent, timedOut)
			.catch((error: unknown) => {
				// A response that comes all the same is closed unread.
				sent.then(({ body }) => body.destroy()).catch(() => {});
				cancellation.abort();
				throw error;
			})
			.finally(() => cancellation.detach());
	}

	/** Why there is no answer, without the API key. */
	private toFault(error: unknown): TransportError {
		const message = this.redaction.text(error instanceof Error ? error.message : String(error));
		if (!(error instanceof TransportError)) return new TransportError(message, null);
		const { code, neverSent } = error;
		const advice = error.advice === null ? null : this.redaction.text(error.advice);
		return new TransportError(message, code, { neverSent, advice, host: new URL(this.baseUrl).host });
	}
}
