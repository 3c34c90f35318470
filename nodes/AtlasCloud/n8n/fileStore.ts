import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { StoreError, type StoreFile } from '../api/files/downloads';
import type { ByteStream } from '../api/http/http';
import { readPart } from '../api/http/streams';
import { isInDatabase, MAX_DATABASE_FILE_BYTES } from './itemFile';

type Helpers = IExecuteFunctions['helpers'];

/** n8n's binary storage. */
export function n8nFileStore(helpers: Pick<Helpers, 'prepareBinaryData'>): StoreFile<IBinaryData> {
	return async (content, fileName, mimeType, source) => {
		const file = source ? toReadable(source, content) : await readPart(content, Infinity);
		return await readable(helpers.prepareBinaryData(file, fileName, mimeType));
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
