import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { StoreError, type FileStore } from '../api/files/downloads';
import type { FileFacts } from '../api/files/inspect';
import { inputKinds, type FileKind } from '../api/files/kinds';
import type { ByteStream } from '../api/http/http';
import { readPart } from '../api/http/streams';
import type { Dimensions } from '../api/models/sizes';
import type { InputFile } from '../api/files/uploads';
import {
	inputContent,
	type InputContent,
	isInDatabase,
	MAX_DATABASE_FILE_BYTES,
	type OpenFile,
	unreadableFileError,
} from './inputContent';

/** A file of an item that was read to its end. */
export interface InspectedFile {
	/** Null for one that is in no field: a data URI, or an expression's. */
	fieldName: string | null;
	binary: IBinaryData;
	content: InputContent;
	facts: FileFacts;
	/** What it may be sent as, the likeliest first; empty if that is not known. */
	kinds: FileKind[];
}

type Helpers = IExecuteFunctions['helpers'];

/**
 * Reads a file to its end.
 * @param open the content of a data URI, which n8n has no file of
 * @throws AtlasError (`input`) when n8n does not give it
 */
export async function inspectBinary(
	helpers: Helpers,
	fieldName: string | null,
	binary: IBinaryData,
	open?: OpenFile,
): Promise<InspectedFile> {
	try {
		const content = await inputContent(helpers, binary, open);
		const facts = await content.inspect();
		return { fieldName, binary, content, facts, kinds: inputKinds(facts.kind, binary.mimeType ?? '') };
	} catch (error) {
		throw unreadableFileError(binary, error);
	}
}

/** What the files that go into requests are in n8n. */
const binaries = new WeakMap<InputFile, IBinaryData>();

/** n8n's own record of a file, with its kind by its bytes. */
export async function binaryOf(file: InputFile): Promise<IBinaryData | undefined> {
	const binary = binaries.get(file);
	if (!binary) return undefined;
	const isHeld = binary.id !== undefined || binary.data !== '';
	const data = isHeld ? binary.data : (await readPart(file.open(), file.sizeBytes)).toString('base64');
	return { ...binary, data, mimeType: file.kind.mimeType };
}

/** The file in the form that the API uploads. */
export function toInputFile({ fieldName, binary, content, facts }: InspectedFile, kind: FileKind): InputFile {
	const file: InputFile = {
		fieldName,
		fileName: binary.fileName ?? null,
		kind,
		sizeBytes: facts.sizeBytes,
		open: () => content.open(),
		sha256: facts.sha256,
		hold: async (signal) => await content.hold(signal),
		release: () => content.release(),
	};
	binaries.set(file, binary);
	return file;
}

/** The file's dimensions, read further into it where the first 64 kB do not hold them; null where they cannot be read. */
export async function dimensionsOf({ content, facts }: InspectedFile): Promise<Dimensions | null> {
	return facts.dimensions ?? (await content.dimensionsFurtherIn());
}

/** n8n's binary storage. */
export function n8nFileStore(helpers: Pick<Helpers, 'prepareBinaryData'>): FileStore<IBinaryData> {
	return {
		async storeStream(source, content, fileName, mimeType) {
			return await readable(helpers.prepareBinaryData(toReadable(source, content), fileName, mimeType));
		},
		async storeBytes(bytes, fileName, mimeType) {
			return await readable(helpers.prepareBinaryData(Buffer.from(bytes), fileName, mimeType));
		},
	};
}

/** n8n names it in the error of a file that is larger. */
const DATABASE_LIMIT_VARIABLE = 'N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE';

/**
 * A stored file that later nodes can read.
 * @throws StoreError if n8n's database does not take the file, or takes it and cannot read it again
 */
async function readable(storing: Promise<IBinaryData>): Promise<IBinaryData> {
	const binary = await storing.catch((error: unknown) => {
		if (!(error instanceof Error && error.message.includes(DATABASE_LIMIT_VARIABLE))) throw error;
		throw tooLargeToStoreError(`it is larger than ${DATABASE_LIMIT_VARIABLE} allows`);
	});
	const { bytes = 0 } = binary;
	if (!isInDatabase(binary) || bytes <= MAX_DATABASE_FILE_BYTES) return binary;
	throw tooLargeToStoreError(
		`it is ${inMb(bytes)} MB, and n8n can’t read more than ${inMb(MAX_DATABASE_FILE_BYTES)} MB from its database`,
	);
}

function tooLargeToStoreError(message: string): StoreError {
	return new StoreError(
		message,
		`Turn off the download to get only the URL, or set N8N_DEFAULT_BINARY_DATA_MODE to filesystem (in queue mode, with a folder that main and all workers share) or s3. For files of up to ${inMb(MAX_DATABASE_FILE_BYTES)} MB you can increase ${DATABASE_LIMIT_VARIABLE} instead.`,
	);
}

const inMb = (bytes: number) => Math.round(bytes / 1_000_000);

type Readable = Parameters<Helpers['prepareBinaryData']>[0];

/**
 * Turns chunks into a Node `Readable`, which n8n's in-memory mode insists on. A community node may not import
 * `node:stream`, but the response body is a `Readable` too, and its class can make others.
 */
function toReadable(source: ByteStream, content: AsyncIterable<Uint8Array>): Readable {
	const { from } = source.constructor as unknown as {
		from: (chunks: AsyncIterable<Uint8Array>, options: { objectMode: boolean }) => Readable;
	};
	return from(content, { objectMode: false });
}
