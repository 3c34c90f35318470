import { asArray, asNumber, asObject, asString, type JsonObject } from '../json';

const MEDIA_KINDS = ['image', 'video', 'audio'] as const;

export type MediaKind = (typeof MEDIA_KINDS)[number];

function isMediaKind(value: unknown): value is MediaKind {
	return MEDIA_KINDS.some((kind) => kind === value);
}

/** What files a field of a model takes. */
export interface MediaRule {
	/** Null where any file will do, or the schema does not tell. */
	kind: MediaKind | null;
	isList: boolean;
	/** Where the list holds objects (`refers[{url, type}]`), the key of the file in each. */
	objectKey: string | null;
	/** The key beside it that names the kind of file: `image`, `video` or `audio`. */
	kindKey: string | null;
	/** The schemas of all keys of such an object. */
	entry?: JsonObject;
	/** `image/png`, `image/*` or `.png`, in lower case; empty where the schema does not tell. */
	accept: string[];
	/** Megabytes (10^6 bytes). */
	maxSizeMb: number | null;
}

/** By word, the kind that it says. A map, because words come from strangers: `constructor` is none of ours. */
function mapOf(words: Record<MediaKind, string[]>): ReadonlyMap<string, MediaKind> {
	return new Map(MEDIA_KINDS.flatMap((kind) => words[kind].map((word) => [word, kind] as const)));
}

/**
 * The last word of a field's name that says "a file of this kind". The word counts only at the end:
 * `image_size` and `num_images` are no files. See docs/atlas-cloud-api.md, Catalog, for the names in use.
 */
const NOUNS = mapOf({
	image: ['image', 'images', 'img', 'photo', 'photos', 'picture', 'pictures', 'frame', 'frames', 'mask'],
	video: ['video', 'videos', 'clip'],
	audio: ['audio', 'audios', 'song', 'music'],
});

/** Words after the noun that change nothing: `image_url_1`, `video_path`. */
const SUFFIXES = new Set(['url', 'urls', 'uri', 'uris', 'link', 'links', 'path', 'file', 'files', 'base64']);

/** Words before a noun that make it something else: a count, a choice, an amount. */
const OTHER_MEANINGS = new Set([
	...['num', 'max', 'min', 'n', 'number', 'count'],
	...['generate', 'enable', 'with', 'keep'],
]);

function wordsOf(name: string): string[] {
	return name
		.replace(/([a-z0-9])([A-Z])/g, '$1_$2')
		.toLowerCase()
		.split(/[_\s-]+/)
		.filter((word) => word !== '' && !/^\d+$/.test(word));
}

function kindByName(name: string): MediaKind | null {
	const words = wordsOf(name);
	while (words.length > 1 && SUFFIXES.has(words[words.length - 1])) words.pop();
	if (words.some((word) => OTHER_MEANINGS.has(word))) return null;
	return NOUNS.get(words[words.length - 1]) ?? null;
}

const KIND_OF_EXTENSION = mapOf({
	image: ['jpg', 'jpeg', 'png', 'webp', 'gif', 'bmp', 'tiff', 'heic'],
	video: ['mp4', 'mov', 'webm', 'mkv', 'avi'],
	audio: ['mp3', 'wav', 'ogg', 'flac', 'm4a', 'aac'],
});

/** `x-accept` as a text with commas, or a list. */
function acceptOf(schema: JsonObject | undefined): string[] {
	const value = schema?.['x-accept'];
	const entries = typeof value === 'string' ? value.split(',') : asArray(value);
	return entries.flatMap((entry) => asString(entry)?.trim().toLowerCase() ?? []);
}

function kindByAccept(accept: string[]): MediaKind | null {
	const kinds = new Set(
		accept.map((entry) => {
			const [type] = entry.split('/');
			return isMediaKind(type) ? type : KIND_OF_EXTENSION.get(entry.replace(/^\./, ''));
		}),
	);
	return kinds.size === 1 ? ([...kinds][0] ?? null) : null;
}

function isText(schema: JsonObject | undefined): boolean {
	const type = schema?.type;
	return type === 'string' || (Array.isArray(type) && type.includes('string'));
}

/**
 * Tells whether a field takes files. The schema decides where it says so (`x-accept`, `format`), else the
 * field's name. A boolean, a number and a list of choices are never files, whatever they are called.
 * @param items the schema of a list's entries
 */
export function mediaRuleOf(
	name: string,
	schema: JsonObject,
	items: JsonObject | undefined,
): MediaRule | null {
	const isList = schema.type === 'array' || items !== undefined;
	// Of a list of objects: the property that holds an address, and the one whose choices are kinds of files.
	const properties = asObject(items?.properties) ?? {};
	const objectKey = Object.keys(properties).find((key) => /^(url|uri)$|_url$/i.test(key)) ?? null;
	const isKindKey = (key: string) => asArray(asObject(properties[key])?.enum).some(isMediaKind);
	const kindKey = objectKey === null ? null : (Object.keys(properties).find(isKindKey) ?? null);
	const entry = objectKey === null ? items : asObject(properties[objectKey]);
	const holder = isList ? entry : schema;
	if (!isText(holder) || schema.enum !== undefined || holder?.enum !== undefined) return null;
	const accept = [...new Set([schema, items, entry].flatMap(acceptOf))];
	const kind = kindByAccept(accept) ?? kindByName(name);
	const format = asString(holder?.format) ?? asString(schema.format);
	const isAddress = format === 'uri' || format === 'url' || format === 'binary';
	const isMedia =
		accept.length > 0 ||
		kind !== null ||
		objectKey !== null ||
		(isAddress && !/webhook|callback/i.test(name));
	if (!isMedia) return null;
	return {
		kind,
		isList,
		objectKey,
		kindKey,
		...(objectKey === null ? {} : { entry: properties }),
		accept,
		maxSizeMb: asNumber(schema['x-max-size-mb']) ?? asNumber(items?.['x-max-size-mb']),
	};
}

/** The kind of file at a URL, judging by its path; null where that does not tell. */
export function kindByUrl(url: string): MediaKind | null {
	const extension = /\.([a-z0-9]{2,4})$/i.exec(url.split(/[?#]/, 1)[0])?.[1] ?? '';
	return KIND_OF_EXTENSION.get(extension.toLowerCase()) ?? null;
}

/** What files a field takes, for messages: `JPEG, PNG`, `any audio file`; null where the schema does not tell. */
export function describeAccepted({ accept, kind }: MediaRule): string | null {
	if (accept.length === 0) return kind === null ? null : `any ${kind} file`;
	const names = accept.map((entry) => {
		const [type, subtype] = entry.split('/');
		if (subtype === '*' || entry === '*') return entry.startsWith('*') ? 'any file' : `any ${type} file`;
		return formatOf(entry).toUpperCase();
	});
	return [...new Set(names)].join(', ');
}

/** Whether a file may go into a field. @param extension without the dot */
export function isAccepted({ accept, kind }: MediaRule, mimeType: string, extension: string): boolean {
	const [type] = mimeType.split('/');
	if (accept.length === 0) return kind === null || kind === type;
	const names = ALIASES.find((aliases) => aliases.includes(extension)) ?? [extension];
	const fitting = ['*', '*/*', type, `${type}/*`, mimeType];
	return accept.some((entry) => fitting.includes(entry) || names.includes(formatOf(entry)));
}

/** E.g. `bmp` of `.bmp` and `image/x-ms-bmp`. */
function formatOf(accepted: string): string {
	return accepted.replace(/^(.*\/)?(\.|x-|ms-|vnd\.)*/, '');
}

const ALIASES = [
	['jpg', 'jpeg'],
	['tif', 'tiff'],
	['mov', 'quicktime'],
	['mp3', 'mpeg', 'mpga'],
	['m4a', 'mp4a'],
	['wav', 'wave'],
];
