import { imageSize as readHeader } from 'image-size';
import { fileKind, TIFF } from './kinds';
import type { Dimensions } from '../models/sizes';
import { readBeginning, readFrom } from '../http/streams';

/** How much of a file's beginning is read for its dimensions, in bytes. */
export const HEADER_BYTES = 65_536;

/**
 * The width and height in an image's header, with its EXIF orientation applied.
 * @param bytes the beginning of the file
 * @returns null if the header does not contain them, or Seedream does not accept the kind of file
 */
export function imageSize(bytes: Uint8Array): Dimensions | null {
	// image-size reads many more kinds, some (SVG) with patterns that are slow on a crafted file.
	if (!fileKind(bytes)?.isInput) return null;
	try {
		// A copy, because image-size reads past a cut-off header into whatever shares the Buffer's memory.
		const { width, height, orientation } = readHeader(new Uint8Array(bytes));
		if (!(width > 0 && height > 0)) return null;
		// EXIF 5 to 8 are rotated by 90°.
		return orientation !== undefined && orientation >= 5
			? { width: height, height: width }
			: { width, height };
	} catch {
		return null;
	}
}

/** How far to search for the dimensions: long color profiles and previews may come before them. */
const MAX_SEARCHED_BYTES = 4_000_000;

/** Enough for a TIFF directory of some hundred entries. */
const DIRECTORY_BYTES = 4_096;

/**
 * The dimensions of a file whose first 64 kB do not contain them. A TIFF's directory is often at its end.
 * @param chunks the whole file, read only as far as needed
 */
export async function imageSizeFurtherIn(
	beginning: Buffer,
	chunks: AsyncIterable<Uint8Array>,
): Promise<Dimensions | null> {
	if (beginning.length < HEADER_BYTES) return null;
	if (fileKind(beginning) !== TIFF) return imageSize(await readBeginning(chunks, MAX_SEARCHED_BYTES));
	const isLittleEndian = beginning[0] === 0x49;
	const isBig = beginning[isLittleEndian ? 2 : 3] === 43;
	const header = Buffer.from(beginning.subarray(0, isBig ? 16 : 8));
	const view = new DataView(header.buffer, header.byteOffset);
	const offset = isBig ? Number(view.getBigUint64(8, isLittleEndian)) : view.getUint32(4, isLittleEndian);
	// Everything in between is left out, so the header has to point right behind itself.
	if (isBig) view.setBigUint64(8, BigInt(header.length), isLittleEndian);
	else view.setUint32(4, header.length, isLittleEndian);
	return imageSize(Buffer.concat([header, await readFrom(chunks, offset, DIRECTORY_BYTES)]));
}
