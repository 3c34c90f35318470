import { AtlasError } from '../errors';
import { Cancellation, withinMs, type CancelSignal } from '../time/clock';
import { Semaphore } from '../time/semaphore';
import type { AtlasClient } from '../http/client';
import { whyNotFetchable } from '../http/addresses';
import { TransportError, DOWNLOAD_TIMEOUT_MS, type ByteStream } from '../http/http';
import { blockedUrlError, DownloadError, openPublicFile } from '../http/publicFile';
import { fetchWithRetries } from '../http/retry';
import { StreamGuard, peek } from '../http/streams';
import { asNumber } from '../json';
import { truncate } from '../text';
import type { PredictionOutput } from '../predictions/outputs';
import { decodeBase64 } from './dataUri';
import { fileKind, KIND_BYTES, WEB_PAGE, type FileKind } from './kinds';
import { outputKind, unwantedFile } from './outputKind';
import { ImageScan } from './imageScan';

/** Why a file is not downloaded: the next attempt would end the same way. */
class RefusedError extends DownloadError {
	constructor(
		message: string,
		/** What to do about it, before the prediction is waited for again. */
		readonly advice: string,
	) {
		super(message, { isFinal: true });
	}
}

/** Why a file cannot be stored. */
export class StoreError extends RefusedError {}

/**
 * Stores a file as it arrives, in n8n's binary storage.
 * @param content the bytes; throws if they turn out not to be the whole file
 * @param source the stream behind them, whose class can create other streams; left out for a file in the answer itself
 * @throws StoreError
 */
export type StoreFile<Stored> = (
	content: AsyncIterable<Uint8Array>,
	fileName: string,
	mimeType: string,
	source?: ByteStream,
) => Promise<Stored>;

export interface DownloadOrder {
	predictionId: string;
	output: PredictionOutput;
	/** File name without extension: the bytes decide which one it gets. */
	baseName: string;
	/** The option `maxDownloadMb`, in bytes. */
	maxBytes: number;
}

/** More downloads at once are no faster: the disk is the limit. */
const MAX_PARALLEL = 8;

/** Statuses of a link that has expired. */
const EXPIRED_STATUS_CODES = new Set([403, 404, 410]);

/** Fetches outputs of finished predictions: without the API key, and whole or not at all. */
export class Downloads<Stored> {
	private readonly turns: Semaphore;

	constructor(
		private readonly client: AtlasClient,
		private readonly store: StoreFile<Stored>,
		private readonly signal: CancelSignal | undefined,
		maxParallel = MAX_PARALLEL,
	) {
		this.turns = new Semaphore(Math.min(maxParallel, MAX_PARALLEL));
	}

	/** Fetches one output into the store. @throws AtlasError (`download`) with the prediction ID; CancelledError */
	async fetch(order: DownloadOrder): Promise<Stored> {
		const { client, signal } = this;
		const fetchOnce = async () => await this.fetchOnce(order);
		const fetch = async () => await fetchWithRetries('paidResult', client.clock, signal, fetchOnce);
		const result = await this.turns.use(signal, fetch);
		if (result.error) throw outputError(order, result.error);
		return result.value;
	}

	/** Fetches a file that can be done without: one attempt, of {@link DOWNLOAD_TIMEOUT_MS} in all. */
	async fetchBriefly(order: DownloadOrder): Promise<Stored> {
		const isOver = new Cancellation(this.signal);
		const timedOut = () => new DownloadError('it took too long');
		const fetch = async () =>
			await withinMs(this.client.clock, DOWNLOAD_TIMEOUT_MS, this.fetchOnce(order, isOver), timedOut);
		return await this.turns.use(this.signal, fetch).finally(() => {
			isOver.abort();
			isOver.detach();
		});
	}

	/** Checks that an output's link may be fetched. @throws AtlasError (`download`) with the prediction ID */
	checkLink(order: Pick<DownloadOrder, 'predictionId' | 'output'>): void {
		const { url } = order.output;
		if (url === undefined) return;
		const objection = whyNotFetchable(url, this.client.baseUrl);
		if (objection !== null) throw outputError(order, blockedUrlError(url, objection));
	}

	private async fetchOnce(order: DownloadOrder, signal = this.signal): Promise<Stored> {
		const { base64, url } = order.output;
		if (url !== undefined) return await this.download(url, order, signal);
		if (base64 === null) throw new DownloadError('its content was not read', { isFinal: true });
		return await this.decode(base64, order);
	}

	private async decode(base64: string, { maxBytes, baseName }: DownloadOrder): Promise<Stored> {
		if ((base64.length * 3) / 4 > maxBytes + KIND_BYTES) throw outputTooLargeError(maxBytes);
		const { beginning, chunks } = await peek(decodeBase64(base64, this.client.clock), KIND_BYTES);
		const kind = outputKind(beginning);
		if (!kind) throw new DownloadError('the file is incomplete', { isFinal: true });
		const content = wholeFile(chunks, { kind, maxBytes });
		return await this.store(content, `${baseName}.${kind.extension}`, kind.mimeType);
	}

	private async download(
		url: string,
		{ maxBytes, baseName }: DownloadOrder,
		signal: CancelSignal | undefined,
	): Promise<Stored> {
		const { http, clock, baseUrl } = this.client;
		const { body, statusCode, headers } = await openPublicFile(http, url, baseUrl, signal);
		const guard = new StreamGuard(body, clock, DOWNLOAD_TIMEOUT_MS, signal);
		try {
			if (statusCode !== 200) throw statusError(statusCode);
			const announcedBytes = asNumber(headers['content-length']);
			if (announcedBytes !== null && announcedBytes > maxBytes) throw outputTooLargeError(maxBytes);
			const { beginning, chunks } = await peek(body, KIND_BYTES);
			const kind = outputKind(beginning, { contentType: headers['content-type'], url });
			if (!kind) throw notAnOutputError(beginning, url);
			const check: WholeFileCheck = { kind, maxBytes, announcedBytes, guard };
			const fileName = `${baseName}.${kind.extension}`;
			const storing = this.store(wholeFile(chunks, check), fileName, kind.mimeType, body);
			return await storing.catch((error: unknown) => {
				throw check.failure ?? error;
			});
		} finally {
			guard.end();
		}
	}
}

function notAnOutputError(beginning: Uint8Array, url: string): DownloadError {
	const unwanted = unwantedFile(beginning, url);
	if (unwanted !== null)
		return new RefusedError(
			`it is ${unwanted}, which this node doesn’t download`,
			"Turn off 'Download Files' ('Download Images' in Seedream Edit) to get its URL.",
		);
	const isPage = fileKind(beginning) === WEB_PAGE;
	return new DownloadError(`the link returned ${isPage ? 'a web page instead' : 'something else'}`);
}

function statusError(statusCode: number): DownloadError {
	const message = EXPIRED_STATUS_CODES.has(statusCode)
		? `the link has expired (${statusCode})`
		: `the file host returned status ${statusCode}`;
	return new DownloadError(message, { statusCode });
}

const GET_LATER = 'Prediction > Wait for Completion and this prediction ID';

function adviceAfter(error: Error, isExpired: boolean): string {
	if (error instanceof RefusedError)
		return `${error.advice} Then get the result with ${GET_LATER}: it won’t be billed again.`;
	return isExpired
		? "Try Prediction > Get with this prediction ID, in case Atlas Cloud has a new link. Expired files can’t be recovered: download them in the same run. If 'Keep on Atlas Cloud (Hours)' is set in the node that submits, increase it."
		: `It won’t be billed again: get the file with ${GET_LATER}.`;
}

function outputError({ predictionId }: Pick<DownloadOrder, 'predictionId'>, error: Error): AtlasError {
	const statusCode = error instanceof DownloadError ? error.statusCode : null;
	const isExpired = statusCode !== null && EXPIRED_STATUS_CODES.has(statusCode);
	const isLost = error instanceof TransportError && error.code !== null;
	const why = isLost ? `the connection was lost (${error.code})` : truncate(error.message);
	const what =
		error instanceof StoreError
			? `n8n couldn’t store its file: ${error.message}`
			: `its file couldn’t be downloaded: ${why}`;
	return new AtlasError(`The prediction is finished and billed, but ${what}`, {
		kind: 'download',
		description: adviceAfter(error, isExpired),
		predictionId,
		status: 'completed',
		statusCode,
	});
}

function outputTooLargeError(maxBytes: number): DownloadError {
	const maxMb = Math.floor(maxBytes / 1_000_000);
	const message = `it is larger than ${maxMb} MB (increase 'Max Download Size (MB)' if this operation has it under Options)`;
	return new DownloadError(message, { isFinal: true });
}

/** What a file is checked for while it passes. */
interface WholeFileCheck {
	kind: FileKind;
	maxBytes: number;
	/** The content length, if the host reports it. */
	announcedBytes?: number | null;
	/** Left out for a file in the answer itself, which stays as it is. */
	guard?: StreamGuard;
	/** Gets what was thrown: n8n's storage may wrap it. */
	failure?: DownloadError;
}

/** Passes a file through, and throws at its end unless all of it came. */
async function* wholeFile(
	chunks: AsyncIterable<Uint8Array>,
	check: WholeFileCheck,
): AsyncGenerator<Uint8Array> {
	const { kind, maxBytes, announcedBytes = null, guard } = check;
	const fail = (failure: DownloadError) => (check.failure = failure);
	const scan = new ImageScan(kind);
	let size = 0;
	for await (const chunk of chunks) {
		guard?.received(chunk.byteLength);
		scan.add(chunk);
		size += chunk.byteLength;
		if (size > maxBytes) throw fail(outputTooLargeError(maxBytes));
		yield chunk;
	}
	if (announcedBytes !== null && size !== announcedBytes)
		throw fail(new DownloadError(`only ${size} of ${announcedBytes} bytes were received`));
	if (size === 0 || !scan.isWhole)
		throw fail(new DownloadError(`the ${kind.name} file is incomplete`, { isFinal: guard === undefined }));
}
