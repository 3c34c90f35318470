import { fileKind, type FileKind } from './fileKind';
import { mediaFormat, type MediaFormat } from './mediaKind';

const kind = (name: string, extension: string, mimeType: string): FileKind => ({
	name,
	extension,
	mimeType,
	isInput: false,
});

/** What a file of each format may be: some hold a video, or sound alone. */
const KINDS: Record<MediaFormat, FileKind[]> = {
	mp4: [kind('MP4', 'mp4', 'video/mp4'), kind('M4A', 'm4a', 'audio/mp4')],
	mov: [kind('MOV', 'mov', 'video/quicktime')],
	m4a: [kind('M4A', 'm4a', 'audio/mp4')],
	webm: [kind('WebM', 'webm', 'video/webm'), kind('WebM', 'webm', 'audio/webm')],
	mp3: [kind('MP3', 'mp3', 'audio/mpeg')],
	wav: [kind('WAV', 'wav', 'audio/wav')],
	ogg: [kind('Ogg', 'ogg', 'audio/ogg'), kind('Ogg', 'ogv', 'video/ogg')],
	flac: [kind('FLAC', 'flac', 'audio/flac')],
	glb: [kind('GLB', 'glb', 'model/gltf-binary')],
	zip: [kind('ZIP', 'zip', 'application/zip')],
};

/** Formats that {@link fileKind} does not tell apart as well as {@link mediaFormat}. */
const COARSE_EXTENSIONS = ['mp4', 'zip'];

/**
 * What a file that goes into a model may be sent as, by its bytes.
 * @param header its first bytes, 512 are enough
 * @param declaredMimeType used for videos and sounds whose format is not known here
 * @returns the likeliest first; empty where neither its bytes nor its type tell
 */
export function inputMediaKinds(header: Uint8Array, declaredMimeType: string): FileKind[] {
	const known = fileKind(header);
	if (known && !COARSE_EXTENSIONS.includes(known.extension)) return [known];
	const format = mediaFormat(header);
	if (format) return KINDS[format];
	const declared = /^(?:video|audio)\/(?:x-)?([a-z0-9]{2,5})$/i.exec(declaredMimeType);
	return declared
		? [kind(declared[1].toUpperCase(), declared[1].toLowerCase(), declaredMimeType.toLowerCase())]
		: [];
}
