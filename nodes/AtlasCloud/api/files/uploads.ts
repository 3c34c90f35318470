import type { CancelSignal } from '../flow/cancellation';
import { adviceFor, effectiveStatus, type AtlasClient, type Exchange } from '../http/client';
import { AtlasError } from '../errors';
import { sha256OfStream } from '../hash';
import type { FileBody } from '../http/http';
import { asObject, asString } from '../json';
import { RateLimiter } from '../flow/rateLimiter';
import type { FileKind } from './fileKind';
import { memoize } from '../flow/memoize';
import { Semaphore } from '../flow/semaphore';

/** A picture that is a file on our side. */
export interface InputFile {
	/** The binary field it came from, as the item calls it. */
	fieldName: string;
	/** The name the file came with; null where it had none. */
	fileName: string | null;
	kind: FileKind;
	sizeBytes: number;
	/** What makes two fields the same stored file: n8n's binary id, where there is one. */
	storedId: string | null;
	open(): AsyncIterable<Uint8Array>;
}

/** What names an upload, so that a later try can find its edit in the history even after a crash of n8n. */
export interface UploadOwner {
	executionId: string;
	/** Eight hex digits that stand for workflow and node. */
	nodeTag: string;
	runIndex: number;
}

/** The parts of an uploaded file's name. */
export interface UploadName extends UploadOwner {
	itemIndex: number;
	/** First sixteen hex digits of the content's SHA-256. */
	contentTag: string;
}

/** The part of a content's SHA-256 that stands in uploads' names. */
export function contentTag(sha256: string): string {
	return sha256.slice(0, 16);
}

/** An execution's id as it stands in uploads' names. */
export function executionTag(executionId: string): string {
	return executionId.replace(/[^A-Za-z0-9]/g, '') || '0';
}

/** `n8n-<execution>-<node>-r<run>-i<item>-<content>.<extension>` */
export function uploadName(name: UploadName, extension: string): string {
	return `n8n-${executionTag(name.executionId)}-${name.nodeTag}-r${name.runIndex}-i${name.itemIndex}-${name.contentTag}.${extension}`;
}

/** Reads a name that {@link uploadName} wrote out of an uploaded file's URL; null where it is not kept, or not ours. */
export function parseUploadUrl(url: string): UploadName | null {
	if (/^data:/i.test(url)) return null;
	const path = url.split(/[?#]/, 1)[0];
	const name = path.slice(path.lastIndexOf('/') + 1);
	const match = /^n8n-([A-Za-z0-9]+)-([0-9a-f]{8})-r(\d+)-i(\d+)-([0-9a-f]{16})\.[a-z]+$/.exec(name);
	if (!match) return null;
	const [, executionId, nodeTag, runIndex, itemIndex, contentTag] = match;
	return { executionId, nodeTag, runIndex: Number(runIndex), itemIndex: Number(itemIndex), contentTag };
}

/** The longest pause that the service may ask for before uploads give up, in ms. */
const MAX_PAUSE_MS = 300_000;

/** The error of a file that is not even sent: another one was told to stay away for longer than anyone waits. */
function throttledError(): AtlasError {
	return new AtlasError('Could not upload the file: Atlas Cloud asks for a very long pause (status 429)', {
		kind: 'read',
		description: adviceFor(429),
		statusCode: 429,
	});
}

/** Uploads pictures, the same one only once per run, and tells their content's hash before. */
export class Uploads {
	private readonly hashes = new Map<string, Promise<string>>();

	private readonly urls = new Map<string, Promise<string>>();

	/** Uploads have a limit of their own, like submits and polls. */
	private readonly pace: RateLimiter;

	/** Hashing reads files: a few at a time is as fast as many. */
	private readonly hashing = new Semaphore(4);

	constructor(
		private readonly client: AtlasClient,
		private readonly owner: UploadOwner,
		private readonly signal: CancelSignal | undefined,
	) {
		this.pace = new RateLimiter(client.clock);
	}

	/** SHA-256 of a picture's content, in hex. */
	async contentHash(file: InputFile): Promise<string> {
		const read = async () =>
			await this.hashing.use(this.signal, async () => (await sha256OfStream(file.open())).hex);
		if (file.storedId === null) return await read();
		return await memoize(this.hashes, file.storedId, read);
	}

	/**
	 * The URL at which Atlas has the picture.
	 * @throws AtlasError (`read`) when it could not be uploaded.
	 */
	async url(file: InputFile, itemIndex: number): Promise<string> {
		const hash = await this.contentHash(file);
		return await memoize(this.urls, hash, async () => {
			const body: FileBody = {
				fileName: uploadName({ ...this.owner, itemIndex, contentTag: contentTag(hash) }, file.kind.extension),
				mimeType: file.kind.mimeType,
				sizeBytes: file.sizeBytes,
				open: () => file.open(),
			};
			const isUsable = (json: unknown) => linkIn(json) !== null;
			const path = '/api/v1/model/uploadMedia';
			const answer = await this.client.upload(
				path,
				body,
				this.signal,
				isUsable,
				async (send) => await this.inTurn(send),
			);
			return linkIn(answer.json) as string; // isUsable has seen to it
		});
	}

	private async inTurn(send: () => Promise<Exchange>): Promise<Exchange> {
		const turn = await this.pace.turn(this.signal, { pauseMs: MAX_PAUSE_MS });
		if (!turn) throw throttledError();
		let exchange: Exchange | undefined;
		try {
			exchange = await send();
			return exchange;
		} finally {
			const answer = exchange?.answer;
			if (answer && effectiveStatus(answer) === 429) this.pace.refused(turn, answer.retryAfterMs);
			else if (answer) this.pace.taken();
			else this.pace.gone();
		}
	}
}

/** The link in an upload's answer; null where there is none that could be one. */
function linkIn(json: unknown): string | null {
	const data = asObject(asObject(json)?.data);
	const url = asString(data?.download_url) ?? asString(data?.url);
	return url !== null && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : null;
}
