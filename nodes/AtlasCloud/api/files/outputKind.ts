import { isValidUrl } from '../text';
import { FILE_KINDS, fileKind, KIND_BYTES, SVG, WEB_PAGE, ZIP, type FileKind } from './kinds';

/** What the host says about a file. */
export interface ServedAs {
	contentType?: string;
	url: string;
}

/** Types that say nothing about the file. Plain text is one: error pages are served as such, too. */
const VAGUE_TYPE =
	/^(text\/plain|(application|binary)\/(octet-stream|(x-)?binary|(force-)?download|unknown))$/;

/** What a model never makes: pages, programs, and the JSON or XML of an error. */
const FORBIDDEN_TYPE = /html|xml|json|svg|script|x-sh$|php|executable|msdownload|msdos|x-elf|mach-binary/;

/** Types of kinds that are recognized by their bytes, with other names of them. */
const KNOWN_TYPES = new Set([
	...FILE_KINDS.map(({ mimeType }) => mimeType),
	...['image/jpg', 'image/pjpeg', 'image/heif', 'image/x-png', 'image/x-ms-bmp', 'image/vnd.microsoft.icon'],
	...['audio/mp3', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave', 'audio/x-m4a', 'audio/m4a', 'audio/x-flac'],
	...['audio/opus', 'application/ogg', 'video/x-m4v', 'application/x-zip-compressed'],
]);

/** Extensions of these kinds, and of what a model never makes. */
const REFUSED_EXTENSIONS = new Set([
	...FILE_KINDS.map(({ extension }) => extension),
	...'jpeg jpe jfif tif heif m4v qt oga opus m4b htm html xhtml xml json svg svgz js mjs cjs php'.split(' '),
	...'asp aspx jsp css wasm exe dll msi com scr bat cmd ps1 vbs hta sh jar bin'.split(' '),
]);

/**
 * The kind of an output: by its bytes if they tell, else as the host serves it.
 * @param beginning its first {@link KIND_BYTES} bytes
 * @param servedAs left out for a file in the answer itself
 * @returns null for anything that may not be returned as a file
 */
export function outputKind(beginning: Uint8Array, servedAs?: ServedAs): FileKind | null {
	const kind = fileKind(beginning);
	// USDZ, 3MF, and others are ZIPs inside.
	if (kind === ZIP && servedAs) return kindServed(servedAs) ?? kindServed({ url: servedAs.url }) ?? ZIP;
	if (kind) return kind === SVG || kind === WEB_PAGE ? null : kind;
	return servedAs && beginning.byteLength > 0 && !looksLikeMarkup(beginning) ? kindServed(servedAs) : null;
}

/**
 * What a file is that may not be returned, where it surely is the result: an error in its place is a page, or JSON that the
 * link does not announce. Null for any other.
 */
export function unwantedFile(beginning: Uint8Array, url: string): string | null {
	if (fileKind(beginning) === SVG) return 'an SVG file';
	const isJson = /json$|^gltf$/.test(extensionOf(url) ?? '') && /^[{[]/.test(textOf(beginning));
	return isJson ? 'a JSON file' : null;
}

/** Pages, XML, and JSON, whatever they are served as. */
function looksLikeMarkup(beginning: Uint8Array): boolean {
	return /^(<|\{\s*["}]|\[\s*[{"\]])/.test(textOf(beginning));
}

function textOf(beginning: Uint8Array): string {
	return Buffer.from(beginning.subarray(0, KIND_BYTES))
		.toString('utf8')
		.replace(/^\ufeff/, '')
		.trimStart();
}

function kindServed({ contentType = '', url }: ServedAs): FileKind | null {
	const mimeType = contentType.split(';')[0].trim().toLowerCase();
	const extension = extensionOf(url);
	// A file of a known kind would have been recognized by its bytes: it is not what it is served as.
	if (FORBIDDEN_TYPE.test(mimeType) || KNOWN_TYPES.has(mimeType)) return null;
	if (extension !== null && REFUSED_EXTENSIONS.has(extension)) return null;
	const isVague = !/^[a-z]+\/[a-z0-9][a-z0-9.+-]*$/.test(mimeType) || VAGUE_TYPE.test(mimeType);
	if (isVague) return extension === null ? null : served(extension, 'application/octet-stream');
	return served(extension ?? extensionOfType(mimeType), mimeType);
}

function served(extension: string, mimeType: string): FileKind {
	return { name: `.${extension} file`, extension, mimeType, isInput: false };
}

/** The extension in a URL's path, in lower case; null if there is none. */
function extensionOf(url: string): string | null {
	const path = isValidUrl(url) ? new URL(url).pathname : '';
	return /\.([a-z0-9]{1,8})$/i.exec(path)?.[1].toLowerCase() ?? null;
}

/** For a URL without one: the subtype, such as `usdz` of `model/vnd.usdz+zip`, without characters that no extension has. */
function extensionOfType(mimeType: string): string {
	const subtype = mimeType.split('/')[1].replace(/^(x-|vnd\.)+|\+.*/g, '');
	return subtype.replace(/[^a-z0-9]/g, '').slice(0, 12);
}
