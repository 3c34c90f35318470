import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { StoreError, type FileStore } from '../api/files/downloads';
import type { ByteStream } from '../api/http/http';
import { fileKind, type FileKind, checkInputKind } from '../api/files/kinds';
import { imageSize, imageSizeFurtherIn, HEADER_BYTES } from '../api/files/imageSize';
import type { Dimensions } from '../api/models/sizes';
import type { InputFile } from '../api/files/uploads';
import { inputContent, isInDatabase, MAX_DATABASE_FILE_BYTES, unreadableError } from './inputContent';

/** A binary field whose first 64 kB were read. */
export interface InspectedFile {
	fieldName: string;
	binary: IBinaryData;
	/** Null where it is neither an image nor a known document. */
	kind: FileKind | null;
	/** Null where they are not in the first 64 kB. Those are not kept: a batch can have a thousand files. */
	dimensions: Dimensions | null;
}

type Helpers = IExecuteFunctions['helpers'];

/**
 * A file's first 64 kB, or all of a smaller one.
 * @throws AtlasError (`input`) when n8n does not give it
 */
export async function readHeader(helpers: Helpers, binary: IBinaryData): Promise<Buffer> {
	try {
		const content = await inputContent(helpers, binary);
		return (await content.header()).subarray(0, HEADER_BYTES);
	} catch (error) {
		throw unreadableError(binary, error);
	}
}

/**
 * Reads a binary field's kind and dimensions, which mostly are in its first 64 kB.
 * @throws AtlasError (`input`) when the file cannot be read
 */
export async function inspectBinary(
	helpers: Helpers,
	fieldName: string,
	binary: IBinaryData,
): Promise<InspectedFile> {
	const header = await readHeader(helpers, binary);
	return { fieldName, binary, kind: fileKind(header), dimensions: imageSize(header) };
}

/**
 * The file in the form that the API uploads.
 * @throws AtlasError (`input`) when Seedream does not accept it
 */
export async function toInputFile(
	helpers: Helpers,
	{ fieldName, binary, kind }: InspectedFile,
): Promise<InputFile> {
	checkInputKind(`The file in ${fieldName}`, kind);
	return await binaryFile(helpers, fieldName, binary, kind);
}

/** A file of a known kind in the form that the API uploads. */
export async function binaryFile(
	helpers: Helpers,
	fieldName: string,
	binary: IBinaryData,
	kind: FileKind,
): Promise<InputFile> {
	const content = await inputContent(helpers, binary);
	return {
		fieldName,
		fileName: binary.fileName ?? null,
		kind,
		sizeBytes: content.sizeBytes,
		storedId: binary.id ?? null,
		open: () => content.open(),
		sha256: async () => await content.sha256(),
		hold: async (signal) => await content.hold(signal),
		release: () => content.release(),
	};
}

/** The file's dimensions, read further into it where the first 64 kB do not hold them; null where they cannot be read. */
export async function dimensionsOf(
	helpers: Helpers,
	{ binary, dimensions }: InspectedFile,
): Promise<Dimensions | null> {
	if (dimensions) return dimensions;
	const content = await inputContent(helpers, binary);
	return await imageSizeFurtherIn(await readHeader(helpers, binary), content.open());
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
