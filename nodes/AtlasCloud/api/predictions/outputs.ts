import { asObject, asString, type JsonObject } from '../json';

/** One file of a completed prediction: at a URL, or as base64 in the answer itself (`enable_base64_output`). */
export type PredictionOutput = { url: string; base64?: undefined } | { url?: undefined; base64: string };

/** Models make fifteen outputs at most; a broken answer may list any number. */
export const MAX_OUTPUTS = 100;

/** Fewer characters than this are not taken for base64. */
const MIN_BASE64_LENGTH = 64;

/** No URL has this many characters without a colon or a dot, so no more need checking. */
const BASE64_SAMPLE_LENGTH = 4096;

/** The usable outputs of a record, each with its flag for content that is not safe for work. */
export function readOutputs(
	record: JsonObject,
	nsfwFlags: Array<boolean | null>,
): Array<{ output: PredictionOutput; nsfw: boolean | null }> {
	const listed = toList(record.outputs);
	const values = listed.length > 0 ? listed : toList(record.output);
	return values.slice(0, MAX_OUTPUTS).flatMap((value, index) => {
		const output = toOutput(value);
		return output ? [{ output, nsfw: nsfwFlags[index] ?? null }] : [];
	});
}

function toList(value: unknown): unknown[] {
	if (Array.isArray(value)) return value;
	return value ? [value] : [];
}

function toOutput(value: unknown): PredictionOutput | null {
	const object = asObject(value);
	const text = asString(object ? (object.url ?? object.download_url) : value);
	if (text === null) return null;
	if (/^data:/i.test(text)) return { base64: text.slice(text.indexOf(',') + 1) };
	return isBase64(text) ? { base64: text } : { url: text };
}

/** Whether a text is bare base64. A leading slash does not make it a path: base64 of a JPEG begins with one. */
function isBase64(text: string): boolean {
	// Searches for a foreign character: a pattern that repeats over millions of them overflows the stack.
	return text.length >= MIN_BASE64_LENGTH && !/[^A-Za-z0-9+/=\s_-]/.test(text.slice(0, BASE64_SAMPLE_LENGTH));
}
