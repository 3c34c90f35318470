import { isValidUrl } from '../text';
import { inputError } from '../errors';
import { isLoopbackHost, isPrivateHost } from '../http/addresses';

/** Atlas refuses a longer one. See docs/atlas-cloud-api.md, Webhook. */
const MAX_LENGTH = 1_024;

/**
 * Checks an address that Atlas is to call when a prediction ends. Atlas refuses a bad one as well, but only after the
 * input files were uploaded.
 * @param baseUrl the API's address: if it is this machine, the webhook may be, too, and over http
 * @returns the URL without surrounding spaces
 * @throws AtlasError (`input`)
 */
export function checkWebhookUrl(value: unknown, baseUrl: string): string {
	const url = typeof value === 'string' ? value.trim() : '';
	const objection = objectionToWebhook(url, baseUrl);
	if (objection === null) return url;
	throw inputError(
		`'Webhook URL' ${objection}`,
		'Copy the Production URL of an Atlas Cloud Trigger. It must be an https address that Atlas Cloud can reach from the internet.',
	);
}

/** Why Atlas could not call this URL, in words that follow its name; null if it can. */
function objectionToWebhook(url: string, baseUrl: string): string | null {
	if (!isValidUrl(url)) return 'is not a valid URL';
	if (url.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
	const { protocol, hostname, pathname } = new URL(url);
	if (pathname.includes('/webhook-test/')) return 'is a test URL: n8n listens there only while you test';
	if (protocol !== 'https:' && protocol !== 'http:') return 'is not an https address';
	const isLocal = isLoopbackHost(hostname);
	if (isLocal && isLoopbackHost(new URL(baseUrl).hostname)) return null;
	if (isLocal) return 'points to this machine';
	if (isPrivateHost(hostname)) return 'points to a private network';
	return protocol === 'https:' ? null : 'is not an https address';
}
