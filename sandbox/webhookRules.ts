import { Refusal } from './answers';
import { isLoopback, isPublicHost } from './hosts';

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
