import { fileKind } from './kinds';

/** A file that is of no known kind, in the words of a message. */
export interface OtherContent {
	/** Goes on after its name: `is empty`. */
	what: string;
	/** What to do next; null where only the previous node can tell. */
	advice: string | null;
}

/** What n8n's Convert to File makes of `data:image/` when a whole data URI is decoded as base64. */
const DECODED_DATA_URI = Buffer.from('data:image/', 'base64').toString('latin1', 0, 6);

/** Whether a text is base64 of a file, perhaps in quotation marks. */
function isBase64OfFile(text: string): boolean {
	const base64 = /^["']?([A-Za-z0-9+/_\s-]+={0,2})["']?$/.exec(text.trim())?.[1];
	return base64 !== undefined && fileKind(Buffer.from(base64, 'base64')) !== null;
}

const CONVERT = 'Convert to File > Move Base64 String to File';
const OF_DATA_URI = `Use the data URI itself in place of this file. Or give ${CONVERT} only the part after "base64,"`;
const OF_DOCUMENT =
	'It may be an error message of the server that it was downloaded from. Open the file in the previous node’s output to see what it says.';

/** What is recognized, in this order: by its text, its bytes as Latin-1, or its name. */
const CONTENTS: Array<[RegExp | ((bytes: string, fileName: string) => boolean), string, string]> = [
	[(bytes) => bytes === '', 'is empty (0 bytes)', 'Check the previous node: its file has no content.'],
	[
		(bytes) => bytes.startsWith(DECODED_DATA_URI),
		'was made from a whole data URI, so it isn’t readable',
		`${OF_DATA_URI}, such as {{ $json.image.split(",")[1] }}.`,
	],
	[/^["']?data:[a-z]/i, 'contains a data URI as text, not the file itself', `${OF_DATA_URI}.`],
	[isBase64OfFile, 'contains base64 text, not the file itself', `Use ${CONVERT} to make a file of the text.`],
	[
		(_bytes, fileName) => /\.enc$/i.test(fileName),
		'is an encrypted WhatsApp file (.enc)',
		'Only your WhatsApp service can decrypt it. Use its operation for downloading media, and the file that it returns.',
	],
	[(bytes) => bytes.startsWith('\x1f\x8b'), 'is compressed (gzip)', 'Use Compression > Decompress first.'],
	[
		// What is no text became U+FFFD.
		(bytes) => /^(?:\xef\xbf\xbd)+.{0,8}(?:JFIF|Exif|PNG)/s.test(bytes),
		'is an image that was read as text, which destroys it',
		'In the HTTP Request node, set Options > Response > Response Format to File.',
	],
	[/^[{["]/, 'is a JSON document', OF_DOCUMENT],
	[/^</, 'is an XML document', OF_DOCUMENT],
];

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
	const found = CONTENTS.find(([sign]) =>
		sign instanceof RegExp ? sign.test(text) : sign(bytes.toString('latin1'), fileName ?? ''),
	);
	if (found) return { what: found[1], advice: found[2] };
	// The bytes may end in the middle of a character.
	return /[\ufffd\p{Cc}]/u.test(text.slice(0, -1).replace(/[\r\n\t]/g, ''))
		? { what: wanted === 'image' ? 'isn’t an image' : 'is of an unknown type', advice: null }
		: { what: 'is plain text', advice: null };
}
