import { cameraRaw } from './tiff';

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
const CAMERA_RAWS = ['DNG', 'NEF', 'ARW', 'CR2', 'CR3', 'RAF', 'ORF', 'RW2', 'raw'].map((name) =>
	other(name, name.toLowerCase(), `image/x-${name.toLowerCase()}`),
);

/** Every kind that is recognized by its bytes. */
export const FILE_KINDS: readonly FileKind[] = [
	...[PNG, JPEG, WEBP, GIF, BMP, TIFF, HEIC, AVIF, SVG, PSD, ICO, JXL, JP2, ...CAMERA_RAWS],
	...[MP4, MOV, WEBM, MATROSKA, M4A, MP3, WAV, OGG, FLAC],
	...[GLB, ZIP, PDF, WEB_PAGE],
];

/** E.g. `a PDF`, `an SVG file`. */
export function describeKind(kind: FileKind): string {
	if (kind === WEB_PAGE || kind === PDF) return `a ${kind.name}`;
	if (CAMERA_RAWS.includes(kind)) return `a camera raw file (${kind.name})`;
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
	const raw = cameraRaw(bytes);
	if (raw !== null) return CAMERA_RAWS.find(({ name }) => name === raw) ?? null;
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
	const declared = /^(?:video|audio)\/(?:x-)?([a-z0-9]{2,5})$/i.exec(declaredMimeType);
	if (!declared) return [];
	const [, subtype] = declared;
	return [other(subtype.toUpperCase(), subtype.toLowerCase(), declaredMimeType.toLowerCase())];
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

/** Kilobits per second of a Layer III frame, by MPEG version and index. 0 and 15 are not used. */
const BIT_RATES = {
	1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
	2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

const SAMPLE_RATES = [44_100, 48_000, 32_000];

/** How much slower each version's samples are; undefined for the one that does not exist. */
const RATE_DIVISORS = [4, undefined, 2, 1];

/** The length in bytes of the Layer III frame that begins at an offset; null if none does. */
function frameLength(bytes: Uint8Array, at: number): number | null {
	if (bytes[at] !== 0xff || (bytes[at + 1] & 0xe6) !== 0xe2) return null;
	const divisor = RATE_DIVISORS[(bytes[at + 1] >> 3) & 3];
	const sampleRate = SAMPLE_RATES[(bytes[at + 2] >> 2) & 3];
	const isVersion1 = divisor === 1;
	const kilobits = BIT_RATES[isVersion1 ? 1 : 2][bytes[at + 2] >> 4];
	if (divisor === undefined || !sampleRate || !kilobits) return null;
	const padding = (bytes[at + 2] >> 1) & 1;
	return Math.floor(((isVersion1 ? 144 : 72) * kilobits * 1_000) / (sampleRate / divisor)) + padding;
}

/**
 * Whether bytes begin with two MP3 frames, one after the other. One alone is no proof: of a few
 * thousand noisy files, one begins like a frame.
 */
export function beginsWithMp3Frames(bytes: Uint8Array): boolean {
	const length = frameLength(bytes, 0);
	return length !== null && frameLength(bytes, length) !== null;
}
