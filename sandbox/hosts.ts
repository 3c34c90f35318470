import { isIP } from 'node:net';

/** This machine. */
export function isLoopback(hostname: string): boolean {
	return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Neither this machine nor a private network, as far as the name says. */
export function isPublicHost(hostname: string): boolean {
	const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
	if (isIP(host) === 4) {
		return !/^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|22[4-9]|2[3-5]\d)\./.test(
			host,
		);
	}
	if (isIP(host) === 6) return !/^(::|f[cd]|fe[89ab]|ff)/.test(host);
	return host.includes('.') && !/(^|\.)(localhost|local|internal|test|invalid|lan|home\.arpa)$/.test(host);
}
