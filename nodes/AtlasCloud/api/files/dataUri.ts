import { inputError, truncate } from '../errors';
import type { Clock } from '../time/clock';
import { textParts } from './base64';

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
export async function readDataUri(
	title: string,
	uri: string,
	clock: Pick<Clock, 'sleepMs'>,
): Promise<DataUri> {
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
		fileName: name ? percentDecoded(name) : null,
		base64: isBase64
			? await cleanBase64(title, content, clock)
			: Buffer.from(percentDecoded(content)).toString('base64'),
	};
}

function percentDecoded(text: string): string {
	return text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) =>
		Buffer.from(codes.replaceAll('%', ''), 'hex').toString('utf8'),
	);
}

/** What percent-encoding makes of the last characters of base64, and of blanks and line breaks. */
const ENCODED = [
	[/%2b/gi, '+'],
	[/%2f/gi, '/'],
	[/%3d/gi, '='],
	[/%20/g, ' '],
	[/%0[9ad]|[\r\n\t]+/gi, ''],
] as const;

async function cleanBase64(title: string, content: string, clock: Pick<Clock, 'sleepMs'>): Promise<string> {
	const parts: string[] = [];
	let code = '';
	let hasBlanks = false;
	for await (const part of textParts(content, clock)) {
		// A code may go on in the next part.
		const whole = code + part;
		code = /%.?$/.exec(whole.slice(-2))?.[0] ?? '';
		const clean = ENCODED.reduce(
			(text, [pattern, character]) => text.replace(pattern, character),
			whole.slice(0, whole.length - code.length),
		);
		const odd = /[^A-Za-z0-9+/_ =-]|=(?=[^= ])/.exec(clean)?.[0];
		if (odd !== undefined) throw damagedError(title, `"${truncate(odd)}" isn’t base64`);
		hasBlanks ||= clean.includes(' ');
		parts.push(clean);
	}
	if (code !== '') throw damagedError(title, 'its end is missing');
	let text = parts.join('');
	// Base64 comes in groups of four: only with the blanks if they stand for something.
	if (hasBlanks) text = text.replaceAll(' ', text.trim().length % 4 === 0 ? '+' : '');
	let end = text.length;
	while (text[end - 1] === '=') end--;
	const base64 = text.slice(0, end);
	if (base64.length % 4 === 1) throw damagedError(title, 'its end is missing');
	return base64;
}

function damagedError(title: string, why: string): Error {
	return inputError(
		`'${title}' contains a damaged data URI: ${why}`,
		'A data URI looks like data:image/png;base64,iVBORw0… Check how the previous node makes it.',
	);
}
