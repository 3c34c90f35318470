import { withHttps } from '../http/addresses';
import { asObject, type JsonObject, asString } from '../json';

/**
 * One file of a completed prediction: at a URL, or as base64 in the answer itself (`enable_base64_output`). The base64 is
 * null where it was left there: see {@link Prediction.embeddedBytes}.
 */
export type PredictionOutput =
	{ url: string; base64?: undefined } | { url?: undefined; base64: string | null };

/** What a record returns. */
export interface Outputs {
	/** Each file with its flag for content that is not safe for work. */
	files: Array<{ output: PredictionOutput; nsfw: boolean | null }>;
	/** A text result, such as a transcript or lyrics; null if there is none. */
	text: string | null;
}

/** Models make fifteen outputs at most; a broken answer may list any number. */
export const MAX_OUTPUTS = 100;

/** Fewer characters than this are not taken for base64. */
const MIN_BASE64_LENGTH = 64;

/** No URL or text has this many characters without a colon, a dot, or a space, so no more need checking. */
const BASE64_SAMPLE_LENGTH = 4096;

/** The keys under which an output that is an object holds its URL. */
const URL_KEYS = ['url', 'download_url', 'video_url', 'audio_url', 'image_url'];

/** Reads what a record returns: see docs/atlas-cloud-api.md, Result. */
export function readOutputs(record: JsonObject, nsfwFlags: Array<boolean | null>): Outputs {
	const listed = toList(record.outputs);
	const values = (listed.length > 0 ? listed : toList(record.output)).slice(0, MAX_OUTPUTS).map(textOf);
	const known = textBeside(record);
	const texts = values.filter((value) => value !== null && (value === known || isPlainText(value)));
	const thumbnails = toList(record.thumbnail).map(textOf);
	const all = values.flatMap((value, index) => {
		if (value === null || texts.includes(value)) return [];
		const isThumbnail = thumbnails.includes(value);
		return [{ output: toOutput(value), nsfw: nsfwFlags[index] ?? null, isThumbnail }];
	});
	const others = all.filter(({ isThumbnail }) => !isThumbnail);
	// What is billed is not dropped: a thumbnail that is the only output is the result.
	const files = others.length > 0 ? others : all;
	return { files, text: texts.length > 0 ? texts.join('\n') : known };
}

function toList(value: unknown): unknown[] {
	if (Array.isArray(value)) return value;
	return value ? [value] : [];
}

/** An output's URL, base64, or text; null if it holds none, or is marked as a thumbnail. */
function textOf(value: unknown): string | null {
	const object = asObject(value);
	if (!object) return asText(value);
	if ([object.type, object.role, object.kind].includes('thumbnail')) return null;
	return URL_KEYS.map((key) => asText(object[key])).find((url) => url !== null) ?? null;
}

function toOutput(text: string): PredictionOutput {
	if (/^data:/i.test(text)) return { base64: text.slice(text.indexOf(',') + 1) };
	return isBase64(text) ? { base64: text } : { url: withHttps(text) };
}

/** Whether a text is bare base64. A leading slash does not make it a path: base64 of a JPEG begins with one. */
function isBase64(text: string): boolean {
	// Searches for a foreign character: a pattern that repeats over millions of them overflows the stack.
	return (
		text.length >= MIN_BASE64_LENGTH && !/[^A-Za-z0-9+/=\r\n_-]/.test(text.slice(0, BASE64_SAMPLE_LENGTH))
	);
}

/** Addresses without a scheme: a path, a host name or IPv4 address before a slash, or a file's extension after one. */
const ADDRESS =
	/^[.~]{0,2}\/|^[^/]*\.([a-z][a-z0-9-]+|(\d+\.){2}\d+)(:\d+)?\/|:\/\/|\/[^/]*\.(?=\d*[a-z])[a-z0-9]{2,8}([?#].*)?$/i;

/**
 * Whether an output is text for people. What looks like an address is never text: a link that may not be followed has
 * to be reported as such.
 */
function isPlainText(text: string): boolean {
	if (isBase64(text)) return false;
	const beginning = text.slice(0, BASE64_SAMPLE_LENGTH).trim();
	const isAddress = !/\s/.test(beginning) && ADDRESS.test(beginning);
	return !isAddress && !/^(data:[^\s,]*,|[a-z][a-z0-9+.-]*:\S*$|https?:)/i.test(beginning);
}

/** A string that holds more than blanks, or null. */
function asText(value: unknown): string | null {
	const text = asString(value);
	return text !== null && /\S/.test(text) ? text : null;
}

/** The text result that a record holds beside its outputs; null if there is none. See docs/atlas-cloud-api.md, Result. */
function textBeside({ stt_result: heard, lyrics_result: sung }: JsonObject): string | null {
	const values = [heard, asObject(heard)?.text, sung, asObject(sung)?.lyrics];
	return values.map(asText).find((text) => text !== null) ?? null;
}
