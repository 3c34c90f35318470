import { AtlasError } from '../errors';
import type { CancelSignal } from '../time/cancellation';
import { memoize } from '../memo';
import { sha256OfStream } from '../hash';
import type { AtlasClient } from '../http/client';
import { DownloadError, openPublicFile } from '../http/publicFile';
import { fetchWithRetries, isRetryable } from '../http/retry';
import { StreamGuard } from '../http/streams';
import { DOWNLOAD_TIMEOUT_MS } from '../http/timeouts';
import { asNumber } from '../json';
import { throwIfAborted } from '../time/clock';
import type { Prediction } from '../predictions/prediction';
import { readPrediction } from '../predictions/readPrediction';

/**
 * Limits of one run: files opened, bytes read, and time spent. A crash can leave several hundred predictions in flight,
 * each with several inputs, and a file may be opened once for its size and once for its content.
 */
export const MAX_FILES = 5_000;
export const MAX_TOTAL_BYTES = 4_000_000_000;
export const MAX_TOTAL_MS = 300_000;

const MAX_ATTEMPTS = 3;

/** Compares files at URLs with known content. Sends no API key, and reads each URL at most once per expected size. */
export class RemoteContent {
	/** By expected size and URL. */
	private readonly hashes = new Map<string, Promise<string | null>>();

	/** By URL, if the host reports it: a file of another size need not be read. */
	private readonly sizes = new Map<string, number>();

	private openedFiles = 0;

	private readBytes = 0;

	private startedAtMs: number | undefined;

	constructor(
		private readonly client: AtlasClient,
		private readonly signal: CancelSignal | undefined,
	) {}

	/**
	 * Whether a URL holds this content. False also if the file no longer exists, or may not be fetched.
	 * @throws AtlasError `unknown` if the host fails repeatedly, or a limit of the run is reached; CancelledError
	 */
	async holds(url: string, sha256: string, sizeBytes: number): Promise<boolean> {
		const knownSize = this.sizes.get(url);
		if (knownSize !== undefined && knownSize !== sizeBytes) return false;
		const key = `${sizeBytes} ${url}`;
		return (await memoize(this.hashes, key, async () => await this.hashOf(url, sizeBytes))) === sha256;
	}

	/** The hash of a file; null if it has another size, or does not exist. */
	private async hashOf(url: string, sizeBytes: number): Promise<string | null> {
		const result = await fetchWithRetries(async () => await this.hashOnce(url, sizeBytes), {
			clock: this.client.clock,
			signal: this.signal,
			purpose: 'earlierInput',
			maxAttempts: MAX_ATTEMPTS,
		});
		if (!result.error) return result.value;
		if (result.error instanceof AtlasError) throw result.error;
		if (!isRetryable(result.error, 'earlierInput')) return null;
		throw unknownError(`an input file couldn’t be read (${result.error.message})`);
	}

	private async hashOnce(url: string, sizeBytes: number): Promise<string | null> {
		this.checkLimits();
		this.openedFiles++;
		const { http, clock, baseUrl } = this.client;
		const { statusCode, headers, body } = await openPublicFile(http, url, baseUrl, this.signal);
		const guard = new StreamGuard(body, clock, DOWNLOAD_TIMEOUT_MS, this.signal);
		try {
			if (statusCode !== 200) throw new DownloadError(`status ${statusCode}`, { statusCode });
			const announcedSize = asNumber(headers['content-length']);
			if (announcedSize !== null && announcedSize !== sizeBytes) {
				this.sizes.set(url, announcedSize);
				return null;
			}
			const content = await sha256OfStream(this.counted(body, guard, sizeBytes));
			if (content.sizeBytes < sizeBytes && announcedSize !== null)
				throw new DownloadError('it is incomplete');
			return content.sizeBytes === sizeBytes ? content.hex : null;
		} finally {
			guard.end();
		}
	}

	/** Stops after the expected size: a longer file is a different one. */
	private async *counted(
		chunks: AsyncIterable<Uint8Array>,
		guard: StreamGuard,
		expectedBytes: number,
	): AsyncGenerator<Uint8Array> {
		let size = 0;
		for await (const chunk of chunks) {
			guard.received(chunk.byteLength);
			size += chunk.byteLength;
			this.readBytes += chunk.byteLength;
			yield chunk;
			if (size > expectedBytes) return;
			this.checkLimits();
		}
	}

	private checkLimits(): void {
		const nowMs = this.client.clock.nowMs();
		this.startedAtMs ??= nowMs;
		const isOver =
			this.openedFiles >= MAX_FILES ||
			this.readBytes > MAX_TOTAL_BYTES ||
			nowMs - this.startedAtMs > MAX_TOTAL_MS;
		if (isOver) throw unknownError('too many earlier requests look like this one');
	}
}

/** The error of a request that may have been submitted before: that cannot be found out. */
export function unknownError(why: string): AtlasError {
	return new AtlasError(
		`Couldn’t check whether an earlier execution already submitted this request: ${why}`,
		{
			kind: 'unknown',
			status: 'unknown',
			description:
				'Nothing was submitted. Retry the execution later, or check with Prediction > Get Many. To submit the request anyway, run the item in a new execution.',
		},
	);
}

/** Answers of a file host that has deleted the file. A 403 may also be a firewall's. */
const GONE_STATUS_CODES = new Set([404, 410]);

/**
 * Whether Atlas has deleted the files of a finished prediction, or the prediction itself. Reads no file, and sends the
 * API key to no file host. A host that cannot be reached says nothing about its files.
 * @param prediction as the history has it, perhaps without its outputs
 * @throws CancelledError
 */
export async function areOutputsGone(client: AtlasClient, prediction: Prediction): Promise<boolean> {
	if (prediction.status !== 'completed') return false;
	try {
		const { outputs } =
			prediction.outputs.length > 0
				? prediction
				: await readPrediction(client, prediction.predictionId, client.signal);
		const urls = outputs.flatMap(({ url }) => url ?? []);
		const areGone = await Promise.all(urls.map(async (url) => await isGone(client, url)));
		return areGone.includes(true);
	} catch (error) {
		throwIfAborted(client.signal);
		return error instanceof AtlasError && error.statusCode === 404;
	}
}

async function isGone({ http, baseUrl, signal }: AtlasClient, url: string): Promise<boolean> {
	const opened = await openPublicFile(http, url, baseUrl, signal).catch(() => null);
	throwIfAborted(signal);
	opened?.body.destroy();
	return opened !== null && GONE_STATUS_CODES.has(opened.statusCode);
}
