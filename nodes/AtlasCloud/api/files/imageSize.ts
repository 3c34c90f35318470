import { imageSize as readHeader } from 'image-size';
import { fileKind, TIFF } from './fileKind';
import type { Dimensions } from '../models/sizes';
import { readBeginning, readFrom } from '../http/streams';

/** How much of a file's beginning is looked at for its dimensions, in bytes. */
export const HEADER_BYTES = 65_536;

/**
 * Width and height out of a picture's header, as it is shown (EXIF orientation applied).
 * @param bytes the beginning of the file
 * @returns null where the header does not tell, and for what Seedream does not take
 */
export function imageSize(bytes: Uint8Array): Dimensions | null {
	// image-size reads many more kinds, some (SVG) with patterns that take long on a crafted file.
	if (!fileKind(bytes)?.isInput) return null;
	try {
		// A copy: image-size reads past a cut-off header, into whatever shares a Buffer's memory, and that size would be paid for.
		const { width, height, orientation } = readHeader(new Uint8Array(bytes));
		if (!(width > 0 && height > 0)) return null;
		// EXIF 5 to 8 are turned by 90°
		return orientation !== undefined && orientation >= 5
			? { width: height, height: width }
			: { width, height };
	} catch {
		return null;
	}
}

/** How far into a file its dimensions are looked for: long color profiles and previews may come before them. */
const FURTHER_BYTES = 4_000_000;

/** A TIFF's directory of some hundred entries. */
const DIRECTORY_BYTES = 4_096;

/**
 * The same where the first 64 kB do not tell: a TIFF has its directory wherever its header says, mostly at its end.
 * @param chunks the whole file, which is read as far as it takes
 */
export async function imageSizeFurtherIn(
	beginning: Buffer,
	chunks: AsyncIterable<Uint8Array>,
): Promise<Dimensions | null> {
	if (beginning.length < HEADER_BYTES) return null;
	if (fileKind(beginning) !== TIFF) return imageSize(await readBeginning(chunks, FURTHER_BYTES));
	const isLittleEndian = beginning[0] === 0x49;
	const isBig = beginning[isLittleEndian ? 2 : 3] === 43;
	const header = Buffer.from(beginning.subarray(0, isBig ? 16 : 8));
	const view = new DataView(header.buffer, header.byteOffset);
	const offset = isBig ? Number(view.getBigUint64(8, isLittleEndian)) : view.getUint32(4, isLittleEndian);
	// What lies between is left out, and the header says so.
	if (isBig) view.setBigUint64(8, BigInt(header.length), isLittleEndian);
	else view.setUint32(4, header.length, isLittleEndian);
	return imageSize(Buffer.concat([header, await readFrom(chunks, offset, DIRECTORY_BYTES)]));
}
