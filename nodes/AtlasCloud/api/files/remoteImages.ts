import type { CancelSignal } from '../flow/cancellation';
import type { AtlasClient } from '../http/client';
import { backoffMs, pauseMs } from '../flow/clock';
import { DownloadError, openPublic } from '../http/publicFile';
import { CancelledError } from '../errors';
import { isRetryableStatus, TransportError } from '../http/http';
import { fileKind, type FileKind } from './fileKind';
import { HEADER_BYTES, imageSize } from './imageSize';
import { memoize } from '../flow/memoize';
import type { Dimensions } from '../models/sizes';
import { readBeginning, StreamGuard } from '../http/streams';
import { READ_TIMEOUT_MS } from '../http/timeouts';

/** What the first 64 kB at a URL tell; each null where they do not. */
export interface RemoteImage {
	kind: FileKind | null;
	dimensions: Dimensions | null;
}

const TRIES = 3;

/** Looks at input pictures that are URLs: each once per run, without the key, no further than the header needs. */
export class RemoteImages {
	private readonly looks = new Map<string, Promise<RemoteImage | null>>();

	constructor(
		private readonly client: AtlasClient,
		private readonly signal: CancelSignal | undefined,
	) {}

	/**
	 * What is at a URL; null where nothing can be had, and not why: the URL may be a stranger's, out of a form.
	 * @throws CancelledError
	 */
	async look(url: string): Promise<RemoteImage | null> {
		return await memoize(this.looks, url, async () => {
			for (let attempt = 0; ; attempt++) {
				const result = await this.beginningOf(url).catch((error: unknown) => {
					if (error instanceof CancelledError || this.signal?.aborted) throw new CancelledError();
					return isRetryableError(error) ? 'passing' : 'final';
				});
				if (typeof result !== 'string') return { kind: fileKind(result), dimensions: imageSize(result) };
				if (result === 'final' || attempt + 1 >= TRIES) return null;
				await pauseMs(this.client.clock, backoffMs(attempt, 500, 8_000), this.signal);
			}
		});
	}

	private async beginningOf(url: string): Promise<Buffer> {
		const { http, clock, baseUrl } = this.client;
		const range = `bytes=0-${HEADER_BYTES - 1}`;
		const { statusCode, body } = await openPublic(http, url, baseUrl, this.signal, { range });
		const guard = new StreamGuard(body, clock, READ_TIMEOUT_MS, this.signal);
		try {
			if (statusCode === 200 || statusCode === 206) return await readBeginning(body, HEADER_BYTES);
			throw new DownloadError(`status ${statusCode}`, !isRetryableStatus(statusCode), statusCode);
		} finally {
			guard.end();
		}
	}
}

/** Whether another look may fare better. Not where the host is none, or n8n itself objects (without a code). */
function isRetryableError(error: unknown): boolean {
	if (error instanceof DownloadError) return !error.isFinal;
	if (!(error instanceof TransportError)) return true;
	return error.code !== null && error.code !== 'ENOTFOUND' && error.code !== 'ECONNREFUSED';
}
