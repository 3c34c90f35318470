import { inputError } from '../errors';
import { truncate } from '../text';
import type { Clock } from '../time/clock';

type Sleeper = Pick<Clock, 'sleepMs'>;

/** What a data URI holds. */
export interface DataUri {
	/** As it says itself; empty if it does not. */
	mimeType: string;
	fileName: string | null;
	/** Its content, decoded anew each time and a part at a time. @throws AtlasError (`input`) where it is damaged */
	open(): AsyncGenerator<Uint8Array>;
}

/** Longer than any type with its parameters. */
const MAX_HEAD_LENGTH = 300;

/**
 * Reads a data URI as forgivingly as browsers do: any type and parameters, line breaks, percent-encoding, or text in
 * place of base64; also a plus sign that a form has turned into a blank.
 * @param title the display name of its field
 * @throws AtlasError (`input`) for one without a comma
 */
export function readDataUri(title: string, uri: string, clock: Sleeper): DataUri {
	const comma = uri.slice(0, MAX_HEAD_LENGTH).indexOf(',');
	if (comma < 0) throw damagedError(title, 'it has no comma before its content');
	const [mimeType, ...parameters] = uri
		.slice('data:'.length, comma)
		.split(';')
		.map((part) => part.trim());
	const name = parameters.find((parameter) => /^(file)?name=/i.test(parameter))?.replace(/^[^=]*=/, '');
	const isBase64 = parameters.some((parameter) => parameter.toLowerCase() === 'base64');
	const content = uri.slice(comma + 1);
	return {
		mimeType,
		fileName: name ? percentDecoded(name).toString() : null,
		open: () => (isBase64 ? fromBase64(title, content, clock) : fromText(content, clock)),
	};
}

/** The bytes of a text whose percent-encoding is undone. */
function percentDecoded(text: string): Buffer {
	const bytes = Buffer.from(text).toString('latin1');
	const decoded = bytes.replace(/%([0-9a-f]{2})/gi, (_code, hex: string) =>
		String.fromCharCode(parseInt(hex, 16)),
	);
	return Buffer.from(decoded, 'latin1');
}

async function* fromText(content: string, clock: Sleeper): AsyncGenerator<Uint8Array> {
	for await (const part of textParts(content, clock)) yield percentDecoded(part);
}

async function* fromBase64(title: string, content: string, clock: Sleeper): AsyncGenerator<Uint8Array> {
	const blank = / |%20/.test(content) ? await meaningOfBlanks(title, content, clock) : '';
	let length = 0;
	const characters = async function* (): AsyncGenerator<string> {
		for await (const part of cleanParts(title, content, clock)) {
			const clean = part.replaceAll(' ', blank).replaceAll('=', '');
			length += clean.length;
			yield clean;
		}
	};
	yield* decodeParts(characters());
	if (length % 4 === 1) throw damagedError(title, 'its end is missing');
}

/** Base64 comes in groups of four: a blank is a plus sign if that makes them whole, or else nothing. */
async function meaningOfBlanks(title: string, text: string, clock: Sleeper): Promise<string> {
	let length = 0;
	for await (const part of cleanParts(title, text, clock)) length += part.length;
	return length % 4 === 0 ? '+' : '';
}

/** Base64 without percent-encoding and line breaks. */
async function* cleanParts(title: string, text: string, clock: Sleeper): AsyncGenerator<string> {
	let isPadded = false;
	for await (const part of textParts(text, clock)) {
		const clean = percentDecoded(part)
			.toString()
			.replace(/[\r\n\t]+/g, '');
		const odd = (isPadded ? /[^= ]/ : /[^A-Za-z0-9+/_ =-]|=(?=[^= ])/).exec(clean)?.[0];
		if (odd !== undefined) throw damagedError(title, `"${truncate(odd)}" isn’t base64`);
		isPadded ||= clean.includes('=');
		yield clean;
	}
}

function damagedError(title: string, why: string): Error {
	return inputError(
		`'${title}' contains a damaged data URI: ${why}`,
		'A data URI looks like data:image/png;base64,iVBORw0… Check how the previous node makes it.',
	);
}

/** Characters at once: some milliseconds of work. A file may have a hundred million. */
const AT_ONCE = 500_000;

/** A long text a part at a time, so that n8n can serve other executions meanwhile. No `%2B` falls apart. */
async function* textParts(text: string, clock: Sleeper): AsyncGenerator<string> {
	for (let start = 0, end = 0; start < text.length; start = end) {
		if (start > 0) await clock.sleepMs(0);
		end = start + AT_ONCE;
		end -= /%.?$|[\ud800-\udbff]$/.exec(text.slice(end - 2, end))?.[0].length ?? 0;
		yield text.slice(start, end);
	}
}

/** The bytes of a base64 text, a part at a time. Whatever is no base64, such as line breaks, is left out. */
export async function* decodeBase64(text: string, clock: Sleeper): AsyncGenerator<Uint8Array> {
	yield* decodeParts(textParts(text, clock));
}

async function* decodeParts(parts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
	let left = '';
	for await (const part of parts) {
		const clean = left + part.replace(/[^A-Za-z0-9+/_-]+/g, '');
		// Whole groups of four characters: each is three bytes.
		const end = clean.length - (clean.length % 4);
		left = clean.slice(end);
		if (end > 0) yield Buffer.from(clean.slice(0, end), 'base64');
	}
	if (left !== '') yield Buffer.from(left, 'base64');
}

/**
 * Whether a text is a data URI and nothing else, wrapped or not. A list is taken apart with patterns, which would take
 * seconds for an image of 50 MB.
 * @param names that could stand on a line behind it
 */
export async function isOneDataUri(text: string, names: string[], clock: Sleeper): Promise<boolean> {
	const head = /^data:[^,]{0,100},/i.exec(text.slice(0, 200))?.[0];
	if (head === undefined) return false;
	const other = /;base64,$/i.test(head) ? /[^A-Za-z0-9+/=_%\s-]/ : /[^A-Za-z0-9+/=_%-]/;
	const longestName = Math.max(0, ...names.map((name) => name.length));
	let end = '';
	for await (const part of textParts(text.slice(head.length), clock)) {
		if (other.test(part)) return false;
		const lines = end + part;
		if (lines.includes('\n') && names.some((name) => lines.includes(`\n${name}`))) return false;
		end = part.slice(-longestName - 1);
	}
	return true;
}
