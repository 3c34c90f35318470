import { inputError, truncate } from '../errors';

/*
 * Where the API key may be sent, and where files may be fetched from. A node cannot see what a name resolves to, so
 * names that resolve to private addresses are left to n8n's own SSRF protection.
 */

/** The four numbers of an IPv4 address; undefined if the host is not one. */
function parseIpv4(host: string): number[] | undefined {
	// URL has already turned 0x7f.1, 2130706433 and the like into dotted decimals.
	return /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) ? host.split('.').map(Number) : undefined;
}

/** The eight words of an IPv6 address in brackets, as URL writes it; undefined if the host is not one. */
function parseIpv6(host: string): number[] | undefined {
	if (!host.startsWith('[') || !host.endsWith(']')) return undefined;
	const parseWords = (text: string) => (text === '' ? [] : text.split(':').map((word) => parseInt(word, 16)));
	const [before, after] = host.slice(1, -1).split('::');
	const start = parseWords(before);
	const end = after === undefined ? [] : parseWords(after);
	return [...start, ...Array<number>(Math.max(0, 8 - start.length - end.length)).fill(0), ...end];
}

/** The IPv4 address that `::ffff:a.b.c.d` connects to. */
function mappedIpv4([a, b, c, d, e, f, high, low]: number[]): number[] | undefined {
	const isMapped = [a, b, c, d, e].every((word) => word === 0) && f === 0xffff;
	return isMapped ? [high >> 8, high & 255, low >> 8, low & 255] : undefined;
}

/** Whether a URL's host is this machine. */
export function isLoopbackHost(hostname: string): boolean {
	const host = hostname.toLowerCase().replace(/\.$/, '');
	if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
	const words = parseIpv6(host);
	return (words ? mappedIpv4(words) : parseIpv4(host))?.[0] === 127;
}

function isPrivateIpv4([a, b, c]: number[]): boolean {
	return (
		a === 0 ||
		a === 10 ||
		a === 127 ||
		(a === 100 && b >= 64 && b <= 127) || // carrier-grade NAT, and cloud metadata at 100.100.100.200
		(a === 169 && b === 254) || // link-local, and cloud metadata
		(a === 172 && b >= 16 && b <= 31) ||
		(a === 192 && b === 168) ||
		(a === 192 && b === 0 && (c === 0 || c === 2)) || // protocols, documentation
		(a === 192 && b === 88 && c === 99) || // 6to4 relays
		(a === 198 && (b === 18 || b === 19)) || // benchmarks
		(a === 198 && b === 51 && c === 100) || // documentation
		(a === 203 && b === 0 && c === 113) || // documentation
		a >= 224
	);
}

/**
 * Addresses that embed an IPv4 address for translation (NAT64, 6to4, Teredo, ISATAP) always count as private: the
 * network decides where their packets end, and no file host uses them.
 */
function isPrivateIpv6(words: number[]): boolean {
	const mapped = mappedIpv4(words);
	if (mapped) return isPrivateIpv4(mapped);
	const [first, second] = words;
	return (
		// Only 2000::/3 is public at all: not ::, fc00::/7, fe80::/10, fec0::/10, ff00::/8, 64:ff9b::/96, 64:ff9b:1::/48.
		(first & 0xe000) !== 0x2000 ||
		(first === 0x2001 && second < 0x200) || // Teredo, and other protocols
		(first === 0x2001 && second === 0xdb8) || // documentation
		first === 0x2002 || // 6to4
		(first === 0x3fff && second < 0x1000) || // documentation
		((words[4] & 0xfdff) === 0 && words[5] === 0x5efe) // ISATAP
	);
}

/** Whether a URL's host cannot serve a public file: a private address or name, including this machine. */
export function isPrivateHost(hostname: string): boolean {
	const host = hostname.toLowerCase().replace(/\.$/, '');
	if (isLoopbackHost(host)) return true;
	const words = parseIpv6(host);
	if (words) return isPrivateIpv6(words);
	const ipv4 = parseIpv4(host);
	if (ipv4) return isPrivateIpv4(ipv4);
	return !host.includes('.') || /\.(local|internal|intranet|lan|home|corp|home\.arpa)$/.test(host);
}

/**
 * What a Base URL looks like, without trailing slashes: https, or http on this machine, and no user name, query, or `#`.
 * The credential's test has the same rule, so it has to be a pattern that n8n's expressions can hold: without braces.
 */
export const BASE_URL_PATTERN =
	/^(https:\/\/([^\s/?#@\\:[\]]+|\[[\da-f:.]+\])|http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\]))(:\d*)?(\/[^\s?#\\]*)?$/i;

/**
 * The API's address without trailing slashes.
 * @throws AtlasError (`input`) unless it is one that the key may be sent to, see {@link BASE_URL_PATTERN}
 */
export function checkBaseUrl(baseUrl: string): string {
	let url = baseUrl.trim();
	while (url.endsWith('/')) url = url.slice(0, -1);
	if (BASE_URL_PATTERN.test(url) && URL.canParse(url)) return url;
	throw inputError(
		`The Base URL in the credential ${objectionToBaseUrl(url)}`,
		'Open the credential and set Base URL to https://api.atlascloud.ai.',
	);
}

function objectionToBaseUrl(url: string): string {
	if (!URL.canParse(url)) return 'is not a valid URL';
	const { protocol, hostname } = new URL(url);
	const isSafe = protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
	return isSafe ? 'must not contain a user name, a query, or #' : 'must start with https://';
}

/** Why a file may not be fetched from this URL, in words that end a sentence; null if it may. */
export function whyNotFetchable(url: string, baseUrl: string): string | null {
	if (!URL.canParse(url)) return 'it isn’t a valid URL';
	const { protocol, hostname, username, password } = new URL(url);
	if (protocol !== 'https:' && protocol !== 'http:') return `${protocol}// URLs aren’t supported`;
	if (username !== '' || password !== '') return 'it contains a user name or password';
	const baseIsLoopback = isLoopbackHost(new URL(baseUrl).hostname);
	if (isLoopbackHost(hostname)) return baseIsLoopback ? null : 'it points to this machine';
	if (isPrivateHost(hostname)) return 'it points to a private network';
	if (protocol !== 'https:') return 'it isn’t https';
	return null;
}

/**
 * Checks the URL of an input image. Any http(s) address is allowed, because Atlas fetches it.
 * @throws AtlasError (`input`) if it is malformed
 */
export function checkInputUrl(url: string): void {
	if (/^data:/i.test(url)) {
		const comma = url.indexOf(',');
		const isImage = /^data:image\/[a-z0-9.+-]{1,100};base64,$/i.test(url.slice(0, comma + 1));
		// Searching for an invalid character needs no backtracking: an image has many millions of characters.
		if (!isImage || comma + 1 === url.length || /[^A-Za-z0-9+/=\s_-]/.test(url.slice(comma + 1))) {
			throw inputError(
				'An image URL contains an invalid data URI',
				'It must look like data:image/png;base64,iVBORw0…',
			);
		}
		return;
	}
	const parsed = URL.canParse(url) ? new URL(url) : undefined;
	if (!parsed || !/^https?:$/.test(parsed.protocol) || !/^https?:\/\//i.test(url) || /\s/.test(url)) {
		throw inputError(
			`"${truncate(url)}" is not a valid URL`,
			'Start each URL with https:// and put it on its own line.',
		);
	}
}

/** Splits a list of URLs at line ends, and at commas before another URL only: image CDNs put commas in paths. */
export function splitUrls(text: string): string[] {
	return text
		.split(/[\r\n]+|,\s*(?=https?:\/\/|data:)/i)
		.map((url) => url.trim().replace(/,$/, ''))
		.filter((url) => url !== '');
}
