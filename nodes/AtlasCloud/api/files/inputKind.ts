import { inputError } from '../errors';
import {
	BMP,
	describeKind,
	GIF,
	HEIC,
	JPEG,
	PDF,
	PNG,
	TIFF,
	WEB_PAGE,
	WEBP,
	type FileKind,
} from './fileKind';

const ACCEPTED = [JPEG, PNG, WEBP, GIF, BMP].map(({ name }) => name).join(', ');
const ACCEPTED_TEXT = `Seedream accepts ${ACCEPTED}, and ${TIFF.name}.`;

/**
 * Checks that Seedream accepts a kind of file.
 * @param holder what the file is, as a subject of "is": `The file in Photo`
 * @throws AtlasError (`input`) that names the kind and what to do about it
 */
export function checkInputKind(
	holder: string,
	kind: FileKind | null,
): asserts kind is FileKind & { isInput: true } {
	if (kind?.isInput) return;
	const found = kind ? `is ${describeKind(kind)}, which Seedream can’t edit` : 'isn’t an image';
	throw inputError(`${holder} ${found}`, `${ACCEPTED_TEXT} ${adviceFor(kind)}`);
}

function adviceFor(kind: FileKind | null): string {
	switch (kind) {
		case HEIC:
			return 'Convert it to JPEG first. To take JPEG photos with an iPhone, choose Settings > Camera > Formats > Most Compatible.';
		case PDF:
			return 'Convert the page to an image first.';
		case WEB_PAGE:
			return 'The previous node returned a web page instead of an image: check its URL.';
		default:
			return kind?.mimeType.startsWith('image/')
				? 'Convert it to JPEG or PNG first.'
				: 'Check what the previous node returns.';
	}
}
