import { beginsWithMp3Frames } from './mp3Frames';

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
export const AVIF = other('AVIF', 'avif', 'image/avif');
export const SVG = other('SVG', 'svg', 'image/svg+xml');
export const ZIP = other('ZIP or Office', 'zip', 'application/zip');
export const MP4 = other('MP4', 'mp4', 'video/mp4');
export const MOV = other('MOV', 'mov', 'video/quicktime');
export const WEBM = other('WebM', 'webm', 'video/webm');
export const MATROSKA = other('MKV', 'mkv', 'video/x-matroska');
export const M4A = other('M4A', 'm4a', 'audio/mp4');
export const MP3 = other('MP3', 'mp3', 'audio/mpeg');
export const WAV = other('WAV', 'wav', 'audio/wav');
export const OGG = other('Ogg', 'ogg', 'audio/ogg');
export const FLAC = other('FLAC', 'flac', 'audio/flac');
export const GLB = other('GLB', 'glb', 'model/gltf-binary');
const PSD = other('Photoshop', 'psd', 'image/vnd.adobe.photoshop');
const ICO = other('ICO', 'ico', 'image/x-icon');
const JXL = other('JPEG XL', 'jxl', 'image/jxl');
const JP2 = other('JPEG 2000', 'jp2', 'image/jp2');

/** Every kind that is recognized by its bytes. */
export const FILE_KINDS: readonly FileKind[] = [
	...[PNG, JPEG, WEBP, GIF, BMP, TIFF, HEIC, AVIF, SVG, PSD, ICO, JXL, JP2],
	...[MP4, MOV, WEBM, MATROSKA, M4A, MP3, WAV, OGG, FLAC],
	...[GLB, ZIP, PDF, WEB_PAGE],
];

/** E.g. `a PDF`, `an SVG file`. */
export function describeKind(kind: FileKind): string {
	if (kind === WEB_PAGE || kind === PDF) return `a ${kind.name}`;
	return `${/^(AVIF|SVG|ICO|MP3|MP4|MKV|M4A|Ogg)/.test(kind.name) ? 'an' : 'a'} ${kind.name} file`;
}

/** Number of first bytes that {@link fileKind} needs at most: two MP3 frames. */
export const KIND_BYTES = 4_096;

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

/** Recognizes a file by its first {@link KIND_BYTES} bytes. Null if its kind is not among {@link FILE_KINDS}. */
export function fileKind(bytes: Uint8Array): FileKind | null {
	const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, KIND_BYTES)).toString(
		'latin1',
	);
	return imageKind(bytes, text) ?? mediaKind(bytes, text) ?? documentKind(text);
}

function imageKind(bytes: Uint8Array, text: string): FileKind | null {
	if (startsWith(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return PNG;
	if (startsWith(bytes, 0xff, 0xd8, 0xff)) return JPEG;
	if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return GIF;
	if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return WEBP;
	if (text.startsWith('BM') && [12, 40, 52, 56, 64, 108, 124].includes(bytes[14])) return BMP;
	if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(text.slice(0, 4))) return TIFF;
	if (text.startsWith('8BPS')) return PSD;
	if (startsWith(bytes, 0, 0, 1, 0)) return ICO;
	if (startsWith(bytes, 0xff, 0x0a) || text.startsWith('\0\0\0\x0cJXL ')) return JXL;
	return text.startsWith('\0\0\0\x0cjP  ') ? JP2 : null;
}

function mediaKind(bytes: Uint8Array, text: string): FileKind | null {
	if (text.slice(4, 8) === 'ftyp') return isoMediaKind(text.slice(8, 64));
	// QuickTime files from before brands existed.
	if (['moov', 'wide', 'mdat'].includes(text.slice(4, 8))) return MOV;
	if (text.startsWith('\x1a\x45\xdf\xa3')) return text.slice(0, 64).includes('webm') ? WEBM : MATROSKA;
	if (text.startsWith('RIFF') && text.slice(8, 12) === 'WAVE') return WAV;
	if (text.startsWith('OggS')) return OGG;
	if (text.startsWith('fLaC')) return FLAC;
	if (text.startsWith('glTF')) return GLB;
	return text.startsWith('ID3') || beginsWithMp3Frames(bytes) ? MP3 : null;
}

function documentKind(text: string): FileKind | null {
	if (text.startsWith('%PDF-')) return PDF;
	if (text.startsWith('PK\x03\x04')) return ZIP;
	const tag = firstTag(text);
	if (SVG_TAGS.some((start) => tag.startsWith(start))) return SVG;
	return PAGE_TAGS.some((start) => tag.startsWith(start)) ? WEB_PAGE : null;
}

/** Tells images, video, and sound apart by the brands in an ISO media header. */
function isoMediaKind(brands: string): FileKind {
	if (/^(avif|avis)/.test(brands)) return AVIF;
	if (/^(heic|heix|heim|heis|hevc|hevx|mif1|msf1)/.test(brands)) return brands.includes('avif') ? AVIF : HEIC;
	if (/^M4[AB] /.test(brands)) return M4A;
	return brands.startsWith('qt  ') ? MOV : MP4;
}
