import { asObject, asString, type JsonObject } from '../json';

/** The fields of a record that hold a text result, each with the key of the text in it. */
const TEXT_FIELDS = [
	['stt_result', 'text'],
	['lyrics_result', 'lyrics'],
] as const;

/** A string that holds more than blanks, or null. */
export function asText(value: unknown): string | null {
	const text = asString(value);
	return text !== null && /\S/.test(text) ? text : null;
}

/** The text result that a record holds beside its outputs; null if there is none. See docs/atlas-cloud-api.md, Result. */
export function textBeside(record: JsonObject): string | null {
	const texts = TEXT_FIELDS.map(
		([field, key]) => asText(record[field]) ?? asText(asObject(record[field])?.[key]),
	);
	return texts.find((text) => text !== null) ?? null;
}
