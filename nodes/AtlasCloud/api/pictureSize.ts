import { imageSize } from 'image-size';
import type { Dimensions } from './sizes';

/** How much of a file's beginning is looked at for its dimensions, in bytes. */
export const HEADER_BYTES = 65_536;

/**
 * Width and height out of a picture's header, as it is shown (EXIF orientation applied).
 * @param bytes the beginning of the file
 * @returns null where the header does not tell
 */
export function pictureSize(bytes: Uint8Array): Dimensions | null {
	try {
		const { width, height, orientation } = imageSize(bytes);
		if (!(width > 0 && height > 0)) return null;
		// EXIF 5 to 8 are turned by 90°
		return orientation !== undefined && orientation >= 5
			? { width: height, height: width }
			: { width, height };
	} catch {
		return null;
	}
}
