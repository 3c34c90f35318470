import { rawFormat } from './tiff';

/** A kind of file, recognized by its first bytes. */
export interface FileKind {
	/** What people call it, e.g. `JPEG`. */
	name: string;
	extension: string;
	mimeType: string;
	/** Whether Seedream accepts it as input (docs/atlas-cloud-api.md, The Seedream models). */
	isInput: boolean;
	/** How it begins, its bytes read as Latin-1. */
	signature?: RegExp;
}

function other(name: string, extension: string, mimeType: string, signature?: RegExp): FileKind {
	return { name, extension, mimeType, isInput: false, signature };
}

function input(...kind: Parameters<typeof other>): FileKind {
	return { ...other(...kind), isInput: true };
}

function raw(name: string, signature?: RegExp): FileKind {
	return other(name, name.toLowerCase(), `image/x-${name.toLowerCase()}`, signature);
}

export const PNG = input('PNG', 'png', 'image/png', /^\x89PNG\r\n\x1a\n/);
export const JPEG = input('JPEG', 'jpg', 'image/jpeg', /^\xff\xd8\xff/);
export const WEBP = input('WebP', 'webp', 'image/webp', /^RIFF.{4}WEBP/s);
export const GIF = input('GIF', 'gif', 'image/gif', /^GIF8[79]a/);
// The length of its header tells it from a text.
export const BMP = input('BMP', 'bmp', 'image/bmp', /^BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]/s);
export const TIFF = input('TIFF', 'tiff', 'image/tiff', /^(II\*\0|MM\0\*)/);
export const HEIC = other('HEIC', 'heic', 'image/heic', /^.{4}ftyp(hei[cmsx]|hev[cx]|mif1|msf1)/s);
export const PDF = other('PDF', 'pdf', 'application/pdf', /^%PDF-/);
export const WEB_PAGE = other('web page', 'html', 'text/html');
export const AVIF = other('AVIF', 'avif', 'image/avif', /^.{4}ftyp(avi[fs]|(hei|hev|mif|msf).{0,50}avif)/s);
export const SVG = other('SVG', 'svg', 'image/svg+xml');
export const ZIP = other('ZIP or Office', 'zip', 'application/zip', /^PK\x03\x04/);
export const MP4 = other('MP4', 'mp4', 'video/mp4', /^.{4}ftyp/s);
// Its older files have no brands.
export const MOV = other('MOV', 'mov', 'video/quicktime', /^.{4}(ftypqt {2}|moov|wide|mdat)/s);
const WEBM = other('WebM', 'webm', 'video/webm', /^\x1aE\xdf\xa3.{0,56}webm/s);
const MATROSKA = other('MKV', 'mkv', 'video/x-matroska', /^\x1aE\xdf\xa3/);
const AVI = other('AVI', 'avi', 'video/x-msvideo', /^RIFF.{4}AVI /s);
const M4A = other('M4A', 'm4a', 'audio/mp4', /^.{4}ftypM4[AB] /s);
// A tag, or the head of a Layer III frame.
export const MP3 = other('MP3', 'mp3', 'audio/mpeg', /^(ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef])/);
export const WAV = other('WAV', 'wav', 'audio/wav', /^RIFF.{4}WAVE/s);
export const OGG = other('Ogg', 'ogg', 'audio/ogg', /^OggS/);
const FLAC = other('FLAC', 'flac', 'audio/flac', /^fLaC/);
export const GLB = other('GLB', 'glb', 'model/gltf-binary', /^glTF/);

const CAMERA_RAWS = [
	raw('CR2', /^II\*\0.{4}CR/s),
	raw('CR3', /^.{4}ftypcrx/s),
	raw('RAF', /^FUJIFILMCCD-RAW/),
	raw('ORF', /^(II(RO|RS)|MMOR)/),
	raw('RW2', /^IIU\0/),
	// These begin as any TIFF does.
	...['DNG', 'NEF', 'ARW', 'raw'].map((name) => raw(name)),
];

/** Every kind that is recognized by its bytes, in the order in which they are tried. */
export const FILE_KINDS: readonly FileKind[] = [
	...CAMERA_RAWS,
	...[PNG, JPEG, WEBP, GIF, BMP, TIFF, AVIF, HEIC],
	other('Photoshop', 'psd', 'image/vnd.adobe.photoshop', /^8BPS/),
	other('ICO', 'ico', 'image/x-icon', /^\0\0\x01\0/),
	other('JPEG XL', 'jxl', 'image/jxl', /^(\xff\n|\0{3}\x0cJXL )/),
	other('JPEG 2000', 'jp2', 'image/jp2', /^\0{3}\x0cjP {2}/),
	...[M4A, MOV, MP4, WEBM, MATROSKA, AVI, WAV, OGG, FLAC, GLB, MP3],
	...[PDF, ZIP, SVG, WEB_PAGE],
];

/** E.g. `a PDF`, `an SVG file`. */
export function describeKind(kind: FileKind): string {
	if (kind === WEB_PAGE || kind === PDF) return `a ${kind.name}`;
	if (CAMERA_RAWS.includes(kind)) return `a camera raw file (${kind.name})`;
	return `${/^([AIO]|M[P4K]|SVG)/.test(kind.name) ? 'an' : 'a'} ${kind.name} file`;
}

/** Number of first bytes that {@link fileKind} needs at most: of a document with comments before its first tag. */
export const KIND_BYTES = 4_096;

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
	const kind = FILE_KINDS.find(({ signature }) => signature?.test(text));
	if (kind && kind !== TIFF) return kind;
	if (kind) return CAMERA_RAWS.find(({ name }) => name === rawFormat(bytes)) ?? TIFF;
	const tag = firstTag(text);
	if (SVG_TAGS.some((start) => tag.startsWith(start))) return SVG;
	return PAGE_TAGS.some((start) => tag.startsWith(start)) ? WEB_PAGE : null;
}

/** Containers that can hold a video, or sound alone: what else a file of that kind may be sent as. */
const ALTERNATIVES = new Map<FileKind, FileKind>([
	[MP4, M4A],
	[WEBM, other('WebM', 'webm', 'audio/webm')],
	[OGG, other('Ogg', 'ogv', 'video/ogg')],
]);

/**
 * What a file that goes into a model may be sent as.
 * @param kind by its bytes
 * @param declaredMimeType used for videos and sounds whose format is not known here
 * @returns the likeliest first; empty if neither its bytes nor its type are known
 */
export function inputKinds(kind: FileKind | null, declaredMimeType: string): FileKind[] {
	if (kind) return [kind, ...[ALTERNATIVES.get(kind) ?? []].flat()];
	const declared = /^(?:video|audio)\/(?:x-(?:ms-)?)?([a-z0-9]{2,5})$/i.exec(declaredMimeType);
	if (!declared) return [];
	const [, subtype] = declared;
	return [other(subtype.toUpperCase(), subtype.toLowerCase(), declaredMimeType.toLowerCase())];
}

/** Whether the bytes of such a file have to tell what it is: nobody's word is enough. */
export function isToldByBytes({ mimeType, extension }: FileKind): boolean {
	return /^(image|video|audio)\//.test(mimeType) || FILE_KINDS.some((kind) => kind.extension === extension);
}

/** What to do about a file of the wrong kind. @param wanted the kind that its field takes, such as `image` */
export function adviceOnKind(kind: FileKind, wanted: string | null): string {
	if (kind === WEB_PAGE) return 'The previous node returned a web page instead of the file: check its URL.';
	if (wanted !== 'image') return 'Check what the previous node returns.';
	if (CAMERA_RAWS.includes(kind)) return 'Export it as JPEG first, for example with your photo app.';
	if (kind === HEIC)
		return 'Convert it to JPEG first. To take JPEG photos with an iPhone, choose Settings > Camera > Formats > Most Compatible.';
	if (kind === PDF) return 'Convert the page to an image first.';
	return kind.mimeType.startsWith('image/')
		? 'Convert it to JPEG or PNG first.'
		: 'Check what the previous node returns.';
}
