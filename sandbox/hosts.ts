import { isIP } from 'node:net';
import { Refusal } from './answers';

/** This machine. */
export function isLoopback(hostname: string): boolean {
	return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Neither this machine nor a private network, as far as the name says. */
function isPublicHost(hostname: string): boolean {
	const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
	if (isIP(host) === 4) {
		return !/^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|22[4-9]|2[3-5]\d)\./.test(
			host,
		);
	}
	if (isIP(host) === 6) return !/^(::|f[cd]|fe[89ab]|ff)/.test(host);
	return host.includes('.') && !/(^|\.)(localhost|local|internal|test|invalid|lan|home\.arpa)$/.test(host);
}

/**
 * The `webhook_url` of a submit, or null. Atlas Cloud takes `https` on a public host only, up to 1,024 characters.
 *
 * @param allowLoopback also takes `http` and `https` on this machine
 */
export function checkWebhookUrl(value: unknown, allowLoopback: boolean): string | null {
	if (value === undefined) return null;
	if (typeof value !== 'string' || value.length > 1024) {
		throw new Refusal(400, 'webhook_url must be a URL of at most 1024 characters');
	}
	const url = URL.canParse(value) ? new URL(value) : null;
	if (!url) throw new Refusal(400, 'webhook_url is not a URL');
	if (allowLoopback && /^https?:$/.test(url.protocol) && isLoopback(url.hostname)) return value;
	if (url.protocol !== 'https:') throw new Refusal(400, 'webhook_url must be https');
	if (!isPublicHost(url.hostname)) throw new Refusal(400, 'webhook_url must be on a public host');
	return value;
}
