/** A kind of file, told from its first bytes. */
export interface FileKind {
	/** As people call it, e.g. `JPEG`. */
	name: string;
	extension: string;
	mimeType: string;
	/** Whether Seedream takes it as input: jpeg, png, webp, bmp, tiff, gif (docs/atlas-cloud-api.md [V]). */
	isInput: boolean;
}

const INPUT = (name: string, extension: string, mimeType: string): FileKind => ({
	name,
	extension,
	mimeType,
	isInput: true,
});
const OTHER = (name: string, extension: string, mimeType: string): FileKind => ({
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
const SVG = OTHER('SVG', 'svg', 'image/svg+xml');

/** How many first bytes {@link fileKind} wants to see. */
export const KIND_BYTES = 512;

const starts = (bytes: Uint8Array, ...wanted: number[]) => wanted.every((byte, i) => bytes[i] === byte);

const SVG_TAGS = ['<!doctype svg', '<svg'];
const PAGE_TAGS = ['<!doctype html', '<html', '<head', '<body', '<script'];

/** What a document begins with behind its byte order mark, blanks, XML declarations and comments, in lower case. */
function firstTag(text: string): string {
	let rest = text.startsWith('\xef\xbb\xbf') ? text.slice(3) : text;
	// Step by step and never back: a pattern with nested repeats takes forever on many comments in a row.
	for (;;) {
		rest = rest.trimStart();
		const [opener, closer] = rest.startsWith('<!--') ? ['<!--', '-->'] : ['<?', '?>'];
		if (!rest.startsWith(opener)) return rest.slice(0, 32).toLowerCase();
		const end = rest.indexOf(closer, opener.length);
		if (end < 0) return '';
		rest = rest.slice(end + closer.length);
	}
}

/** Whether a kind may be handed on as a picture. An SVG may not: it can hold a script. */
export function isPicture(kind: FileKind | null): kind is FileKind {
	return kind !== null && kind !== SVG && kind.mimeType.startsWith('image/');
}

/** The kind of a file from its first bytes (512 are plenty), or null for what is no picture and no known document. */
export function fileKind(bytes: Uint8Array): FileKind | null {
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
	const tag = firstTag(text);
	if (SVG_TAGS.some((begins) => tag.startsWith(begins))) return SVG;
	if (PAGE_TAGS.some((begins) => tag.startsWith(begins))) return OTHER('web page', 'html', 'text/html');
	if (text.startsWith('PK\x03\x04')) return OTHER('ZIP or Office', 'zip', 'application/zip');
	return null;
}
