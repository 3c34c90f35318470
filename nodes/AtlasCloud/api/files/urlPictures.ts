import type { CancelSignal } from '../flow/cancellation';
import type { AtlasClient } from '../http/client';
import { backoffMs, pauseMs } from '../flow/clock';
import { DownloadFault, openPublic } from '../http/publicFile';
import { CancelledError } from '../errors';
import { isPassingStatus, TransportError } from '../http/http';
import { pictureKind, type PictureKind } from './pictureKind';
import { HEADER_BYTES, pictureSize } from './pictureSize';
import { remembered } from '../flow/remembered';
import type { Dimensions } from '../models/sizes';
import { readBeginning, StreamGuard } from '../http/streams';
import { READ_TIMEOUT_MS } from '../http/timeouts';

/** What the first 64 kB at a URL tell; each null where they do not. */
export interface UrlPicture {
	kind: PictureKind | null;
	dimensions: Dimensions | null;
}

const TRIES = 3;

/** Looks at input pictures that are URLs: each once per run, without the key, no further than the header needs. */
export class UrlPictures {
	private readonly looks = new Map<string, Promise<UrlPicture | null>>();

	constructor(
		private readonly client: AtlasClient,
		private readonly signal: CancelSignal | undefined,
	) {}

	/**
	 * What is at a URL; null where nothing can be had, and not why: the URL may be a stranger's, out of a form.
	 * @throws CancelledError
	 */
	async look(url: string): Promise<UrlPicture | null> {
		return await remembered(this.looks, url, async () => {
			for (let attempt = 0; ; attempt++) {
				const result = await this.beginningOf(url).catch((error: unknown) => {
					if (error instanceof CancelledError || this.signal?.aborted) throw new CancelledError();
					return isPassing(error) ? 'passing' : 'final';
				});
				if (typeof result !== 'string') return { kind: pictureKind(result), dimensions: pictureSize(result) };
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
			throw new DownloadFault(`status ${statusCode}`, !isPassingStatus(statusCode), statusCode);
		} finally {
			guard.end();
		}
	}
}

/** Whether another look may fare better. Not where the host is none, or n8n itself objects (without a code). */
function isPassing(error: unknown): boolean {
	if (error instanceof DownloadFault) return !error.isFinal;
	if (!(error instanceof TransportError)) return true;
	return error.code !== null && error.code !== 'ENOTFOUND' && error.code !== 'ECONNREFUSED';
}
