/** Videos, sounds and other results that are no images. */
export type MediaFormat = 'mp4' | 'mov' | 'm4a' | 'webm' | 'mp3' | 'wav' | 'ogg' | 'flac' | 'glb' | 'zip';

const BOX_BRANDS: Array<[RegExp, MediaFormat]> = [
	[/^qt {2}/, 'mov'],
	[/^M4[AB] /, 'm4a'],
];

/** Layer III frame: eleven set bits, a version and a layer that exist, and a bit rate that is one. */
function isMp3Frame(bytes: Uint8Array): boolean {
	const isSync = bytes[0] === 0xff && (bytes[1] & 0xe0) === 0xe0;
	const isLayer3 = (bytes[1] & 0x06) === 0x02 && (bytes[1] & 0x18) !== 0x08;
	return isSync && isLayer3 && (bytes[2] & 0xf0) !== 0xf0 && (bytes[2] & 0x0c) !== 0x0c;
}

/**
 * The format of a video, a sound, a 3D model or an archive.
 * @param bytes the first bytes of the file; 64 are enough
 * @returns null for anything else
 */
export function mediaFormat(bytes: Uint8Array): MediaFormat | null {
	const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 64)).toString('latin1');
	if (text.slice(4, 8) === 'ftyp') {
		const brand = text.slice(8, 12);
		return BOX_BRANDS.find(([pattern]) => pattern.test(brand))?.[1] ?? 'mp4';
	}
	// QuickTime files from before brands existed.
	if (['moov', 'wide', 'mdat'].includes(text.slice(4, 8))) return 'mov';
	if (text.startsWith('\x1a\x45\xdf\xa3')) return 'webm';
	if (text.startsWith('RIFF') && text.slice(8, 12) === 'WAVE') return 'wav';
	if (text.startsWith('OggS')) return 'ogg';
	if (text.startsWith('fLaC')) return 'flac';
	if (text.startsWith('glTF')) return 'glb';
	if (text.startsWith('PK\x03\x04')) return 'zip';
	if (text.startsWith('ID3') || (bytes.byteLength >= 3 && isMp3Frame(bytes))) return 'mp3';
	return null;
}
