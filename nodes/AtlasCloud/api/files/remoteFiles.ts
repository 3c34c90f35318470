import type { AtlasClient } from '../http/client';
import { DownloadError, isDeleted, openPublicFile } from '../http/publicFile';
import { fetchWithRetries } from '../http/retry';
import { StreamGuard, readPart } from '../http/streams';
import { DOWNLOAD_TIMEOUT_MS, READ_TIMEOUT_MS } from '../http/http';
import { memoize } from '../memo';
import { pauseMs, throwIfAborted, type CancelSignal } from '../time/clock';
import { HEADER_BYTES, inspectHeader, type HeaderFacts } from './inspect';

/** Inspects input images that are URLs: each once per run, without the API key, and no more than the header. */
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
			const readOnce = async () => await this.readHeader(url);
			const header = await fetchWithRetries('inputHeader', this.client.clock, this.signal, readOnce);
			return header.error ? null : inspectHeader(header.value);
		});
	}

	private async readHeader(url: string): Promise<Buffer> {
		const { http, clock, baseUrl } = this.client;
		const range = `bytes=0-${HEADER_BYTES - 1}`;
		const { statusCode, body } = await openPublicFile(http, url, baseUrl, this.signal, { range });
		const guard = new StreamGuard(body, clock, READ_TIMEOUT_MS, this.signal);
		try {
			if (statusCode === 200 || statusCode === 206) return await readPart(body, HEADER_BYTES);
			throw new DownloadError(`status ${statusCode}`, { statusCode });
		} finally {
			guard.end();
		}
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
