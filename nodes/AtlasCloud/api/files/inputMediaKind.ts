import { fileKind, M4A, MP4, OGG, WEBM, type FileKind } from './kinds';

function kind(name: string, extension: string, mimeType: string): FileKind {
	return { name, extension, mimeType, isInput: false };
}

/** Containers that can hold a video, or sound alone: what else a file of that kind may be sent as. */
const ALTERNATIVES = new Map<FileKind, FileKind>([
	[MP4, M4A],
	[WEBM, kind('WebM', 'webm', 'audio/webm')],
	[OGG, kind('Ogg', 'ogv', 'video/ogg')],
]);

/**
 * What a file that goes into a model may be sent as, by its bytes.
 * @param header its first bytes, 512 are enough
 * @param declaredMimeType used for videos and sounds whose format is not known here
 * @returns the likeliest first; empty if neither its bytes nor its type are known
 */
export function inputMediaKinds(header: Uint8Array, declaredMimeType: string): FileKind[] {
	const known = fileKind(header);
	if (known) return [known, ...[ALTERNATIVES.get(known) ?? []].flat()];
	const declared = /^(?:video|audio)\/(?:x-)?([a-z0-9]{2,5})$/i.exec(declaredMimeType);
	if (!declared) return [];
	const [, subtype] = declared;
	return [kind(subtype.toUpperCase(), subtype.toLowerCase(), declaredMimeType.toLowerCase())];
}
