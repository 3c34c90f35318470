import { isValidUrl } from '../text';
import ipaddr, { type IPv6 } from 'ipaddr.js';
import { inputError } from '../errors';
import { BASE_URL_PATTERN } from './baseUrlPattern';

/*
 * Where the API key may be sent, and where files may be fetched from. A node cannot see what a name resolves to, so
 * names that resolve to private addresses are left to n8n's own SSRF protection.
 */

/**
 * The range of an address, in the words of ipaddr.js; null if the host is a name. An IPv4-mapped IPv6 address counts as
 * the IPv4 address that it connects to.
 */
function rangeOf(host: string): string | null {
	// URL has already turned 0x7f.1, 2130706433 and the like into dotted decimals.
	const text = host.replace(/^\[(.*)\]$/, '$1');
	if (!ipaddr.isValid(text)) return null;
	const address = ipaddr.process(text);
	const range = address.range();
	return range === 'unicast' && address instanceof ipaddr.IPv6 && !isPublicIpv6(address) ? 'reserved' : range;
}

/** Within 2000::/3, and no ISATAP: that embeds an IPv4 address in any network's range, which decides where packets end. */
function isPublicIpv6({ parts }: IPv6): boolean {
	const isIsatap = (parts[4] & 0xfdff) === 0 && parts[5] === 0x5efe;
	return (parts[0] & 0xe000) === 0x2000 && !isIsatap;
}

function normalizedHost(hostname: string): string {
	return hostname.toLowerCase().replace(/\.$/, '');
}

/** Whether a URL's host is this machine. */
export function isLoopbackHost(hostname: string): boolean {
	const host = normalizedHost(hostname);
	return host === 'localhost' || host.endsWith('.localhost') || rangeOf(host) === 'loopback';
}

/** Whether a URL's host cannot serve a public file: a private address or name, including this machine. */
export function isPrivateHost(hostname: string): boolean {
	const host = normalizedHost(hostname);
	if (isLoopbackHost(host)) return true;
	const range = rangeOf(host);
	if (range !== null) return range !== 'unicast';
	return !host.includes('.') || /\.(local|internal|intranet|lan|home|corp|home\.arpa)$/.test(host);
}

/**
 * The API's address without trailing slashes.
 * @throws AtlasError (`input`) unless it is one that the key may be sent to, see {@link BASE_URL_PATTERN}
 */
export function checkBaseUrl(baseUrl: string): string {
	let url = baseUrl.trim();
	while (url.endsWith('/')) url = url.slice(0, -1);
	if (BASE_URL_PATTERN.test(url) && isValidUrl(url)) return url;
	throw inputError(
		`The 'Base URL' in the credential ${objectionToBaseUrl(url)}`,
		"Open the credential and set 'Base URL' to https://api.atlascloud.ai.",
	);
}

function objectionToBaseUrl(url: string): string {
	if (!isValidUrl(url)) return 'is not a valid URL';
	const { protocol, hostname } = new URL(url);
	const isSafe = protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
	return isSafe ? 'must not contain a user name, a query, or #' : 'must start with https://';
}

/** An http URL of a public host with https in its place: makers of some models give such links. Any other text as it is. */
export function withHttps(text: string): string {
	const url = isValidUrl(text) ? new URL(text) : null;
	if (url?.protocol !== 'http:' || isPrivateHost(url.hostname)) return text;
	url.protocol = 'https:';
	return url.href;
}

/** Why a file may not be fetched from this URL, in words that end a sentence; null if it may. */
export function whyNotFetchable(url: string, baseUrl: string): string | null {
	if (!isValidUrl(url)) return 'it isn’t a valid URL';
	const { protocol, hostname, username, password } = new URL(url);
	if (protocol !== 'https:' && protocol !== 'http:') return `${protocol}// URLs aren’t supported`;
	if (username !== '' || password !== '') return 'it contains a user name or password';
	const baseIsLoopback = isLoopbackHost(new URL(baseUrl).hostname);
	if (isLoopbackHost(hostname)) return baseIsLoopback ? null : 'it points to this machine';
	if (isPrivateHost(hostname)) return 'it points to a private network';
	if (protocol !== 'https:') return 'it isn’t https';
	return null;
}
