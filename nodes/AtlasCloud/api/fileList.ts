import { trimInvisible, trimWhere } from './cells';
import { asObject, asString, parseJson } from './json';

/** Whether a text begins like a web address. */
export function isUrl(text: string): boolean {
	return /^https?:\/\//i.test(text);
}

/** Whether a text is a data URI. */
export function isDataUri(text: string): boolean {
	return /^data:/i.test(text);
}

/**
 * Splits what is given for a list of files into its entries: addresses, data URIs, and names as text; anything else as
 * it is. Lists are separated by line ends, commas, semicolons, or bars, or are JSON; addresses also by blanks. A comma
 * inside an address or a data URI stays: image CDNs have them in paths.
 * @param isName whether an item has a file of exactly this name: then it is not split
 */
export function fileList(value: unknown, isName: (text: string) => boolean = () => false): unknown[] {
	if (value === null || value === undefined) return [];
	if (Array.isArray(value)) return value.flat(Infinity).flatMap((one) => fileList(one, isName));
	if (typeof value !== 'string') return [value];
	if (isName(value) || isWrappedBase64(value, isName)) return [value];
	const text = trimInvisible(value);
	const parsed = /^["[{]/.test(text) ? parseJson(text) : undefined;
	if (parsed !== undefined) return fileList(parsed, isName);
	return linesOf(text, isName).flatMap((line) => splitLine(line, isName));
}

/** Base64 in lines of 60 characters or more, without `data:` before it: a file's content, and no list. */
function isWrappedBase64(text: string, isName: (text: string) => boolean): boolean {
	const line = /^\s*([\w+/-]{60,})\s/.exec(text.slice(0, MAX_WRAPPED_LINE))?.[1];
	return line !== undefined && !isName(line) && !/[^\w+/=\s-]/.test(text);
}

/** Base64 is wrapped at 64 or 76 characters, in the first line after a data URI's type. */
const MAX_WRAPPED_LINE = 200;

/** Lines, with those of a wrapped data URI put together. */
function linesOf(text: string, isName: (text: string) => boolean): string[] {
	const lines: string[][] = [];
	let isOpen = false;
	for (const line of text.split(/[\r\n]/).map(trimInvisible)) {
		if (line === '') continue;
		if (isOpen && /^[A-Za-z0-9+/_-]+={0,3}$/.test(line) && !isName(line)) {
			lines[lines.length - 1].push(line);
		} else {
			lines.push([line]);
			isOpen = /(?:^|[\s"'<,;|])data:[^,]{0,100},[^,]*$/i.test(line.slice(0, MAX_WRAPPED_LINE));
		}
		isOpen &&= line.length < MAX_WRAPPED_LINE && !line.endsWith('=');
	}
	return lines.map((parts) => parts.join(''));
}

/** `photo.jpg (https://…)`, as Airtable exports it. */
const NAMED_ADDRESS = /(?<=^|[,;|])[^,;|:/]+ \((https?:\/\/[^\s()]+)\)/gi;

/** Ends one entry where another address begins. */
const BEFORE_ADDRESS = /[\s,;|](?=["'`“‘<]?(?:https?:\/\/|data:))/i;

function splitLine(line: string, isName: (text: string) => boolean): string[] {
	if (isName(line)) return [line];
	const inner = /^\[(?!object )/.test(line) && line.endsWith(']') ? line.slice(1, -1) : line;
	return inner
		.replace(NAMED_ADDRESS, '$1')
		.split(BEFORE_ADDRESS)
		.flatMap((part) => splitPart(unquoted(part), isName))
		.map((entry) => (isName(entry) ? entry : unquoted(entry)))
		.filter((entry) => entry !== '');
}

/** Splits an address from the names behind it, and names from each other. */
function splitPart(part: string, isName: (text: string) => boolean): string[] {
	const found: string[][] = [];
	let rest = part;
	while (isUrl(rest) || isDataUri(rest)) {
		const end = isUrl(rest) ? rest.search(/[,;|]\s/) : endOfDataUri(rest);
		const address = end < 0 ? rest : rest.slice(0, end);
		found.push(isUrl(rest) ? splitUrl(address, isName) : [address]);
		rest = end < 0 ? '' : unquoted(rest.slice(end));
	}
	return [...found.flat(), ...(isName(rest) ? [rest] : rest.split(/[,;|]/))];
}

/** A comma or a blank may belong to the address, unless a file's name comes after it. */
function splitUrl(text: string, isName: (text: string) => boolean): string[] {
	const names: string[] = [];
	let url = text;
	for (;;) {
		let last = url.length - 1;
		while (last > 0 && !' ,;|'.includes(url[last])) last--;
		const name = unquoted(url.slice(last + 1));
		if (last <= 0 || !isName(name)) return [url, ...names.reverse()];
		names.push(name);
		url = unquoted(url.slice(0, last));
	}
}

/** Below 0 where nothing comes behind it. */
function endOfDataUri(text: string): number {
	const comma = text.indexOf(',');
	if (!/;\s*base64$/i.test(trimInvisible(text.slice(0, comma)))) return -1;
	const length = text.slice(comma + 1).search(/[,;|]/);
	return length < 0 ? length : comma + 1 + length;
}

/** Without blanks, separators, and quotation marks around it. */
function unquoted(text: string): string {
	const inner = trimWhere(text, (one) => ',;|"\'`“”„‘’«»'.includes(one) || trimInvisible(one) === '');
	return inner.startsWith('<') && inner.endsWith('>') ? inner.slice(1, -1) : inner;
}

/** Where other nodes put an image’s address: Airtable, Shopify, Notion, WordPress, this node, and others. */
const ADDRESS_KEYS = [
	...['secure_url', 'url', 'src', 'imageUrl', 'image_url', 'fileUrl', 'downloadUrl', 'download_url'],
	...['@microsoft.graph.downloadUrl', 'source_url', 'link', 'href', 'file', 'external', 'image'],
];

/** The address in an object such as `{ url }` or `{ file: { url } }`; null if there is none. */
export function addressIn(value: unknown): string | null {
	const object = asObject(value);
	if (!object) return null;
	for (const key of ADDRESS_KEYS) {
		const inner = object[key];
		const address = asString(asObject(inner)?.url) ?? asString(asObject(inner)?.src) ?? asString(inner);
		if (address !== null && (isUrl(trimInvisible(address)) || isDataUri(trimInvisible(address))))
			return address;
	}
	return null;
}
