/** A tag's value: a number, or its text. */
type TiffTags = Map<number, number | string>;

/** The tags that are read (TIFF 6, DNG 1.4). */
const TAGS = {
	newSubfileType: 0xfe,
	compression: 0x103,
	make: 0x10f,
	orientation: 0x112,
	subIfds: 0x14a,
	dngVersion: 0xc612,
} as const;

const SHORT = 3;
const ASCII = 2;

/** The first directory of a TIFF, or of EXIF metadata, which is one; null where these bytes do not hold it. */
function tiffTags(bytes: Uint8Array): TiffTags | null {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const order = Buffer.from(bytes.subarray(0, 2)).toString('latin1');
	if (bytes.length < 8 || (order !== 'II' && order !== 'MM')) return null;
	const isLittle = order === 'II';
	const at = view.getUint32(4, isLittle);
	if (at < 8 || at + 2 > bytes.length) return null;
	const tags: TiffTags = new Map();
	const count = view.getUint16(at, isLittle);
	for (let entry = at + 2; entry + 12 <= bytes.length && tags.size < count; entry += 12) {
		const type = view.getUint16(entry + 2, isLittle);
		const length = view.getUint32(entry + 4, isLittle);
		const value = type === SHORT ? view.getUint16(entry + 8, isLittle) : view.getUint32(entry + 8, isLittle);
		const textAt = length > 4 ? value : entry + 8;
		const text = () => Buffer.from(bytes.subarray(textAt, textAt + Math.min(length, 64))).toString('latin1');
		tags.set(view.getUint16(entry, isLittle), type === ASCII ? text() : value);
	}
	return tags;
}

/** Whether the EXIF orientation in these bytes turns the image by 90°: 5 to 8 do, nothing else is defined (EXIF 2.32). */
export function isTurned(bytes: Uint8Array): boolean {
	const orientation = tiffTags(bytes)?.get(TAGS.orientation);
	return typeof orientation === 'number' && orientation >= 5 && orientation <= 8;
}

/** Compressions that only cameras write: as the sensor's values, or their maker's own. */
const RAW_COMPRESSIONS = [32_767, 32_769, 32_770, 34_713, 65_535];

/**
 * The format of a TIFF that is a photo as the camera's sensor took it, such as `DNG`, or `raw`; null for any other. It has
 * a small preview in front, and Seedream would edit that one.
 * @param bytes the beginning of the file
 */
export function rawFormat(bytes: Uint8Array): string | null {
	const tags = tiffTags(bytes);
	if (!tags) return null;
	if (tags.has(TAGS.dngVersion)) return 'DNG';
	const make = tags.get(TAGS.make);
	const isPreview = (Number(tags.get(TAGS.newSubfileType) ?? 0) & 1) === 1;
	const isRaw =
		isPreview || tags.has(TAGS.subIfds) || RAW_COMPRESSIONS.includes(Number(tags.get(TAGS.compression)));
	if (typeof make !== 'string' || !isRaw) return null;
	if (/^nikon/i.test(make)) return 'NEF';
	return /^sony/i.test(make) ? 'ARW' : 'raw';
}
