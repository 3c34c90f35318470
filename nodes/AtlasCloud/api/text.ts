/** E.g. `1 edit`, `2 edits`. */
export function plural(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** E.g. `2 edits submitted`; empty for none. */
export function countNoun(count: number, noun: string, participle = ''): string[] {
	return count === 0 ? [] : [`${plural(count, noun)}${participle}`];
}

/** E.g. `an edit`, `a prediction`. */
export function withArticle(noun: string): string {
	return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

/*
 * Text of somebody else: Atlas, the author of a model, the sender of a form. It goes into messages and into the panel of
 * n8n, which shows some texts as HTML and evaluates parameters that begin with `=`.
 */

const MAX_LENGTH = 200;

/** Replaces line breaks, control characters, and those that change the direction of text. */
export function oneLine(text: string): string {
	return text.replace(/[\s\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
}

/** Text that begins no HTML tag. A `>` stays, as in "Prediction > Get". */
export function withoutTags(text: string): string {
	return text.replaceAll('<', '‹');
}

/** Text for a message: one line without HTML, at most 200 characters. Of a data URI, only its type. */
export function truncate(text: string): string {
	// More than is kept, but not all: a text can have millions of characters.
	const beginning = text.slice(0, 2 * MAX_LENGTH);
	const line = withoutTags(oneLine(beginning));
	if (/^data:/i.test(line)) return `${line.split(/[;,]/, 1)[0].slice(0, MAX_LENGTH - 2)};…`;
	if (line.length <= MAX_LENGTH && beginning.length === text.length) return line;
	return `${cut(line, MAX_LENGTH - 1)}…`;
}

/** The beginning of a text, without half a character at its end. @param maxLength in UTF-16 code units */
export function cut(text: string, maxLength: number): string {
	return text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '');
}

/** Names for a message, the first ten: `a, b, and 3 more`. */
export function listNames(names: string[]): string {
	const shown = names.slice(0, 10).map(truncate);
	return [...shown, ...(names.length > 10 ? [`and ${names.length - 10} more`] : [])].join(', ');
}

/** Whether n8n would evaluate a value once it is in a parameter. */
export function isExpression(value: unknown): boolean {
	return typeof value === 'string' && value.startsWith('=');
}

/** A name for the panel: plain text, and never an expression, because n8n keeps it in the parameter. */
export function labelOf(text: string): string {
	return truncate(text.slice(0, 4 * MAX_LENGTH).replace(/^[\s=]+/, ''));
}

/** Whether a text is a URL. Not `URL.canParse`: once V8 has optimized it, Node 20 denies URLs with an umlaut. */
export function isValidUrl(text: string, base?: string): boolean {
	try {
		return new URL(text, base) !== null;
	} catch {
		return false;
	}
}
