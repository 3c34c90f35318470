import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import type { FileStore } from '../../api/files/downloads';
import { inputError } from '../../api/errors';
import type { ByteStream } from '../../api/http/http';
import { fileKind, type FileKind } from '../../api/files/fileKind';
import { imageSize, imageSizeFurtherIn, HEADER_BYTES } from '../../api/files/imageSize';
import type { Dimensions } from '../../api/models/sizes';
import { readBeginning } from '../../api/http/streams';
import type { InputFile } from '../../api/files/uploads';

/** A binary field, looked into. `kind` is null where its bytes are no picture and no known document. */
export interface InspectedFile {
	fieldName: string;
	binary: IBinaryData;
	/** Null where its first 64 kB do not tell. The bytes themselves are not kept: a batch has a thousand files. */
	dimensions: Dimensions | null;
	kind: FileKind | null;
}

type Helpers = IExecuteFunctions['helpers'];

function openBinary(helpers: Helpers, { id, data }: IBinaryData): AsyncIterable<Uint8Array> {
	return (async function* () {
		// In-memory mode has no id: the file is in the item, as base64.
		if (id) yield* (await helpers.getBinaryStream(id)) as AsyncIterable<Uint8Array>;
		else yield Buffer.from(data, 'base64');
	})();
}

async function readBinary(helpers: Helpers, binary: IBinaryData): Promise<Buffer> {
	// Base64 is four letters for three bytes.
	if (!binary.id) return Buffer.from(binary.data.slice(0, Math.ceil(HEADER_BYTES / 3) * 4), 'base64');
	return await readBeginning(openBinary(helpers, binary), HEADER_BYTES);
}

/** Reads a binary field's first 64 kB: its kind and its dimensions stand there. */
export async function inspectBinary(
	helpers: Helpers,
	fieldName: string,
	binary: IBinaryData,
): Promise<InspectedFile> {
	const beginning = await readBinary(helpers, binary);
	return { fieldName, binary, kind: fileKind(beginning), dimensions: imageSize(beginning) };
}

/** What can be done with a kind of file that Seedream does not take. */
function wayOut(kind: FileKind | null): string {
	const takes = 'Seedream takes JPEG, PNG, WebP, GIF, BMP and TIFF.';
	if (!kind) return `${takes} Check what the node before this one puts into the field.`;
	if (kind.name === 'PDF') return `${takes} Turn the page into a picture first.`;
	if (kind.name === 'web page') return `${takes} The node before this one downloaded a page: check its URL.`;
	if (!kind.mimeType.startsWith('image/')) return takes;
	return `${takes} Convert it first, for instance with n8n’s Edit Image node or in the app it comes from${kind.name === 'HEIC' ? ' (iPhone: Settings, Camera, Formats, Most Compatible)' : ''}.`;
}

/** "a PDF file", "an AVIF file": by the sound of the name. */
function withArticle({ name }: FileKind): string {
	if (name === 'web page') return 'a web page';
	return `${/^(AVIF|SVG|ICO)/.test(name) ? 'an' : 'a'} ${name} file`;
}

/**
 * Lets through what Seedream takes.
 * @param holder what holds the file, as a subject of "holds"
 * @throws AtlasError (`input`) that names the kind, and the way out
 */
export function checkInputKind(
	holder: string,
	kind: FileKind | null,
): asserts kind is FileKind & { isInput: true } {
	if (kind?.isInput) return;
	const what = kind ? `holds ${withArticle(kind)}, which Seedream does not take` : 'holds no picture';
	throw inputError(`${holder} ${what}`, wayOut(kind));
}

/**
 * The file as the API uploads it.
 * @throws AtlasError (`input`) when it is no picture that Seedream takes
 */
export async function toInputFile(helpers: Helpers, looked: InspectedFile): Promise<InputFile> {
	const { fieldName, binary, kind } = looked;
	checkInputKind(`The binary field "${fieldName}"`, kind);
	const sizeBytes = binary.id
		? (await helpers.getBinaryMetadata(binary.id)).fileSize
		: Buffer.byteLength(binary.data, 'base64');
	return {
		fieldName,
		fileName: binary.fileName ?? null,
		kind,
		sizeBytes,
		storedId: binary.id ?? null,
		open: () => openBinary(helpers, binary),
	};
}

/** A looked-into file's dimensions; null where it does not tell. */
export async function sizeOf(
	helpers: Helpers,
	{ binary, dimensions }: InspectedFile,
): Promise<Dimensions | null> {
	return (
		dimensions ?? (await imageSizeFurtherIn(await readBinary(helpers, binary), openBinary(helpers, binary)))
	);
}

/** n8n's binary storage, as the place where pictures go. */
export function n8nFileStore(helpers: Helpers): FileStore<IBinaryData> {
	return {
		async storeStream(source, content, fileName, mimeType) {
			return await helpers.prepareBinaryData(readableOf(source, content), fileName, mimeType);
		},
		async storeBytes(bytes, fileName, mimeType) {
			return await helpers.prepareBinaryData(Buffer.from(bytes), fileName, mimeType);
		},
	};
}

type PreparedFrom = Parameters<Helpers['prepareBinaryData']>[0];

/**
 * A Node stream of checked bytes. In-memory mode wants a real one, and a community node may not import
 * `node:stream`; the answer's body is a `Readable`, whose class makes others.
 */
function readableOf(source: ByteStream, content: AsyncIterable<Uint8Array>): PreparedFrom {
	const { from } = source.constructor as unknown as {
		from: (chunks: AsyncIterable<Uint8Array>, options: { objectMode: boolean }) => PreparedFrom;
	};
	return from(content, { objectMode: false });
}
