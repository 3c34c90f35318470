import { areFilesDeleted, beginningOf } from '../files/remoteFiles';
import { isUploadOf } from '../files/uploads';
import { sha256OfStream } from '../hash';
import type { AtlasClient } from '../http/client';
import { DownloadError, isDeleted, openPublicFile } from '../http/publicFile';
import { fetchWithRetries } from '../http/retry';
import { StreamGuard } from '../http/streams';
import { DOWNLOAD_TIMEOUT_MS } from '../http/http';
import { asNumber } from '../json';
import { memoize } from '../memo';
import type { CancelSignal } from '../time/clock';
import type { FileContent } from './request';

/** Limit of one run: a crash can leave several hundred predictions in flight, each with several inputs. */
const MAX_FILES = 5_000;

/** No file of media: what a proxy or a login shows instead. */
const PAGE_TYPE = /^text\/|[/+](json|xml|html)\b/i;

/** Whether an earlier input is this one. Of one that Atlas has deleted, nothing is known: it counts as another. */
export type InputMatch = 'same' | 'other' | { unreadable: string };

/** What is at a URL. `hash`: null where it has another size, is deleted, or cannot be read. */
interface Look {
	hash: string | null;
	/** Why another hash proves nothing. */
	unreadable?: string;
}

/** Compares the inputs of earlier predictions with content. Sends no API key, and reads each URL once per size. */
export class EarlierInputs {
	/** By URL and the size of the content. */
	private readonly looks = new Map<string, Promise<Look>>();

	/** Those that are over. */
	private readonly seen = new Map<string, Look>();

	/** By URL, if the host reports it: a file of another size need not be read. */
	private readonly sizes = new Map<string, number>();

	private openedFiles = 0;

	constructor(
		private readonly client: AtlasClient,
		private readonly signal: CancelSignal | undefined,
	) {}

	/**
	 * What is known without a request.
	 * @param value of the earlier body: a URL, or the content of another data URI
	 */
	known(value: string, { sha256, sizeBytes }: FileContent): InputMatch | undefined {
		if (value.startsWith('data:')) return 'other';
		// An upload name of ours holds the content's hash: no download is needed where Atlas kept it.
		const isSame = isUploadOf(value, sha256);
		if (isSame !== null) return isSame ? 'same' : 'other';
		const look = this.seen.get(`${sizeBytes} ${value}`);
		if (look) return matchOf(look, sha256);
		return (this.sizes.get(value) ?? sizeBytes) === sizeBytes ? undefined : 'other';
	}

	/** Reads what is at an earlier input's URL: where nothing is known. @throws CancelledError */
	async compare(value: string, { sha256, sizeBytes }: FileContent): Promise<InputMatch> {
		const key = `${sizeBytes} ${value}`;
		const look = await memoize(this.looks, key, async () => await this.look(value, sizeBytes));
		this.seen.set(key, look);
		return matchOf(look, sha256);
	}

	private async look(url: string, sizeBytes: number): Promise<Look> {
		const lookOnce = async () => await this.lookOnce(url, sizeBytes);
		const result = await fetchWithRetries('earlierInput', this.client.clock, this.signal, lookOnce);
		const look = result.error ? { hash: null, unreadable: result.error.message } : result.value;
		const { hash, unreadable } = look;
		return unreadable === undefined
			? look
			: { hash, unreadable: `an input file couldn’t be read (${unreadable})` };
	}

	private async lookOnce(url: string, sizeBytes: number): Promise<Look> {
		if (this.openedFiles >= MAX_FILES)
			return { hash: null, unreadable: 'too many earlier requests look like this one' };
		this.openedFiles++;
		const { http, clock, baseUrl } = this.client;
		const file = await openPublicFile(http, url, baseUrl, this.signal);
		const guard = new StreamGuard(file.body, clock, DOWNLOAD_TIMEOUT_MS, this.signal);
		try {
			const { statusCode, headers, isOtherHost } = file;
			if (await isDeleted(file)) {
				if (await areFilesDeleted(this.client, [url])) return { hash: null };
				throw new DownloadError('the file was not found');
			}
			if (statusCode !== 200) throw new DownloadError(`status ${statusCode}`, { statusCode });
			if (PAGE_TYPE.test(headers['content-type'] ?? ''))
				return { hash: null, unreadable: 'the link opens a page' };
			const unreadable = isOtherHost ? 'the link leads to another host' : undefined;
			const isEncoded = (headers['content-encoding'] ?? 'identity') !== 'identity';
			const announced = isEncoded ? null : asNumber(headers['content-length']);
			if (announced !== null && announced !== sizeBytes) {
				if (!isOtherHost) this.sizes.set(url, announced);
				return { hash: null, unreadable };
			}
			// A longer file is another one.
			const content = await sha256OfStream(beginningOf(file.body, sizeBytes + 1, guard));
			if (content.sizeBytes < sizeBytes && announced !== null) throw new DownloadError('it is incomplete');
			return { hash: content.sizeBytes === sizeBytes ? content.hex : null, unreadable };
		} finally {
			guard.end();
		}
	}
}

function matchOf({ hash, unreadable }: Look, sha256: string): InputMatch {
	if (hash === sha256) return 'same';
	return unreadable === undefined ? 'other' : { unreadable };
}
