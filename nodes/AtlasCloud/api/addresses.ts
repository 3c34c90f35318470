import { inputError, shown } from './errors';

/*
 * Where the key goes, and where files may come from. The rules are the design's ("Where files may come from
 * and go to"). Names that resolve to private addresses are left to n8n's own SSRF protection: a node cannot
 * see what a name resolves to.
 */

/** The host of a URL as numbers of an IPv4 address, also where it is written as IPv4-mapped IPv6. */
function ipv4Of(hostname: string): number[] | undefined {
	// WHATWG URL has already turned 0x7f.1, 2130706433 and the like into dotted decimals.
	const dotted = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(hostname);
	if (dotted) return dotted.slice(1).map(Number);
	const mapped = /^\[::(?:ffff:(?:0:)?)?([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname);
	const translated = /^\[64:ff9b::([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname);
	const words = mapped ?? translated;
	if (!words) return undefined;
	const [high, low] = [parseInt(words[1], 16), parseInt(words[2], 16)];
	return [high >> 8, high & 255, low >> 8, low & 255];
}

/** Whether a URL's host is this machine. */
export function isLoopbackHost(hostname: string): boolean {
	const host = hostname.toLowerCase().replace(/\.$/, '');
	if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
	return ipv4Of(host)?.[0] === 127;
}

/** Whether a URL's host is an address, or a name, that no public file can be at. This machine counts too. */
export function isPrivateHost(hostname: string): boolean {
	const host = hostname.toLowerCase().replace(/\.$/, '');
	if (isLoopbackHost(host)) return true;
	const ip = ipv4Of(host);
	if (ip) {
		const [a, b] = ip;
		return (
			a === 0 ||
			a === 10 ||
			(a === 100 && b >= 64 && b <= 127) || // carrier-grade NAT, and cloud metadata at 100.100.100.200
			(a === 169 && b === 254) || // link-local, and cloud metadata
			(a === 172 && b >= 16 && b <= 31) ||
			(a === 192 && b === 168) ||
			(a === 192 && b === 0) ||
			(a === 198 && (b === 18 || b === 19)) ||
			a >= 224
		);
	}
	if (host.startsWith('[')) {
		const word = parseInt(host.slice(1).split(':')[0] || '0', 16);
		return (
			word === 0 || // ::, ::1 and IPv4-compatible
			(word & 0xfe00) === 0xfc00 || // unique local
			(word & 0xffc0) === 0xfe80 || // link-local
			(word & 0xff00) === 0xff00 // multicast
		);
	}
	// A name without a dot, or in a private zone, is not a public name.
	return !host.includes('.') || /\.(local|internal|intranet|lan|home|corp|home\.arpa)$/.test(host);
}

/**
 * The address of the API, without a slash at its end.
 * @throws AtlasError (`input`) unless it is https, or http on this machine.
 */
export function checkBaseUrl(baseUrl: string): string {
	const trimmed = baseUrl.trim().replace(/\/+$/, '');
	const howTo =
		'Open the credential and set Base URL to https://api.atlascloud.ai, or to an http address of this machine for tests.';
	if (!URL.canParse(trimmed)) throw inputError('The Base URL of the credential is not a URL', howTo);
	const url = new URL(trimmed);
	const allowed = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
	if (!allowed) throw inputError('The Base URL of the credential is not https', howTo);
	if (url.username || url.password || url.search || url.hash) {
		throw inputError('The Base URL of the credential holds more than an address', howTo);
	}
	return trimmed;
}

/** Why a file may not be fetched from this URL, in words that end a sentence; null when it may. */
export function whyNotFetchable(url: string, baseUrl: string): string | null {
	if (!URL.canParse(url)) return 'it is not a URL';
	const { protocol, hostname, username, password } = new URL(url);
	if (protocol !== 'https:' && protocol !== 'http:') return `${protocol}// links are not followed`;
	if (username !== '' || password !== '') return 'it holds a user name or password';
	const baseIsLoopback = isLoopbackHost(new URL(baseUrl).hostname);
	if (isLoopbackHost(hostname)) return baseIsLoopback ? null : 'it points to this machine';
	if (isPrivateHost(hostname)) return 'it points into a private network';
	if (protocol !== 'https:') return 'it is not https';
	return null;
}

/**
 * A URL that Atlas is to fetch an input picture from. Any public http(s) address is fine there: it is Atlas who fetches.
 * @throws AtlasError (`input`) when it is malformed.
 */
export function checkInputUrl(url: string): void {
	if (/^data:/i.test(url)) {
		if (!/^data:image\/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=\s_-]+$/i.test(url)) {
			throw inputError(
				'An image URL is a data URI that holds no base64 picture',
				'A data URI has to look like data:image/png;base64,iVBORw0…',
			);
		}
		return;
	}
	const parsed = URL.canParse(url) ? new URL(url) : undefined;
	if (!parsed || !/^https?:$/.test(parsed.protocol) || !/^https?:\/\//i.test(url) || /\s/.test(url)) {
		throw inputError(
			`"${shown(url)}" is not the URL of an image`,
			'Image URLs start with https:// (or http://, or data:image/). Write one a line.',
		);
	}
}
