import type { AtlasClient } from '../http/client';
import { isDeleted, openPublicFile } from '../http/publicFile';
import { StreamGuard } from '../http/streams';
import { DOWNLOAD_TIMEOUT_MS } from '../http/timeouts';
import { pauseMs, throwIfAborted } from '../time/clock';

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
	const opened = await openPublicFile(http, url, baseUrl, signal).catch(() => null);
	throwIfAborted(signal);
	if (!opened) return false;
	const guard = new StreamGuard(opened.body, clock, DOWNLOAD_TIMEOUT_MS, signal);
	try {
		return await isDeleted(opened);
	} catch {
		throwIfAborted(signal);
		return false;
	} finally {
		guard.end();
		opened.body.destroy();
	}
}
