/** A kind of file, told from its first bytes. */
export interface PictureKind {
	/** As people call it, e.g. `JPEG`. */
	name: string;
	extension: string;
	mimeType: string;
	/** Whether Seedream takes it as input: jpeg, png, webp, bmp, tiff, gif (atlas-cloud-api [V]). */
	isInput: boolean;
}

const INPUT = (name: string, extension: string, mimeType: string): PictureKind => ({
	name,
	extension,
	mimeType,
	isInput: true,
});
const OTHER = (name: string, extension: string, mimeType: string): PictureKind => ({
	name,
	extension,
	mimeType,
	isInput: false,
});

export const PNG = INPUT('PNG', 'png', 'image/png');
export const JPEG = INPUT('JPEG', 'jpg', 'image/jpeg');
export const WEBP = INPUT('WebP', 'webp', 'image/webp');
export const GIF = INPUT('GIF', 'gif', 'image/gif');
export const BMP = INPUT('BMP', 'bmp', 'image/bmp');
export const TIFF = INPUT('TIFF', 'tiff', 'image/tiff');

/** How many first bytes {@link pictureKind} wants to see. */
export const KIND_BYTES = 512;

const starts = (bytes: Uint8Array, ...wanted: number[]) => wanted.every((byte, i) => bytes[i] === byte);

/** The kind of a file from its first bytes (512 are plenty), or null for what is no picture and no known document. */
export function pictureKind(bytes: Uint8Array): PictureKind | null {
	const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, KIND_BYTES)).toString(
		'latin1',
	);
	if (starts(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return PNG;
	if (starts(bytes, 0xff, 0xd8, 0xff)) return JPEG;
	if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return GIF;
	if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return WEBP;
	if (text.startsWith('BM') && [12, 40, 52, 56, 64, 108, 124].includes(bytes[14])) return BMP;
	if (
		text.startsWith('II*\0') ||
		text.startsWith('MM\0*') ||
		text.startsWith('II+\0') ||
		text.startsWith('MM\0+')
	)
		return TIFF;
	if (text.slice(4, 8) === 'ftyp') {
		const brands = text.slice(8, 64);
		if (/^(avif|avis)/.test(brands)) return OTHER('AVIF', 'avif', 'image/avif');
		if (/^(heic|heix|heim|heis|hevc|hevx|mif1|msf1)/.test(brands)) {
			return brands.includes('avif')
				? OTHER('AVIF', 'avif', 'image/avif')
				: OTHER('HEIC', 'heic', 'image/heic');
		}
		return OTHER('video', 'mp4', 'video/mp4');
	}
	if (text.startsWith('%PDF-')) return OTHER('PDF', 'pdf', 'application/pdf');
	if (text.startsWith('8BPS')) return OTHER('Photoshop', 'psd', 'image/vnd.adobe.photoshop');
	if (starts(bytes, 0, 0, 1, 0)) return OTHER('ICO', 'ico', 'image/x-icon');
	if (starts(bytes, 0xff, 0x0a) || text.startsWith('\0\0\0\x0cJXL '))
		return OTHER('JPEG XL', 'jxl', 'image/jxl');
	if (text.startsWith('\0\0\0\x0cjP  ')) return OTHER('JPEG 2000', 'jp2', 'image/jp2');
	const markup = text
		.replace(/^\xef\xbb\xbf/, '')
		.trimStart()
		.toLowerCase();
	if (/^(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*(<!doctype svg|<svg)/.test(markup))
		return OTHER('SVG', 'svg', 'image/svg+xml');
	if (/^(<!--[\s\S]*?-->\s*)*(<!doctype html|<html|<head|<body|<script)/.test(markup))
		return OTHER('web page', 'html', 'text/html');
	if (text.startsWith('PK\x03\x04')) return OTHER('ZIP or Office', 'zip', 'application/zip');
	return null;
}

/** How many last bytes {@link isWhole} wants to see. */
export const TAIL_BYTES = 4096;

/**
 * Whether a picture's bytes reach its own end: a cut-off file has a good beginning.
 * @param tail its last bytes, at most 4096
 */
export function isWhole(kind: PictureKind, head: Uint8Array, tail: Uint8Array, sizeBytes: number): boolean {
	const end = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
	const start = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
	switch (kind) {
		case PNG:
			return end.includes('IEND', 0, 'latin1');
		case JPEG:
			return end.includes(Buffer.from([0xff, 0xd9]));
		case GIF:
			// Its end marker follows an empty block; some tools pad behind it.
			return /\0;[\0\s]*$/.test(end.toString('latin1'));
		case WEBP:
			return start.length >= 8 && sizeBytes >= start.readUInt32LE(4) + 8;
		case BMP:
			return start.length >= 6 && sizeBytes >= start.readUInt32LE(2);
		default:
			return sizeBytes > 0;
	}
}
