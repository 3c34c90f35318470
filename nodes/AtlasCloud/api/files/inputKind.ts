import { inputError } from '../errors';
import { BMP, GIF, HEIC, JPEG, PDF, PNG, TIFF, WEB_PAGE, WEBP, type FileKind } from './fileKind';

const ACCEPTED = [JPEG, PNG, WEBP, GIF, BMP].map(({ name }) => name).join(', ');
const ACCEPTED_TEXT = `Seedream takes ${ACCEPTED} and ${TIFF.name}.`;

/**
 * Checks that Seedream accepts a kind of file.
 * @param holder what holds the file, as a subject of "holds"
 * @throws AtlasError (`input`) that names the kind and what to do about it
 */
export function checkInputKind(
	holder: string,
	kind: FileKind | null,
): asserts kind is FileKind & { isInput: true } {
	if (kind?.isInput) return;
	const found = kind ? `holds ${withArticle(kind)}, which Seedream does not take` : 'holds no picture';
	throw inputError(`${holder} ${found}`, `${ACCEPTED_TEXT}${adviceFor(kind)}`);
}

function adviceFor(kind: FileKind | null): string {
	if (!kind) return ' Check what the node before this one puts into the field.';
	if (kind === PDF) return ' Turn the page into a picture first.';
	if (kind === WEB_PAGE) return ' The node before this one downloaded a page: check its URL.';
	if (!kind.mimeType.startsWith('image/')) return '';
	const iPhone = kind === HEIC ? ' (iPhone: Settings, Camera, Formats, Most Compatible)' : '';
	return ` Convert it first, for instance with n8n’s Edit Image node or in the app it comes from${iPhone}.`;
}

function withArticle(kind: FileKind): string {
	if (kind === WEB_PAGE) return 'a web page';
	return `${/^(AVIF|SVG|ICO|MP3|MP4|MKV|M4A|Ogg)/.test(kind.name) ? 'an' : 'a'} ${kind.name} file`;
}
