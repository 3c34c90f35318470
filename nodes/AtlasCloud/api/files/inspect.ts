import { GIF as gif } from 'image-size/types/gif';
import { PNG as png } from 'image-size/types/png';
import { TIFF as tiff } from 'image-size/types/tiff';
import { WEBP as webp } from 'image-size/types/webp';
import { sha256OfStream } from '../hash';
import { peek, readPart } from '../http/streams';
import type { Dimensions } from '../models/sizes';
import { ImageScan } from './imageScan';
import { BMP, fileKind, GIF, JPEG, PNG, TIFF, WEBP, type FileKind } from './kinds';
import { isTurned } from './tiff';

/** What is told by a file's beginning, or the scan of all of it; each null if it is not. */
export interface HeaderFacts {
	/** By its bytes. */
	kind: FileKind | null;
	dimensions: Dimensions | null;
	/** Its first bytes, where the kind is not known. */
	beginning: Uint8Array;
}

/** What one reading of a file tells. Its bytes are not kept: a batch can have a thousand files. */
export interface FileFacts extends HeaderFacts {
	/** Of the bytes that came, whatever was announced. */
	sizeBytes: number;
	/** In hex. */
	sha256: string;
	/** False for an image that is cut off. */
	isWhole: boolean;
}

/** How much of a file's beginning is read for its kind and dimensions, in bytes. */
export const HEADER_BYTES = 65_536;

/** Where the kind is not known, so many bytes tell what else it is. */
const UNKNOWN_BYTES = 512;

/** Reads a file to its end. */
export async function inspectFile(chunks: AsyncIterable<Uint8Array>): Promise<FileFacts> {
	const { beginning, chunks: all } = await peek(chunks, HEADER_BYTES);
	const header = beginning.subarray(0, HEADER_BYTES);
	const scan = new ImageScan(fileKind(header));
	const { hex, sizeBytes } = await sha256OfStream(scan.passing(all));
	return { ...inspectHeader(header, scan), sizeBytes, sha256: hex, isWhole: scan.isWhole };
}

/** @param fileScan as in {@link imageSize} */
export function inspectHeader(header: Uint8Array, fileScan?: ImageScan): HeaderFacts {
	const kind = fileKind(header);
	return {
		kind,
		dimensions: imageSize(header, fileScan),
		// A copy: a slice would keep the whole header in memory.
		beginning: Uint8Array.from(header.subarray(0, kind ? 0 : UNKNOWN_BYTES)),
	};
}

/**
 * The width and height of an image as it is seen: with its EXIF orientation applied.
 * @param bytes the beginning of the file
 * @param fileScan of the whole file, if it was read
 * @returns null if they are neither in these bytes nor found by the scan, or Seedream does not accept the kind of file
 */
export function imageSize(bytes: Uint8Array, fileScan?: ImageScan): Dimensions | null {
	const kind = fileKind(bytes);
	if (!kind?.isInput) return null;
	const scan = fileScan ?? new ImageScan(kind);
	if (!fileScan) scan.add(bytes);
	const size = kind === JPEG ? scan.dimensions : kind === BMP ? bitmapSize(bytes) : headerSize(kind, bytes);
	if (!size || !(size.width > 0 && size.height > 0)) return null;
	// EXIF data come after the pixels of a WebP; a flag of its extended header (VP8X) announces them.
	const isExifBehind = kind === WEBP && !scan.isWhole && bytes[15] === 0x58 && (bytes[20] & 8) > 0;
	if (isExifBehind) return null;
	const turned = scan.isTurned || (kind === TIFF && isTurned(bytes));
	return turned ? { width: size.height, height: size.width } : size;
}

/** Of image-size only these: others, such as that of SVG, have patterns that are slow on a crafted file. */
const READERS = new Map([
	[GIF, gif],
	[PNG, png],
	[TIFF, tiff],
	[WEBP, webp],
]);

function headerSize(kind: FileKind, bytes: Uint8Array): Dimensions | null {
	const reader = READERS.get(kind);
	// A copy, because image-size reads past a cut-off header into whatever shares the Buffer's memory. As a Buffer, whose
	// slices are no copies.
	const header = Buffer.from(new Uint8Array(bytes).buffer);
	try {
		if (!reader?.validate(header)) return null;
		const { width, height } = reader.calculate(header);
		return { width, height };
	} catch {
		return null;
	}
}

/** A bitmap may be of OS/2, with shorter numbers, or have its first row at the top: then its height is negative. */
function bitmapSize(bytes: Uint8Array): Dimensions | null {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	if (bytes.byteLength < 26) return null;
	return view.getUint32(14, true) === 12
		? { width: view.getUint16(18, true), height: view.getUint16(20, true) }
		: { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

/** How far to search for the dimensions: long color profiles and previews may come before them. */
const MAX_SEARCHED_BYTES = 4_000_000;

/** Enough for a TIFF directory of some hundred entries. */
const DIRECTORY_BYTES = 4_096;

/** The dimensions of a file whose first 64 kB do not contain them: a TIFF's directory is often at its end. */
export async function imageSizeFurtherIn(chunks: AsyncIterable<Uint8Array>): Promise<Dimensions | null> {
	const { beginning, chunks: all } = await peek(chunks, HEADER_BYTES);
	const kind = fileKind(beginning);
	if (kind === WEBP) return (await inspectFile(all)).dimensions;
	if (kind !== TIFF) return imageSize(await readPart(all, MAX_SEARCHED_BYTES));
	const isLittleEndian = beginning[0] === 0x49;
	const header = Buffer.from(beginning.subarray(0, 8));
	if (header.length < 8) return null;
	const view = new DataView(header.buffer, header.byteOffset);
	const offset = view.getUint32(4, isLittleEndian);
	// Everything in between is left out, so the header has to point right behind itself.
	view.setUint32(4, header.length, isLittleEndian);
	return imageSize(Buffer.concat([header, await readPart(all, DIRECTORY_BYTES, offset)]));
}
