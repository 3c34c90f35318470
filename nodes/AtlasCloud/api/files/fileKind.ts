/** A kind of file, recognized by its first bytes. */
export interface FileKind {
	/** What people call it, e.g. `JPEG`. */
	name: string;
	extension: string;
	mimeType: string;
	/** Whether Seedream accepts it as input (docs/atlas-cloud-api.md, The Seedream models). */
	isInput: boolean;
}

const other = (name: string, extension: string, mimeType: string): FileKind => ({
	name,
	extension,
	mimeType,
	isInput: false,
});
const input = (...kind: Parameters<typeof other>): FileKind => ({ ...other(...kind), isInput: true });

export const PNG = input('PNG', 'png', 'image/png');
export const JPEG = input('JPEG', 'jpg', 'image/jpeg');
export const WEBP = input('WebP', 'webp', 'image/webp');
export const GIF = input('GIF', 'gif', 'image/gif');
export const BMP = input('BMP', 'bmp', 'image/bmp');
export const TIFF = input('TIFF', 'tiff', 'image/tiff');
export const HEIC = other('HEIC', 'heic', 'image/heic');
export const PDF = other('PDF', 'pdf', 'application/pdf');
export const WEB_PAGE = other('web page', 'html', 'text/html');
const AVIF = other('AVIF', 'avif', 'image/avif');
const SVG = other('SVG', 'svg', 'image/svg+xml');

/** Number of first bytes that {@link fileKind} needs at most. */
export const KIND_BYTES = 512;

const startsWith = (bytes: Uint8Array, ...prefix: number[]) => prefix.every((byte, i) => bytes[i] === byte);

const SVG_TAGS = ['<!doctype svg', '<svg'];
const PAGE_TAGS = ['<!doctype html', '<html', '<head', '<body', '<script'];

/** The first tag of a document, in lower case, after any byte order mark, XML declarations, and comments. */
function firstTag(text: string): string {
	let rest = text.startsWith('\xef\xbb\xbf') ? text.slice(3) : text;
	// Not a regular expression: with nested repeats it backtracks forever on many comments in a row.
	for (;;) {
		rest = rest.trimStart();
		const [opener, closer] = rest.startsWith('<!--') ? ['<!--', '-->'] : ['<?', '?>'];
		if (!rest.startsWith(opener)) return rest.slice(0, 32).toLowerCase();
		const end = rest.indexOf(closer, opener.length);
		if (end < 0) return '';
		rest = rest.slice(end + closer.length);
	}
}

/** Whether a file may be returned as an image. An SVG may not: it can hold a script. */
export function isImage(kind: FileKind | null): kind is FileKind {
	return kind !== null && kind !== SVG && kind.mimeType.startsWith('image/');
}

/** Recognizes a file by its first {@link KIND_BYTES} bytes. Null where it is neither an image nor a known document. */
export function fileKind(bytes: Uint8Array): FileKind | null {
	const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, KIND_BYTES)).toString(
		'latin1',
	);
	if (startsWith(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return PNG;
	if (startsWith(bytes, 0xff, 0xd8, 0xff)) return JPEG;
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
	if (text.slice(4, 8) === 'ftyp') return isoMediaKind(text.slice(8, 64));
	if (text.startsWith('%PDF-')) return PDF;
	if (text.startsWith('8BPS')) return other('Photoshop', 'psd', 'image/vnd.adobe.photoshop');
	if (startsWith(bytes, 0, 0, 1, 0)) return other('ICO', 'ico', 'image/x-icon');
	if (startsWith(bytes, 0xff, 0x0a) || text.startsWith('\0\0\0\x0cJXL '))
		return other('JPEG XL', 'jxl', 'image/jxl');
	if (text.startsWith('\0\0\0\x0cjP  ')) return other('JPEG 2000', 'jp2', 'image/jp2');
	const tag = firstTag(text);
	if (SVG_TAGS.some((start) => tag.startsWith(start))) return SVG;
	if (PAGE_TAGS.some((start) => tag.startsWith(start))) return WEB_PAGE;
	if (text.startsWith('PK\x03\x04')) return other('ZIP or Office', 'zip', 'application/zip');
	return null;
}

/** Tells AVIF, HEIC, and video apart by the brands in an ISO media header. */
function isoMediaKind(brands: string): FileKind {
	if (/^(avif|avis)/.test(brands)) return AVIF;
	if (/^(heic|heix|heim|heis|hevc|hevx|mif1|msf1)/.test(brands)) return brands.includes('avif') ? AVIF : HEIC;
	return other('video', 'mp4', 'video/mp4');
}
