import { isValidUrl, truncate } from '../text';
import { AtlasError, inputError } from '../errors';
import { throwIfAborted, type CancelSignal } from '../time/clock';
import { forgetOldest, memoize } from '../memo';
import { RateLimiter } from '../pace/rateLimiter';
import { effectiveStatus, type Exchange } from '../http/answer';
import type { AtlasClient } from '../http/client';
import { adviceOnStatus, TOO_MANY_REQUESTS } from '../http/errorTexts';
import { MAX_RETRY_AFTER_MS, type FileBody } from '../http/http';
import { sendWithRetries, isRetryable } from '../http/retry';
import { asObject, asString } from '../json';
import type { FileKind } from './kinds';

/** An input file that is in n8n. */
export interface InputFile {
	/** The item's binary field; null if it is in none. */
	fieldName: string | null;
	/** Its original name; null if it has none. */
	fileName: string | null;
	kind: FileKind;
	content: FileContent;
}

/** A file's bytes, which are read when they are needed. */
export interface FileContent {
	sizeBytes: number;
	/** In hex. */
	sha256: string;
	open(): AsyncIterable<Uint8Array>;
	/** Waits until there is memory for `open`. @returns gives it back @throws CancelledError */
	hold(signal: CancelSignal | undefined): Promise<() => void>;
	/** Call when the content is no longer needed: until then it may be kept in memory. */
	release(): void;
}

const UPLOAD_PATH = '/api/v1/model/uploadMedia';

/** How long an upload is retried while Atlas rejects it as too early, in ms. */
const MAX_THROTTLED_MS = 600_000;

/** Links are temporary, and nobody says for how long: see docs/atlas-cloud-api.md, Upload. In ms, from the upload's end. */
const MAX_LINK_AGE_MS = 1_800_000;

/** Uploads input files, each content once per run, and again when its link has become old. */
export class Uploads {
	private readonly urls = new Map<string, Promise<string>>();

	/** When each of them becomes too old, on our clock, in ms. Not while its upload is under way. */
	private readonly tooOldAtMs = new Map<string, number>();

	/** Uploads have a limit of their own, like submits and polls. */
	private readonly rateLimiter: RateLimiter;

	constructor(
		private readonly client: AtlasClient,
		private readonly owner: UploadOwner,
		private readonly signal: CancelSignal | undefined,
	) {
		// Four videos may take an hour, and must not hold up the images of others.
		this.rateLimiter = new RateLimiter(client.clock, Infinity, Infinity);
	}

	/**
	 * The URL at which Atlas has the file.
	 * @throws AtlasError (`read`) if it could not be uploaded, or the URL is another file's, too; CancelledError
	 */
	async url(file: InputFile, itemIndex: number): Promise<string> {
		const { sha256 } = file.content;
		if (this.client.clock.nowMs() > (this.tooOldAtMs.get(sha256) ?? Infinity)) {
			this.urls.delete(sha256);
			this.tooOldAtMs.delete(sha256);
		}
		try {
			const url = await memoize(this.urls, sha256, async () => await this.upload(file, itemIndex));
			const known = contents.get(url);
			if (known !== undefined && known !== sha256) throw sharedUrlError(file);
			return url;
		} finally {
			file.content.release();
		}
	}

	/** @throws AtlasError (`read`) if another file has been given the same URL since */
	checkOwn(file: InputFile, url: string): void {
		if (contents.get(url) === SHARED) throw sharedUrlError(file);
	}

	private async upload(file: InputFile, itemIndex: number): Promise<string> {
		const { clock } = this.client;
		const { kind, content } = file;
		const body: FileBody = {
			fileName: uploadName(this.owner, itemIndex, content.sha256, kind.extension),
			mimeType: kind.mimeType,
			sizeBytes: content.sizeBytes,
			open: () => exactly(file),
		};
		const send = async () => await this.sendThrottled(body, content);
		const answer = await sendWithRetries(send, `upload ${describeFile(file)}`, clock, this.signal, {
			// It may first have waited for memory or its turn. The attempts are limited.
			giveUpAtMs: Infinity,
			isUsable: (json) => linkIn(json) !== null,
			isRetryable: (exchange) => !isThrottled(exchange) && isRetryable(exchange),
		});
		const url = linkIn(answer.json) as string; // guaranteed by isUsable
		noteContent(url, content.sha256);
		this.tooOldAtMs.set(content.sha256, clock.nowMs() + MAX_LINK_AGE_MS);
		return url;
	}

	/** Sends a file as soon as the rate limiter permits. A 429 does not count as an attempt. */
	private async sendThrottled(body: FileBody, content: FileContent): Promise<Exchange> {
		let giveUpAtMs: number | null = null;
		for (;;) {
			throwIfAborted(this.signal);
			const permit = await this.rateLimiter.acquire(this.signal, { maxPauseMs: MAX_RETRY_AFTER_MS });
			if (!permit) throw uploadsThrottledError();
			const exchange = await this.sendOnce(body, content).catch((error: unknown) => {
				permit.released();
				throw error;
			});
			const { answer } = exchange;
			if (!answer) permit.released();
			else if (isThrottled(exchange)) permit.rejected(answer.retryAfterMs);
			else permit.accepted();
			if (!isThrottled(exchange)) return exchange;
			const nowMs = this.client.clock.nowMs();
			giveUpAtMs ??= nowMs + MAX_THROTTLED_MS;
			if (nowMs >= giveUpAtMs || (answer?.retryAfterMs ?? 0) > MAX_RETRY_AFTER_MS) return exchange;
		}
	}

	/** Memory for its content is held only while it is sent: other executions share it. */
	private async sendOnce(body: FileBody, content: FileContent): Promise<Exchange> {
		const release = await content.hold(this.signal);
		try {
			return await this.client.upload(UPLOAD_PATH, body);
		} finally {
			release();
		}
	}
}

/**
 * A file's content, which has to be as long as announced: a server waits for bytes that never come.
 * @throws AtlasError (`input`) if it is not
 */
async function* exactly(file: InputFile): AsyncGenerator<Uint8Array> {
	const { content } = file;
	let size = 0;
	for await (const chunk of content.open()) {
		size += chunk.byteLength;
		if (size > content.sizeBytes) break;
		yield chunk;
	}
	if (size === content.sizeBytes) return;
	throw inputError(
		`${describeFile(file)} changed while the node ran`,
		'Run the workflow again from the node that returns the file.',
	);
}

/** The file as its owner knows it: not by the name it is uploaded under. */
function describeFile({ fileName, fieldName }: InputFile): string {
	return truncate(fileName ?? (fieldName === null ? 'a file' : `the file in ${fieldName}`));
}

function isThrottled({ answer }: Exchange): boolean {
	return answer !== undefined && effectiveStatus(answer) === 429;
}

/** The hashes of the contents that this process has uploaded, by URL. The oldest first. */
const contents = new Map<string, string>();

/** In place of the hash, where two contents got the same URL. */
const SHARED = '';

const MAX_CONTENTS = 10_000;

function noteContent(url: string, hash: string): void {
	contents.set(url, (contents.get(url) ?? hash) === hash ? hash : SHARED);
	forgetOldest(contents, MAX_CONTENTS);
}

/** The error of a file in whose place another one could be edited. */
function sharedUrlError(file: InputFile): AtlasError {
	return new AtlasError(`Atlas Cloud gave ${describeFile(file)} the URL of another file`, {
		kind: 'read',
		description: 'Nothing was submitted for this item. Run it again later.',
	});
}

/** The error of a file that is not even sent, because Atlas asked for a long pause after another one. */
function uploadsThrottledError(): AtlasError {
	return new AtlasError(TOO_MANY_REQUESTS, {
		kind: 'read',
		description: adviceOnStatus(429),
		statusCode: 429,
	});
}

/** The link in an upload's answer; null if there is none, or it is not an http(s) URL. */
function linkIn(json: unknown): string | null {
	const root = asObject(json);
	const data = asObject(root?.data) ?? root;
	const url = asString(data?.download_url) ?? asString(data?.url);
	return url !== null && isValidUrl(url) && /^https?:$/.test(new URL(url).protocol) ? url : null;
}

/** What identifies an upload, so that a retry can find its edit in the history even after n8n has crashed. */
export interface UploadOwner {
	executionId: string;
	/** Eight hex digits that identify workflow and node. */
	nodeTag: string;
	runIndex: number;
}

/** The part of a content's SHA-256 that is in an upload's name. */
function contentTag(sha256: string): string {
	return sha256.slice(0, 16);
}

/** `n8n-<execution>-<node>-r<run>-i<item>-<content>.<extension>` */
export function uploadName(
	{ executionId, nodeTag, runIndex }: UploadOwner,
	itemIndex: number,
	sha256: string,
	extension: string,
): string {
	const execution = executionId.replace(/[^A-Za-z0-9]/g, '') || '0';
	return `n8n-${execution}-${nodeTag}-r${runIndex}-i${itemIndex}-${contentTag(sha256)}.${extension}`;
}

/** Whether a URL is that of an upload of this content; null unless it has a name that {@link uploadName} gave it. */
export function isUploadOf(url: string, sha256: string): boolean | null {
	if (/^data:/i.test(url)) return null;
	const path = url.split(/[?#]/, 1)[0];
	const name = path.slice(path.lastIndexOf('/') + 1);
	const tag = /^n8n-[A-Za-z0-9]+-[0-9a-f]{8}-r\d+-i\d+-([0-9a-f]{16})\.[a-z0-9]+$/.exec(name)?.[1];
	return tag === undefined ? null : tag === contentTag(sha256);
}
