import { asNumber } from '../json';

const ISO_TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/i;

/** A number above this is in milliseconds: as seconds it would be a time after the year 5000. */
const MAX_SECONDS = 1e11;

/** The latest time that a `Date` can hold. */
const MAX_DATE_MS = 8.64e15;

/** A time in Unix milliseconds, from seconds or milliseconds (as a number or text) or ISO 8601; null for anything else. */
export function unixMs(value: unknown): number | null {
	const ms = parseMs(value);
	return ms > 0 && ms < MAX_DATE_MS ? ms : null;
}

function parseMs(value: unknown): number {
	const number = asNumber(value);
	if (number !== null) return number > MAX_SECONDS ? number : number * 1_000;
	const match = typeof value === 'string' ? ISO_TIME.exec(value) : null;
	if (!match) return NaN;
	const [text, zone] = match;
	// `Date.parse` reads a time of day without a zone as this machine's local time; Atlas means UTC.
	const needsZone = zone === undefined && text.length > 'YYYY-MM-DD'.length;
	return Date.parse(`${text.replace(' ', 'T')}${needsZone ? 'Z' : ''}`);
}

/** A time in ISO 8601, unchanged if it already is and has a zone; null for anything else. */
export function isoTime(value: unknown): string | null {
	const ms = unixMs(value);
	if (ms === null) return null;
	const hasZone = typeof value === 'string' && ISO_TIME.exec(value)?.[1] !== undefined;
	return hasZone ? value : new Date(ms).toISOString();
}
