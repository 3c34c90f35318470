import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { AtlasError, inputError } from '../api/errors';
import { HEADER_BYTES } from '../api/files/imageSize';
import type { CancelSignal } from '../api/time/cancellation';
import { ByteBudget } from '../api/time/byteBudget';
import { sha256, sha256OfStream } from '../api/hash';
import { peek, readBeginning } from '../api/http/streams';

type Helpers = IExecuteFunctions['helpers'];

/** A larger file is not kept between its inspection and its upload. */
const MAX_KEPT_FILE_BYTES = 16_000_000;

/** Files kept until they are uploaded, in bytes; all executions of this process together. */
const keptBytes = new ByteBudget(32_000_000);

/** Files that n8n reads whole although they are only streamed, in bytes. */
const wholeReadBytes = new ByteBudget(32_000_000);

/** n8n cannot read more from its database: as hex, it would be longer than a string may be. */
export const MAX_DATABASE_FILE_BYTES = 256_000_000;

/** Whether n8n keeps a file in its database: then it reads the whole file even for its first bytes. */
export function isInDatabase({ id }: IBinaryData): boolean {
	return id?.startsWith('database:') ?? false;
}

/**
 * One input file's content, read from n8n's storage as rarely as possible: a small file once for its kind, dimensions,
 * hash and upload. What does not fit into memory is read again.
 */
export class InputContent {
	private kept: { bytes: Buffer; release: () => void } | null = null;

	private keeping: Promise<Buffer> | null = null;

	private hash: string | null = null;

	private constructor(
		private readonly helpers: Helpers,
		private readonly binary: IBinaryData,
		readonly sizeBytes: number,
	) {}

	/** @throws AtlasError (`input`) if the file is not there, or is larger than n8n can read */
	static async of(helpers: Helpers, binary: IBinaryData): Promise<InputContent> {
		const { id, data } = binary;
		const sizeBytes = id ? (await helpers.getBinaryMetadata(id)).fileSize : Buffer.byteLength(data, 'base64');
		const content = new InputContent(helpers, binary, sizeBytes);
		if (content.isReadWhole && sizeBytes > MAX_DATABASE_FILE_BYTES) throw tooLargeError(sizeBytes);
		return content;
	}

	private get isReadWhole(): boolean {
		return isInDatabase(this.binary);
	}

	/** At least the first 64 kB, or all there is. */
	async header(): Promise<Buffer> {
		const { id, data } = this.binary;
		// Base64 spends four characters on three bytes.
		if (!id) return Buffer.from(data.slice(0, Math.ceil(HEADER_BYTES / 3) * 4), 'base64');
		const bytes = await this.keep();
		if (bytes) return bytes;
		return this.isReadWhole ? await this.hashWithHeader() : await readBeginning(this.read(), HEADER_BYTES);
	}

	/** SHA-256 in hex. */
	async sha256(): Promise<string> {
		if (this.hash === null && !(await this.keep())) await this.hashWithHeader();
		return this.hash as string; // set by either
	}

	/** The whole file, from memory if it is kept. */
	async *open(): AsyncGenerator<Uint8Array> {
		if (this.kept) yield this.kept.bytes;
		else yield* this.read();
	}

	/**
	 * Waits until there is memory to read the file again, if that takes any.
	 * @returns call it when the file was sent
	 * @throws CancelledError
	 */
	async hold(signal: CancelSignal | undefined): Promise<() => void> {
		if (this.kept || !this.isReadWhole) return () => {};
		return await wholeReadBytes.acquire(this.sizeBytes, signal);
	}

	/** Gives up the memory that keeps the file. */
	release(): void {
		this.kept?.release();
		this.kept = null;
	}

	private async *read(): AsyncGenerator<Uint8Array> {
		const { id, data } = this.binary;
		// Without an id the file is in the item itself, as base64.
		if (id) yield* (await this.helpers.getBinaryStream(id)) as AsyncIterable<Uint8Array>;
		else yield Buffer.from(data, 'base64');
	}

	/** Reads a small file into memory; null if there is no room. */
	private async keep(): Promise<Buffer | null> {
		if (this.kept) return this.kept.bytes;
		if (this.keeping) return await this.keeping;
		const isSmall = this.sizeBytes <= MAX_KEPT_FILE_BYTES;
		const release = isSmall ? keptBytes.tryAcquire(this.sizeBytes) : null;
		if (!release) return null;
		this.keeping = this.readAll(release).finally(() => (this.keeping = null));
		return await this.keeping;
	}

	/** @param release gives the memory back */
	private async readAll(release: () => void): Promise<Buffer> {
		try {
			const bytes = await readBeginning(this.read(), Infinity);
			this.hash = sha256(bytes);
			this.kept = { bytes, release };
			return bytes;
		} finally {
			if (!this.kept) release();
		}
	}

	/** Computes the hash in one reading, without keeping the file. @returns its beginning */
	private async hashWithHeader(): Promise<Buffer> {
		const release = this.isReadWhole ? await wholeReadBytes.acquire(this.sizeBytes, undefined) : () => {};
		try {
			const { beginning, chunks } = await peek(this.read(), HEADER_BYTES);
			this.hash = (await sha256OfStream(chunks)).hex;
			// A copy: from the database, the first chunk may be the whole file.
			return Buffer.from(beginning.subarray(0, HEADER_BYTES));
		} finally {
			release();
		}
	}
}

/** An input file's content by its ID in n8n's storage, or by the item's own record of it. */
type InputContents = Map<string | IBinaryData, Promise<InputContent>>;

/** By call of execute(), for which n8n makes new helpers. */
const contentsByHelpers = new WeakMap<Helpers, InputContents>();

/**
 * A file's content. The same stored file is read once for all items of a run.
 * @throws AtlasError (`input`) if the file is not there, or is larger than n8n can read
 */
export async function inputContent(helpers: Helpers, binary: IBinaryData): Promise<InputContent> {
	const contents: InputContents = contentsByHelpers.get(helpers) ?? new Map();
	contentsByHelpers.set(helpers, contents);
	const key = binary.id ?? binary;
	const known = contents.get(key) ?? InputContent.of(helpers, binary);
	contents.set(key, known);
	return await known;
}

/** Gives up the memory of all files that a call of execute() has not uploaded. */
export async function releaseInputContents(helpers: Helpers): Promise<void> {
	for (const content of contentsByHelpers.get(helpers)?.values() ?? [])
		await content.then((opened) => opened.release()).catch(() => {}); // one that could not be opened keeps nothing
}

/** The error of a file that n8n does not give. */
export function unreadableError({ fileName }: IBinaryData, error: unknown): AtlasError {
	if (error instanceof AtlasError) return error;
	const said = error instanceof Error ? error.message : String(error);
	// From its database, n8n's own message is a query in JSON.
	const why = /could not find|not found|ENOENT/i.test(said) ? 'it isn’t there' : said;
	return inputError(
		`Couldn’t read ${fileName ? `the file "${fileName}"` : 'a file'} from n8n’s storage: ${why}`,
		'Nothing was submitted or billed for this item. Run the workflow again from the node that returns the file. In queue mode, all workers need the same storage: set N8N_DEFAULT_BINARY_DATA_MODE to database or s3, or share the folder.',
	);
}

function tooLargeError(sizeBytes: number): AtlasError {
	return inputError(
		`The file is ${Math.round(sizeBytes / 1_000_000)} MB, but n8n can’t read more than ${MAX_DATABASE_FILE_BYTES / 1_000_000} MB from its database`,
		'Nothing was submitted or billed for this item. Use a smaller file, or set N8N_DEFAULT_BINARY_DATA_MODE to filesystem (in queue mode, with a folder that all workers share) or s3.',
	);
}
