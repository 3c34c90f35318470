import type { CancelSignal } from '../flow/cancellation';
import { whyNotFetchable } from '../http/addresses';
import { backoffMs, pauseMs, throwIfAborted, type Clock } from '../flow/clock';
import { AtlasError, CancelledError } from '../errors';
import { isRetryableStatus, TransportError, type ByteStream, type Http } from '../http/http';
import { asNumber } from '../json';
import { DownloadError, notFollowed, openPublic } from '../http/publicFile';
import { FileEnd } from './fileEnd';
import { isImage, KIND_BYTES, fileKind, type FileKind } from './fileKind';
import type { PredictionOutput } from '../predictions/outputs';
import { StreamGuard } from '../http/streams';
import { DOWNLOAD_TIMEOUT_MS } from '../http/timeouts';

/** Where pictures go: n8n's binary storage. */
export interface FileStore<Stored> {
	/**
	 * Keeps a picture as it streams in.
	 * @param source where `content` comes from, for what its class can do
	 * @param content the bytes; throws when they turn out not to be the whole picture
	 */
	storeStream(
		source: ByteStream,
		content: AsyncIterable<Uint8Array>,
		fileName: string,
		mimeType: string,
	): Promise<Stored>;
	storeBytes(bytes: Uint8Array, fileName: string, mimeType: string): Promise<Stored>;
}

export interface DownloadOrder {
	predictionId: string;
	output: PredictionOutput;
	/** File name without extension: the extension is told by the bytes. */
	baseName: string;
	/** The option `maxDownloadMb`, in bytes. */
	maxBytes: number;
	signal: CancelSignal | undefined;
}

const TRIES = 4;

/** Statuses of a link that has expired. */
const GONE = new Set([403, 404, 410]);

/** Fetches finished pictures: without the key, by the design's rule, whole or not at all. */
export class Downloads<Stored> {
	constructor(
		private readonly http: Http,
		private readonly clock: Clock,
		private readonly baseUrl: string,
		private readonly store: FileStore<Stored>,
	) {}

	/**
	 * Fetches one picture into the store, again from the start when it breaks.
	 * @throws AtlasError (`download`) with the prediction id; CancelledError
	 */
	async fetch(order: DownloadOrder): Promise<Stored> {
		const { output, signal } = order;
		for (let attempt = 0; ; attempt++) {
			throwIfAborted(signal);
			const fetched =
				output.base64 === undefined ? this.fetchOnce(output.url, order) : this.decode(output.base64, order);
			const result = await fetched.catch((error: unknown) => {
				if (error instanceof CancelledError || signal?.aborted) throw new CancelledError();
				return error instanceof DownloadError ? error : new DownloadError(storeFault(error), false);
			});
			if (!(result instanceof DownloadError)) return result;
			const fault = result;
			if (fault.isFinal || attempt + 1 >= TRIES) throw downloadError(order, fault);
			await pauseMs(this.clock, backoffMs(attempt, 1_000, 8_000), signal);
		}
	}

	/**
	 * Whether a picture's link may be handed on: by the same rule as if it were fetched.
	 * @throws AtlasError (`download`) with the prediction id
	 */
	checkLink(order: Pick<DownloadOrder, 'predictionId' | 'output'>): void {
		const { url } = order.output;
		if (url === undefined) return;
		const objection = whyNotFetchable(url, this.baseUrl);
		if (objection !== null) throw downloadError(order, notFollowed(url, objection));
	}

	private async decode(base64: string, order: DownloadOrder): Promise<Stored> {
		const bytes = Buffer.from(base64, 'base64');
		if (bytes.byteLength > order.maxBytes) throw tooLarge(order);
		const kind = fileKind(bytes);
		const isWhole = isImage(kind) && endIsIn(kind, bytes);
		if (!isWhole) throw new DownloadError('what Atlas Cloud sent is not a whole picture', true);
		return await this.store.storeBytes(bytes, `${order.baseName}.${kind.extension}`, kind.mimeType);
	}

	private async fetchOnce(firstUrl: string, order: DownloadOrder): Promise<Stored> {
		const response = await openPublic(this.http, firstUrl, this.baseUrl, order.signal, {});
		const { body, statusCode, headers } = response;
		const guard = new StreamGuard(body, this.clock, DOWNLOAD_TIMEOUT_MS, order.signal);
		try {
			if (statusCode !== 200) {
				const message = GONE.has(statusCode)
					? `its link has expired (status ${statusCode})`
					: `the file host answered with status ${statusCode}`;
				throw new DownloadError(message, !isRetryableStatus(statusCode), statusCode);
			}
			const announced = asNumber(headers['content-length']);
			if (announced !== null && announced > order.maxBytes) throw tooLarge(order);
			const chunks = body[Symbol.asyncIterator]();
			const head = await readHead(chunks);
			const kind = fileKind(head);
			const found = kind ? ` (${kind.name})` : '';
			if (!isImage(kind))
				throw new DownloadError(`the link gave something that is not a picture${found}`, false);
			const check = new WholePicture(kind, announced, order);
			const stored = this.store.storeStream(
				body,
				check.through(head, chunks, guard),
				`${order.baseName}.${kind.extension}`,
				kind.mimeType,
			);
			return await stored.catch((error: unknown) => {
				throw check.fault ?? error;
			});
		} finally {
			guard.end();
		}
	}
}

/** Reads a stream's beginning: enough to tell its kind. */
async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
	const parts: Uint8Array[] = [];
	let size = 0;
	while (size < KIND_BYTES) {
		const next = await chunks.next();
		if (next.done) break;
		parts.push(next.value);
		size += next.value.byteLength;
	}
	return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

function endIsIn(kind: FileKind, bytes: Uint8Array): boolean {
	const end = new FileEnd(kind);
	end.add(bytes);
	return end.isReached();
}

/** Lets a picture through, and throws at its end unless all of it came. */
class WholePicture {
	/** What was found wrong: n8n's storage may wrap what was thrown into it. */
	fault: DownloadError | undefined;

	constructor(
		private readonly kind: FileKind,
		private readonly announced: number | null,
		private readonly order: DownloadOrder,
	) {}

	async *through(
		head: Uint8Array,
		rest: AsyncIterator<Uint8Array>,
		guard: StreamGuard,
	): AsyncGenerator<Uint8Array> {
		const end = new FileEnd(this.kind);
		for (let chunk: Uint8Array | undefined = head; chunk;) {
			end.add(chunk);
			if (end.size > this.order.maxBytes) throw this.wrong(tooLarge(this.order));
			yield chunk;
			const next: IteratorResult<Uint8Array> = await rest.next();
			guard.alive(next.done ? 0 : next.value.byteLength);
			chunk = next.done ? undefined : next.value;
		}
		if (this.announced !== null && end.size !== this.announced) {
			throw this.wrong(new DownloadError(`${end.size} of ${this.announced} bytes came`, false));
		}
		if (!end.isReached()) {
			throw this.wrong(new DownloadError(`the ${this.kind.name} is cut off`, false));
		}
	}

	private wrong(fault: DownloadError): DownloadError {
		this.fault = fault;
		return fault;
	}
}

function tooLarge(order: DownloadOrder): DownloadError {
	return new DownloadError(
		`it is larger than ${Math.floor(order.maxBytes / 1_000_000)} MB (raise Max Download Size under Options)`,
		true,
	);
}

function storeFault(error: unknown): string {
	if (error instanceof TransportError && error.code) return `the connection broke (${error.code})`;
	return error instanceof Error ? error.message : String(error);
}

function downloadError(
	{ predictionId }: Pick<DownloadOrder, 'predictionId'>,
	fault: DownloadError,
): AtlasError {
	const isGone = fault.statusCode !== null && GONE.has(fault.statusCode);
	return new AtlasError(
		`The edit is done and paid for, but its picture could not be fetched: ${fault.message}`,
		{
			kind: 'download',
			description: isGone
				? 'Ask for the prediction with the operation Get or Wait for Completion and this id, in case Atlas Cloud gives a new link. Once its files have expired the picture is gone: fetch pictures in the same run, or keep them longer with File Expiration under Options.'
				: 'Nothing has to be paid again: use the operation Wait for Completion with this id to fetch the picture.',
			predictionId,
			status: 'completed',
			statusCode: fault.statusCode,
		},
	);
}
