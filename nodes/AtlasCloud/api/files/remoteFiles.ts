import type { AtlasClient } from '../http/client';
import { DownloadError, isDeleted, openPublicFile } from '../http/publicFile';
import { fetchWithRetries } from '../http/retry';
import { StreamGuard, readPart } from '../http/streams';
import { DOWNLOAD_TIMEOUT_MS, READ_TIMEOUT_MS } from '../http/http';
import { memoize } from '../memo';
import { pauseMs, throwIfAborted, type CancelSignal } from '../time/clock';
import { HEADER_BYTES, imageSizeFurtherIn, inspectHeader, type HeaderFacts } from './inspect';

/** More of an image is not read for its dimensions. */
const MAX_BYTES = 30_000_000;

/** Inspects input images that are URLs: each once per run, without the API key, and seldom more than the header. */
export class RemoteImages {
	private readonly inspections = new Map<string, Promise<HeaderFacts | null>>();

	constructor(
		private readonly client: AtlasClient,
		private readonly signal: CancelSignal | undefined,
	) {}

	/**
	 * @returns null if the file cannot be read. Never why: the URL may come from a stranger, through a form.
	 * @throws CancelledError
	 */
	async inspect(url: string): Promise<HeaderFacts | null> {
		return await memoize(this.inspections, url, async () => {
			const header = await this.read(url, HEADER_BYTES, async (bytes) =>
				inspectHeader(await readPart(bytes, HEADER_BYTES)),
			);
			if (!header?.kind?.isInput || header.dimensions) return header;
			const dimensions = await this.read(url, MAX_BYTES, imageSizeFurtherIn);
			return dimensions && { ...header, dimensions };
		});
	}

	private async read<T>(
		url: string,
		maxBytes: number,
		inspect: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
	): Promise<T | null> {
		const { http, clock, baseUrl } = this.client;
		const range = `bytes=0-${maxBytes - 1}`;
		const readOnce = async () => {
			const { statusCode, body } = await openPublicFile(http, url, baseUrl, this.signal, { range });
			const guard = new StreamGuard(body, clock, READ_TIMEOUT_MS, this.signal);
			try {
				if (statusCode === 200 || statusCode === 206)
					return await inspect(beginningOf(body, maxBytes, guard));
				throw new DownloadError(`status ${statusCode}`, { statusCode });
			} finally {
				guard.end();
			}
		};
		const read = await fetchWithRetries('inputHeader', clock, this.signal, readOnce);
		return read.error ? null : read.value;
	}
}

/** Chunks until there are so many bytes: not every host keeps to a range. */
export async function* beginningOf(
	chunks: AsyncIterable<Uint8Array>,
	maxBytes: number,
	guard: StreamGuard,
): AsyncGenerator<Uint8Array> {
	let size = 0;
	for await (const chunk of chunks) {
		guard.received(chunk.byteLength);
		size += chunk.byteLength;
		yield chunk;
		if (size >= maxBytes) return;
	}
}

/** A host that has just got a file may not find it at first. */
const SECOND_LOOK_MS = 1_000;

/**
 * Whether a file host has deleted one of these files. Reads none of them, and sends the API key to no file host. A host
 * that cannot be reached says nothing about its files, and neither does a page.
 * @throws CancelledError
 */
export async function areFilesDeleted(client: AtlasClient, urls: string[]): Promise<boolean> {
	const areDeleted = await Promise.all(
		urls.map(async (url) => {
			if (!(await isDeletedNow(client, url))) return false;
			await pauseMs(client.clock, SECOND_LOOK_MS, client.signal);
			return await isDeletedNow(client, url);
		}),
	);
	return areDeleted.includes(true);
}

async function isDeletedNow({ http, baseUrl, signal, clock }: AtlasClient, url: string): Promise<boolean> {
	const look = async () => {
		const file = await openPublicFile(http, url, baseUrl, signal);
		const guard = new StreamGuard(file.body, clock, DOWNLOAD_TIMEOUT_MS, signal);
		return await isDeleted(file).finally(() => guard.end());
	};
	const isGone = await look().catch(() => false);
	throwIfAborted(signal);
	return isGone;
}
