import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { AtlasError, inputError, truncate } from '../api/errors';
import { decodeBase64 } from '../api/files/dataUri';
import { imageSizeFurtherIn, inspectFile, type FileFacts } from '../api/files/inspect';
import type { Dimensions } from '../api/models/sizes';
import type { CancelSignal } from '../api/time/clock';
import { Semaphore } from '../api/time/semaphore';
import { startClock } from './clock';

type Helpers = IExecuteFunctions['helpers'];

/** Reads a file from its beginning. */
export type OpenFile = () => AsyncIterable<Uint8Array>;

/** A larger file is not kept between its inspection and its upload. */
const MAX_KEPT_FILE_BYTES = 16_000_000;

/** Files kept until they are uploaded, in bytes; all executions of this process together. */
const keptBytes = new Semaphore(32_000_000);

/** Files that n8n reads whole although they are only streamed, in bytes. */
const wholeReadBytes = new Semaphore(32_000_000);

/** n8n cannot read more from its database: as hex, it would be longer than a string may be. */
export const MAX_DATABASE_FILE_BYTES = 256_000_000;

/** Whether n8n keeps a file in its database: then it reads the whole file even for its first bytes. */
export function isInDatabase({ id }: IBinaryData): boolean {
	return id?.startsWith('database:') ?? false;
}

/**
 * One input file's content, read from n8n's storage as rarely as possible: once for all that has to be known of it, which
 * a small one is kept from, and once more for the upload of a larger one.
 */
export class InputContent {
	private kept: { bytes: Buffer; release: () => void } | null = null;

	private facts: Promise<FileFacts> | null = null;

	private constructor(
		private readonly helpers: Helpers,
		private readonly binary: IBinaryData,
		/** What n8n says, for memory budgets only: the bytes decide. */
		private readonly announcedBytes: number,
		private readonly dataUri: OpenFile | undefined,
	) {}

	/** @throws AtlasError (`input`) if the file is not there, or is larger than n8n can read */
	static async of(helpers: Helpers, binary: IBinaryData, dataUri?: OpenFile): Promise<InputContent> {
		const { id, data } = binary;
		const announcedBytes = id ? (await helpers.getBinaryMetadata(id)).fileSize : data.length;
		const content = new InputContent(helpers, binary, announcedBytes, dataUri);
		if (content.isReadWhole && announcedBytes > MAX_DATABASE_FILE_BYTES)
			throw tooLargeToReadError(announcedBytes);
		return content;
	}

	private get isReadWhole(): boolean {
		return isInDatabase(this.binary);
	}

	/** What its bytes tell. The file is read to its end, once. */
	async inspect(): Promise<FileFacts> {
		return await (this.facts ??= this.readOnce());
	}

	/** The dimensions of an image whose first 64 kB do not contain them. */
	async dimensionsFurtherIn(): Promise<Dimensions | null> {
		return await imageSizeFurtherIn(this.open());
	}

	/** The whole file, from memory if it is kept. */
	async *open(): AsyncGenerator<Uint8Array> {
		if (this.kept) yield this.kept.bytes;
		else yield* this.read();
	}

	/** Waits for memory to read the file again, if that takes any. @returns call it when the file was sent */
	async hold(signal: CancelSignal | undefined): Promise<() => void> {
		if (this.kept || !this.isReadWhole) return () => {};
		return await wholeReadBytes.acquire(signal, this.announcedBytes);
	}

	/** Gives up the memory that keeps the file. */
	release(): void {
		this.kept?.release();
		this.kept = null;
	}

	private async *read(): AsyncGenerator<Uint8Array> {
		const { id, data } = this.binary;
		// Without an id the file is in the item itself, as base64.
		if (this.dataUri) yield* this.dataUri();
		else if (id) yield* (await this.helpers.getBinaryStream(id)) as AsyncIterable<Uint8Array>;
		else yield* decodeBase64(data, startClock());
	}

	/** Reads the file, and keeps it if it is small, comes from storage, and there is room. */
	private async readOnce(): Promise<FileFacts> {
		const isSmall = this.binary.id !== undefined && this.announcedBytes <= MAX_KEPT_FILE_BYTES;
		const release = isSmall ? keptBytes.tryAcquire(this.announcedBytes) : null;
		const isHeld = this.isReadWhole && !release;
		const releaseRead = isHeld ? await wholeReadBytes.acquire(undefined, this.announcedBytes) : () => {};
		try {
			if (!release) return await inspectFile(this.read());
			const parts: Uint8Array[] = [];
			const facts = await inspectFile(collecting(this.read(), parts));
			this.kept = { bytes: Buffer.concat(parts), release };
			return facts;
		} finally {
			if (!this.kept) release?.();
			releaseRead();
		}
	}
}

async function* collecting(chunks: AsyncIterable<Uint8Array>, parts: Uint8Array[]) {
	for await (const chunk of chunks) {
		parts.push(chunk);
		yield chunk;
	}
}

/** An input file's content by its ID in n8n's storage, or by the item's own record of it. */
type InputContents = Map<string | IBinaryData, Promise<InputContent>>;

/** By call of execute(), for which n8n makes new helpers. */
const contentsByHelpers = new WeakMap<Helpers, InputContents>();

/**
 * A file's content. The same stored file is read once for all items of a run.
 * @param dataUri of a file that n8n does not have
 * @throws AtlasError (`input`) if the file is not there, or is larger than n8n can read
 */
export async function inputContent(
	helpers: Helpers,
	binary: IBinaryData,
	dataUri?: OpenFile,
): Promise<InputContent> {
	const contents: InputContents = contentsByHelpers.get(helpers) ?? new Map();
	contentsByHelpers.set(helpers, contents);
	const key = binary.id ?? binary;
	const known = contents.get(key) ?? InputContent.of(helpers, binary, dataUri);
	contents.set(key, known);
	return await known;
}

/** Gives up the memory of all files that a call of execute() has not uploaded. */
export async function releaseInputContents(helpers: Helpers): Promise<void> {
	for (const content of contentsByHelpers.get(helpers)?.values() ?? [])
		await content.then((opened) => opened.release()).catch(() => {}); // one that could not be opened keeps nothing
}

/** The error of a file that n8n does not give. */
export function unreadableFileError({ fileName }: IBinaryData, error: unknown): AtlasError {
	if (error instanceof AtlasError) return error;
	const said = error instanceof Error ? error.message : String(error);
	// From its database, n8n's own message is a query in JSON.
	const why = /could not find|not found|ENOENT/i.test(said) ? 'it isn’t there' : truncate(said);
	return inputError(
		`Couldn’t read ${fileName ? `the file "${truncate(fileName)}"` : 'a file'} from n8n’s storage: ${why}`,
		'Nothing was submitted or billed for this item. Run the workflow again from the node that returns the file. In queue mode, all workers need the same storage: set N8N_DEFAULT_BINARY_DATA_MODE to database or s3, or share the folder.',
	);
}

function tooLargeToReadError(sizeBytes: number): AtlasError {
	return inputError(
		`The file is ${Math.round(sizeBytes / 1_000_000)} MB, but n8n can’t read more than ${MAX_DATABASE_FILE_BYTES / 1_000_000} MB from its database`,
		'Nothing was submitted or billed for this item. Use a smaller file, or set N8N_DEFAULT_BINARY_DATA_MODE to filesystem (in queue mode, with a folder that all workers share) or s3.',
	);
}
