import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { AtlasError, inputError } from '../api/errors';
import { decodeBase64 } from '../api/files/dataUri';
import { imageSizeFurtherIn, inspectFile, type FileFacts } from '../api/files/inspect';
import type { FileContent, InputFile } from '../api/files/uploads';
import { readPart } from '../api/http/streams';
import type { Dimensions } from '../api/models/sizes';
import { truncate } from '../api/text';
import type { CancelSignal } from '../api/time/clock';
import { Semaphore } from '../api/time/semaphore';
import { startClock } from './clock';

type Helpers = IExecuteFunctions['helpers'];

/** Reads a file from its beginning. */
export type OpenFile = () => AsyncIterable<Uint8Array>;

/** A file of an item, read to its end. All that are the same stored file share its content. */
export interface ItemFile extends InputFile {
	/** n8n's own record of it. */
	binary: IBinaryData;
	content: InputContent;
}

/** What one reading of a file tells, and how to read it again. */
type InputContent = FileFacts & FileContent;

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

/** By call of execute(), for which n8n makes new helpers: contents by their ID in n8n's storage, or by the item's record. */
const contentsByHelpers = new WeakMap<Helpers, Map<string | IBinaryData, Promise<InputContent>>>();

/**
 * Reads a file to its end: the same stored file once for all items of a run.
 * @param dataUri of a file that n8n does not have
 * @throws AtlasError (`input`) if n8n does not give it, or it is larger than n8n can read
 */
export async function inputContent(
	helpers: Helpers,
	binary: IBinaryData,
	dataUri?: OpenFile,
): Promise<InputContent> {
	const contents = contentsByHelpers.get(helpers) ?? new Map<string | IBinaryData, Promise<InputContent>>();
	contentsByHelpers.set(helpers, contents);
	const key = binary.id || binary;
	const known = contents.get(key) ?? readContent(helpers, binary, dataUri);
	contents.set(key, known);
	return await known.catch((error: unknown) => {
		throw unreadableFileError(binary, error);
	});
}

/**
 * Reads a file as rarely as possible: once for all that has to be known of it, which a small one from storage is kept from
 * if there is room, and once more for the upload of any other.
 */
async function readContent(helpers: Helpers, binary: IBinaryData, dataUri?: OpenFile): Promise<InputContent> {
	const { id, data } = binary;
	// For memory budgets only: the bytes decide.
	const announcedBytes = id ? (await helpers.getBinaryMetadata(id)).fileSize : data.length;
	const isReadWhole = isInDatabase(binary);
	if (isReadWhole && announcedBytes > MAX_DATABASE_FILE_BYTES) throw tooLargeToReadError(announcedBytes);
	const isSmall = id !== undefined && announcedBytes <= MAX_KEPT_FILE_BYTES;
	let release = isSmall ? keptBytes.tryAcquire(announcedBytes) : null;
	let kept: Buffer | null = null;

	async function* open(): AsyncGenerator<Uint8Array> {
		if (kept) yield kept;
		else if (dataUri) yield* dataUri();
		else if (id) yield* (await helpers.getBinaryStream(id)) as AsyncIterable<Uint8Array>;
		// Without an id the file is in the item itself, as base64.
		else yield* decodeBase64(data, startClock());
	}
	async function hold(signal: CancelSignal | undefined): Promise<() => void> {
		return isReadWhole && !release ? await wholeReadBytes.acquire(signal, announcedBytes) : () => {};
	}
	function giveUp(): void {
		kept = null;
		release?.();
		release = null;
	}

	const releaseRead = await hold(undefined);
	try {
		const parts: Uint8Array[] = [];
		const facts = await inspectFile(release ? collecting(open(), parts) : open());
		if (release) kept = Buffer.concat(parts);
		return { ...facts, open, hold, release: giveUp };
	} finally {
		if (!kept) giveUp();
		releaseRead();
	}
}

async function* collecting(chunks: AsyncIterable<Uint8Array>, parts: Uint8Array[]) {
	for await (const chunk of chunks) {
		parts.push(chunk);
		yield chunk;
	}
}

/**
 * The file's dimensions. Those of a TIFF may take a second look, as its directory is often at its end.
 * @returns null where they cannot be read
 * @throws CancelledError
 */
export async function dimensionsOf(
	{ content }: ItemFile,
	signal: CancelSignal | undefined,
): Promise<Dimensions | null> {
	if (content.dimensions) return content.dimensions;
	const release = await content.hold(signal);
	return await imageSizeFurtherIn(content.open()).finally(release);
}

/** n8n's own record of a file, with its kind by its bytes. */
export async function binaryOf(file: InputFile): Promise<IBinaryData> {
	const { binary, content, kind } = file as ItemFile; // as all files are in n8n
	const isHeld = binary.id !== undefined || binary.data !== '';
	const data = isHeld ? binary.data : (await readPart(content.open(), content.sizeBytes)).toString('base64');
	return { ...binary, data, mimeType: kind.mimeType };
}

/** Gives up the memory of all files that a call of execute() has not uploaded. */
export async function releaseInputContents(helpers: Helpers): Promise<void> {
	for (const content of contentsByHelpers.get(helpers)?.values() ?? [])
		await content.then(({ release }) => release()).catch(() => {}); // one that could not be read keeps nothing
}

/** The error of a file that n8n does not give. */
function unreadableFileError({ fileName }: IBinaryData, error: unknown): AtlasError {
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
