import type { Clock } from '../time/clock';

type Sleeper = Pick<Clock, 'sleepMs'>;

/** Characters at once: some milliseconds of work. A file may have a hundred million. */
const AT_ONCE = 2_000_000;

/** A long text a part at a time, so that n8n can serve other executions meanwhile. */
export async function* textParts(text: string, clock: Sleeper): AsyncGenerator<string> {
	for (let start = 0; start < text.length; start += AT_ONCE) {
		if (start > 0) await clock.sleepMs(0);
		yield text.slice(start, start + AT_ONCE);
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
