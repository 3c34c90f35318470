import { inputError, truncate } from '../errors';
import type { Clock } from '../time/clock';

type Sleeper = Pick<Clock, 'sleepMs'>;

/** What a data URI holds. */
export interface DataUri {
	/** As it says itself; empty if it does not. */
	mimeType: string;
	fileName: string | null;
	/** The content, as n8n keeps files in memory. */
	base64: string;
}

/** Longer than any type with its parameters. */
const MAX_HEAD_LENGTH = 300;

/**
 * Reads a data URI as forgivingly as browsers do: any type and parameters, line breaks, percent-encoding, or text in
 * place of base64; also a plus sign that a form has turned into a blank.
 * @param title the display name of its field
 * @throws AtlasError (`input`) for one that is damaged
 */
export async function readDataUri(title: string, uri: string, clock: Sleeper): Promise<DataUri> {
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
		base64: isBase64 ? await cleanBase64(title, content, clock) : await toBase64(content, clock),
	};
}

/** The bytes of a text whose percent-encoding is undone. */
function percentDecoded(text: string): Buffer {
	const bytes = Buffer.from(text);
	let length = 0;
	for (let at = 0; at < bytes.length; at++) {
		const code = bytes[at] === 0x25 ? (hexDigit(bytes[at + 1]) << 4) | hexDigit(bytes[at + 2]) : -1;
		bytes[length++] = code < 0 ? bytes[at] : code;
		if (code >= 0) at += 2;
	}
	return bytes.subarray(0, length);
}

/** The value of a hexadecimal digit; -1 for anything else. */
function hexDigit(code: number): number {
	return '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase());
}

async function toBase64(content: string, clock: Sleeper): Promise<string> {
	const parts: Buffer[] = [];
	for await (const part of textParts(content, clock)) parts.push(percentDecoded(part));
	return Buffer.concat(parts).toString('base64');
}

async function cleanBase64(title: string, content: string, clock: Sleeper): Promise<string> {
	const parts: string[] = [];
	let hasBlanks = false;
	for await (const part of textParts(content, clock)) {
		const clean = percentDecoded(part)
			.toString()
			.replace(/[\r\n\t]+/g, '');
		const odd = /[^A-Za-z0-9+/_ =-]|=(?=[^= ])/.exec(clean)?.[0];
		if (odd !== undefined) throw damagedError(title, `"${truncate(odd)}" isn’t base64`);
		hasBlanks ||= clean.includes(' ');
		parts.push(clean);
	}
	const text = parts.join('');
	const base64 = (hasBlanks ? await withoutBlanks(text, clock) : text).replace(/={1,9}$/, '');
	if (base64.length % 4 === 1) throw damagedError(title, 'its end is missing');
	return base64;
}

/** Base64 comes in groups of four: only with the blanks if they stand for something. */
async function withoutBlanks(text: string, clock: Sleeper): Promise<string> {
	const character = text.trim().length % 4 === 0 ? '+' : '';
	const parts: string[] = [];
	for await (const part of textParts(text, clock)) parts.push(part.replaceAll(' ', character));
	return parts.join('');
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
export async function* decodeBase64(text: string, clock: Sleeper): AsyncGenerator<Buffer> {
	let left = '';
	for await (const part of textParts(text, clock)) {
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
	const head = /^data:[^,]{0,100};base64,/i.exec(text.slice(0, 200))?.[0];
	if (head === undefined || names.some((name) => text.includes(`\n${name}`))) return false;
	for await (const part of textParts(text.slice(head.length), clock)) {
		if (/[^A-Za-z0-9+/=_%\s-]/.test(part)) return false;
	}
	return true;
}
