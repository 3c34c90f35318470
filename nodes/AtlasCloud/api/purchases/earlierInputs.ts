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
import { contentValue } from './body';
import type { FileInput } from './request';

/** Limits of one run: a crash can leave several hundred predictions in flight, each with several inputs. */
const MAX_FILES = 5_000;
const MAX_TOTAL_BYTES = 4_000_000_000;

/** No file of media: what a proxy or a login shows instead. */
const PAGE_TYPE = /^text\/|[/+](json|xml|html)\b/i;

/** Whether an earlier input is this one. `gone`: Atlas has deleted it. */
export type InputMatch = 'same' | 'other' | 'gone' | { unreadable: string };

/** What is at a URL. `hash`: null where it has another size. */
type Look = { hash: string | null; isOtherHost: boolean } | 'gone' | { unreadable: string };

/** Compares the inputs of earlier predictions with content. Sends no API key, and reads each URL once per size. */
export class EarlierInputs {
	/** By URL and the size of the content. */
	private readonly looks = new Map<string, Promise<Look>>();

	/** Those that are over. */
	private readonly seen = new Map<string, Look>();

	/** By URL, if the host reports it: a file of another size need not be read. */
	private readonly sizes = new Map<string, number>();

	private openedFiles = 0;

	private readBytes = 0;

	constructor(
		private readonly client: AtlasClient,
		private readonly signal: CancelSignal | undefined,
	) {}

	/**
	 * What is known without a request.
	 * @param value of the earlier body: a URL, or the content of a data URI
	 */
	known(value: string, { sha256, sizeBytes }: FileInput): InputMatch | undefined {
		if (value.startsWith('data:')) return value === contentValue(sha256, sizeBytes) ? 'same' : 'other';
		// An upload name of ours holds the content's hash: no download is needed where Atlas kept it.
		const isSame = isUploadOf(value, sha256);
		if (isSame !== null) return isSame ? 'same' : 'other';
		const look = this.seen.get(`${sizeBytes} ${value}`);
		if (look) return matchOf(look, sha256);
		return (this.sizes.get(value) ?? sizeBytes) === sizeBytes ? undefined : 'other';
	}

	/** Reads what is at an earlier input's URL. @throws CancelledError */
	async compare(value: string, content: FileInput): Promise<InputMatch> {
		const known = this.known(value, content);
		if (known) return known;
		const key = `${content.sizeBytes} ${value}`;
		const look = await memoize(this.looks, key, async () => await this.look(value, content.sizeBytes));
		this.seen.set(key, look);
		return matchOf(look, content.sha256);
	}

	private async look(url: string, sizeBytes: number): Promise<Look> {
		let goneCount = 0;
		const lookOnce = async (): Promise<Look> => {
			const look = await this.lookOnce(url, sizeBytes);
			// A host that has just got a file may not find it at first.
			if (look === 'gone' && ++goneCount < 2) throw new DownloadError('the file was not found');
			return look;
		};
		const result = await fetchWithRetries('earlierInput', this.client.clock, this.signal, lookOnce);
		const look = result.error ? { unreadable: result.error.message } : result.value;
		return look !== 'gone' && 'unreadable' in look
			? { unreadable: `an input file couldn’t be read (${look.unreadable})` }
			: look;
	}

	private async lookOnce(url: string, sizeBytes: number): Promise<Look> {
		const limit = this.reachedLimit();
		if (limit) return { unreadable: limit };
		this.openedFiles++;
		const { http, clock, baseUrl } = this.client;
		const file = await openPublicFile(http, url, baseUrl, this.signal);
		const guard = new StreamGuard(file.body, clock, DOWNLOAD_TIMEOUT_MS, this.signal);
		try {
			const { statusCode, headers, isOtherHost } = file;
			if (statusCode === 404 || statusCode === 410) {
				if (await isDeleted(file)) return 'gone';
				return { unreadable: `status ${statusCode}` };
			}
			if (statusCode !== 200) throw new DownloadError(`status ${statusCode}`, { statusCode });
			if (PAGE_TYPE.test(headers['content-type'] ?? '')) return { unreadable: 'the link opens a page' };
			const isEncoded = (headers['content-encoding'] ?? 'identity') !== 'identity';
			const announced = isEncoded ? null : asNumber(headers['content-length']);
			if (announced !== null && announced !== sizeBytes) {
				if (!isOtherHost) this.sizes.set(url, announced);
				return { hash: null, isOtherHost };
			}
			const content = await sha256OfStream(this.counted(file.body, guard, sizeBytes));
			if (content.sizeBytes < sizeBytes && announced !== null) throw new DownloadError('it is incomplete');
			return { hash: content.sizeBytes === sizeBytes ? content.hex : null, isOtherHost };
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
			const limit = this.reachedLimit();
			if (limit) throw new DownloadError(limit, { isFinal: true });
		}
	}

	private reachedLimit(): string | null {
		const isOver = this.openedFiles >= MAX_FILES || this.readBytes > MAX_TOTAL_BYTES;
		return isOver ? 'too many earlier requests look like this one' : null;
	}
}

function matchOf(look: Look, sha256: string): InputMatch {
	if (look === 'gone' || 'unreadable' in look) return look;
	if (look.hash === sha256) return 'same';
	return look.isOtherHost ? { unreadable: 'the link leads to another host' } : 'other';
}
