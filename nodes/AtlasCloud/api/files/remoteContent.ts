import type { CancelSignal } from '../flow/cancellation';
import type { AtlasClient } from '../http/client';
import { backoffMs, pauseMs } from '../flow/clock';
import { DownloadError, openPublic } from '../http/publicFile';
import { AtlasError, CancelledError } from '../errors';
import { sha256OfStream } from '../hash';
import { isRetryableStatus, TransportError } from '../http/http';
import { asNumber } from '../json';
import { memoize } from '../flow/memoize';
import { StreamGuard } from '../http/streams';
import { DOWNLOAD_TIMEOUT_MS } from '../http/timeouts';

/** Bounds of one run's look at earlier inputs: files opened, bytes read, and time spent. */
export const MAX_FILES = 1_000;
export const MAX_TOTAL_BYTES = 4_000_000_000;
export const MAX_TOTAL_MS = 300_000;

const MAX_TRIES = 3;

/** Tells whether a file at a URL has a wanted content: without the key, each URL read at most once per wanted size. */
export class RemoteContent {
	/** By wanted size and URL. */
	private readonly hashes = new Map<string, Promise<string | null>>();

	/** By URL, where the host says so: a file of another size need not be read. */
	private readonly sizes = new Map<string, number>();

	private opened = 0;

	private readBytes = 0;

	private startedAtMs: number | undefined;

	constructor(
		private readonly client: AtlasClient,
		private readonly signal: CancelSignal | undefined,
	) {}

	/**
	 * Whether a URL holds these bytes. False also where the file is gone, or may not be fetched.
	 * @throws AtlasError `unknown` where the file host stumbles, or the bounds of a run are reached; CancelledError
	 */
	async holds(url: string, sha256: string, sizeBytes: number): Promise<boolean> {
		const known = this.sizes.get(url);
		if (known !== undefined && known !== sizeBytes) return false;
		const key = `${sizeBytes} ${url}`;
		return (await memoize(this.hashes, key, async () => await this.read(url, sizeBytes))) === sha256;
	}

	/** The hash of a file; null where it has another size than the wanted one, or is gone. */
	private async read(url: string, sizeBytes: number): Promise<string | null> {
		for (let attempt = 0; ; attempt++) {
			this.checkBounds();
			this.opened++;
			const result = await this.readOnce(url, sizeBytes).catch((error: unknown) => {
				if (error instanceof CancelledError || this.signal?.aborted) throw new CancelledError();
				return error instanceof Error ? error : new Error(String(error));
			});
			if (!(result instanceof Error)) return result;
			if (isFinal(result)) return null;
			if (attempt + 1 >= MAX_TRIES) throw unknownError(`an input file could not be read (${result.message})`);
			await pauseMs(this.client.clock, backoffMs(attempt, 500, 4_000), this.signal);
		}
	}

	private async readOnce(url: string, sizeBytes: number): Promise<string | null> {
		const { http, clock, baseUrl } = this.client;
		const { statusCode, headers, body } = await openPublic(http, url, baseUrl, this.signal, {});
		const guard = new StreamGuard(body, clock, DOWNLOAD_TIMEOUT_MS, this.signal);
		try {
			if (statusCode !== 200)
				throw new DownloadError(`status ${statusCode}`, !isRetryableStatus(statusCode), statusCode);
			const announced = asNumber(headers['content-length']);
			if (announced !== null && announced !== sizeBytes) {
				this.sizes.set(url, announced);
				return null;
			}
			const { hex, sizeBytes: size } = await sha256OfStream(this.counted(body, guard, sizeBytes));
			if (size < sizeBytes && announced !== null) throw new DownloadError('it was cut off', false);
			return size === sizeBytes ? hex : null;
		} finally {
			guard.end();
		}
	}

	/** Lets bytes through, one more than wanted at most: a longer file is another one. */
	private async *counted(
		chunks: AsyncIterable<Uint8Array>,
		guard: StreamGuard,
		sizeBytes: number,
	): AsyncGenerator<Uint8Array> {
		let size = 0;
		for await (const chunk of chunks) {
			guard.alive(chunk.byteLength);
			size += chunk.byteLength;
			this.readBytes += chunk.byteLength;
			yield chunk;
			if (size > sizeBytes) return;
			this.checkBounds();
		}
	}

	private checkBounds(): void {
		const nowMs = this.client.clock.nowMs();
		this.startedAtMs ??= nowMs;
		const isOver =
			this.opened >= MAX_FILES || this.readBytes > MAX_TOTAL_BYTES || nowMs - this.startedAtMs > MAX_TOTAL_MS;
		if (isOver) throw unknownError('too many earlier edits look like this one');
	}
}

/** Whether the file is not to be had at all: gone, forbidden, or at an address that is not fetched. */
function isFinal(error: Error): boolean {
	if (error instanceof AtlasError) throw error;
	if (error instanceof DownloadError) return error.isFinal;
	return error instanceof TransportError && error.code === 'ENOTFOUND';
}

function unknownError(why: string): AtlasError {
	return new AtlasError(`It is unknown whether an earlier execution has already bought this edit: ${why}`, {
		kind: 'unknown',
		status: 'unknown',
		description:
			'Nothing was sent. Retry the execution later, or look with Get Many. To buy the edit anyway, run the item as a new execution.',
	});
}
