import type { CancelSignal } from '../flow/cancellation';
import { whyNotFetchable } from './addresses';
import { truncate } from '../errors';
import type { Http, HttpResponse } from './http';
import { DOWNLOAD_TIMEOUT_MS } from './timeouts';

const MAX_REDIRECTS = 3;

/** Why one try of a download brought nothing. */
export class DownloadError extends Error {
	constructor(
		message: string,
		readonly isFinal: boolean,
		readonly statusCode: number | null = null,
	) {
		super(message);
	}
}

/**
 * Opens a URL of somebody else's host: by the rule, without the key, at most three redirects, each by the same rule.
 * @throws DownloadError, TransportError
 */
export async function openPublic(
	http: Http,
	firstUrl: string,
	baseUrl: string,
	signal: CancelSignal | undefined,
	headers: Record<string, string>,
): Promise<HttpResponse> {
	let url = firstUrl;
	for (let redirects = 0; ; redirects++) {
		const objection = whyNotFetchable(url, baseUrl);
		if (objection !== null) throw notFollowed(url, objection);
		const response = await http.send({
			method: 'GET',
			url,
			// Compressed, the announced length would not be the picture's.
			headers: { 'accept-encoding': 'identity', ...headers },
			timeoutMs: DOWNLOAD_TIMEOUT_MS,
			authenticated: false,
			signal,
		});
		const { statusCode, headers: answered } = response;
		if (![301, 302, 303, 307, 308].includes(statusCode)) return response;
		response.body.destroy();
		if (redirects >= MAX_REDIRECTS) throw new DownloadError('its link leads on and on', true, statusCode);
		const location = answered.location ?? '';
		if (!URL.canParse(location, url))
			throw new DownloadError('its link leads to no address', true, statusCode);
		url = new URL(location, url).href;
	}
}

/** The fault of an address that the rule does not allow. */
export function notFollowed(url: string, objection: string): DownloadError {
	return new DownloadError(`its link "${truncate(url)}" is not followed: ${objection}`, true);
}
