import { inputError, truncate } from '../errors';

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
export function readDataUri(title: string, uri: string): DataUri {
	const comma = uri.indexOf(',');
	if (comma < 0 || comma > MAX_HEAD_LENGTH) throw damagedError(title, 'it has no comma before its content');
	const [mimeType, ...parameters] = uri
		.slice('data:'.length, comma)
		.split(';')
		.map((part) => part.trim());
	const name = parameters.find((parameter) => /^(file)?name=/i.test(parameter))?.replace(/^[^=]*=/, '');
	const isBase64 = parameters.some((parameter) => parameter.toLowerCase() === 'base64');
	const content = percentDecoded(uri.slice(comma + 1));
	return {
		mimeType,
		fileName: name ? percentDecoded(name) : null,
		base64: isBase64 ? cleanBase64(title, content) : Buffer.from(content).toString('base64'),
	};
}

function percentDecoded(text: string): string {
	return text.includes('%') ? text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) => decode(codes)) : text;
}

function decode(codes: string): string {
	return Buffer.from(codes.replaceAll('%', ''), 'hex').toString('utf8');
}

function cleanBase64(title: string, content: string): string {
	const text = content.replace(/[\r\n\t]+/g, '');
	// Base64 comes in groups of four: only with the blanks if they stand for something.
	const clean = text.replaceAll(' ', text.trim().length % 4 === 0 ? '+' : '').replace(/=+$/, '');
	const odd = /[^A-Za-z0-9+/_-]/.exec(clean)?.[0];
	if (odd !== undefined) throw damagedError(title, `"${truncate(odd)}" isn’t base64`);
	if (clean.length % 4 === 1) throw damagedError(title, 'its end is missing');
	return clean;
}

function damagedError(title: string, why: string): Error {
	return inputError(
		`'${title}' contains a damaged data URI: ${why}`,
		'A data URI looks like data:image/png;base64,iVBORw0… Check how the previous node makes it.',
	);
}
