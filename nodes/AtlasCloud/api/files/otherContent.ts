/** A file that is of no known kind, in the words of a message. */
export interface OtherContent {
	/** Goes on after its name: `is empty`. */
	what: string;
	/** What to do next; null where only the previous node can tell. */
	advice: string | null;
}

/** What n8n's Convert to File makes of `data:image/` when a whole data URI is decoded as base64. */
const DECODED_DATA_URI = Buffer.from('data:image/', 'base64').subarray(0, 6);

/** How base64 of a JPEG, PNG, WebP, GIF, BMP, TIFF, or PDF begins. */
const BASE64_OF_FILE =
	/^(?:\/9j\/|iVBORw0KGgo|UklGR|R0lGOD|Qk[0-9A-Za-z]|SUkq|TU0A|JVBER)[A-Za-z0-9+/=_\s-]*$/;

const CONVERT = 'Convert to File > Move Base64 String to File';

/**
 * What a file is whose bytes are of no known kind, and the step that makes an image of it.
 * @param beginning some hundred bytes, or all of a smaller file
 * @param wanted the kind of file that the field takes, such as `image`; null for any
 */
export function otherContent(
	beginning: Uint8Array,
	fileName: string | null,
	wanted: string | null,
): OtherContent {
	const bytes = Buffer.from(beginning.subarray(0, 512));
	const text = bytes
		.toString('utf8')
		.replace(/^\ufeff/, '')
		.trim();
	if (bytes.length === 0)
		return { what: 'is empty (0 bytes)', advice: 'Check the previous node: its file has no content.' };
	if (bytes.subarray(0, 6).equals(DECODED_DATA_URI))
		return {
			what: 'was made from a whole data URI, so it isn’t readable',
			advice: `Use the data URI itself in place of this file. Or give ${CONVERT} only the part after "base64,", such as {{ $json.image.split(",")[1] }}.`,
		};
	if (/^["']?data:[a-z]/i.test(text))
		return {
			what: 'contains a data URI as text, not the file itself',
			advice: `Use the data URI itself in place of this file. Or give ${CONVERT} only the part after "base64,".`,
		};
	if (BASE64_OF_FILE.test(text))
		return {
			what: 'contains base64 text, not the file itself',
			advice: `Use ${CONVERT} to make a file of the text.`,
		};
	if (/\.enc$/i.test(fileName ?? ''))
		return {
			what: 'is an encrypted WhatsApp file (.enc)',
			advice:
				'Only your WhatsApp service can decrypt it. Use its operation for downloading media, and the file that it returns.',
		};
	if (bytes[0] === 0x1f && bytes[1] === 0x8b)
		return { what: 'is compressed (gzip)', advice: 'Use Compression > Decompress first.' };
	if (/^[{["]/.test(text)) return documentOf('JSON');
	if (text.startsWith('<')) return documentOf('XML');
	// The bytes may end in the middle of a character.
	return /[\ufffd\p{Cc}]/u.test(text.slice(0, -1).replace(/[\r\n\t]/g, ''))
		? { what: wanted === 'image' ? 'isn’t an image' : 'is of an unknown type', advice: null }
		: { what: 'is plain text', advice: null };
}

function documentOf(format: string): OtherContent {
	return {
		what: `is ${format === 'XML' ? 'an' : 'a'} ${format} document`,
		advice:
			'It may be an error message of the server that it was downloaded from. Open the file in the previous node’s output to see what it says.',
	};
}
