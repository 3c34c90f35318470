import type { CancelSignal } from '../time/cancellation';
import { memoize } from '../memo';
import type { AtlasClient } from '../http/client';
import { DownloadError, openPublicFile } from '../http/publicFile';
import { fetchWithRetries } from '../http/retry';
import { StreamGuard, readBeginning } from '../http/streams';
import { READ_TIMEOUT_MS } from '../http/timeouts';
import type { Dimensions } from '../models/sizes';
import { fileKind, type FileKind } from './kinds';
import { HEADER_BYTES, imageSize } from './imageSize';
import { beginningOf } from './inspect';

/** What the first 64 kB at a URL say; each null if they do not. */
export interface RemoteImage {
	kind: FileKind | null;
	dimensions: Dimensions | null;
	/** The first bytes, where the kind is not known. */
	beginning: Uint8Array;
}

const MAX_ATTEMPTS = 3;

/** Inspects input images that are URLs: each once per run, without the API key, and no more than the header. */
export class RemoteImages {
	private readonly inspections = new Map<string, Promise<RemoteImage | null>>();

	constructor(
		private readonly client: AtlasClient,
		private readonly signal: CancelSignal | undefined,
	) {}

	/**
	 * @returns null if the file cannot be read. Never why: the URL may come from a stranger, through a form.
	 * @throws CancelledError
	 */
	async inspect(url: string): Promise<RemoteImage | null> {
		return await memoize(this.inspections, url, async () => {
			const { clock } = this.client;
			const header = await fetchWithRetries(async () => await this.readHeader(url), {
				clock,
				signal: this.signal,
				purpose: 'inputHeader',
				maxAttempts: MAX_ATTEMPTS,
			});
			if (header.error) return null;
			const kind = fileKind(header.value);
			return { kind, dimensions: imageSize(header.value), beginning: beginningOf(header.value, kind) };
		});
	}

	private async readHeader(url: string): Promise<Buffer> {
		const { http, clock, baseUrl } = this.client;
		const range = `bytes=0-${HEADER_BYTES - 1}`;
		const { statusCode, body } = await openPublicFile(http, url, baseUrl, this.signal, { range });
		const guard = new StreamGuard(body, clock, READ_TIMEOUT_MS, this.signal);
		try {
			if (statusCode === 200 || statusCode === 206) return await readBeginning(body, HEADER_BYTES);
			throw new DownloadError(`status ${statusCode}`, { statusCode });
		} finally {
			guard.end();
		}
	}
}
