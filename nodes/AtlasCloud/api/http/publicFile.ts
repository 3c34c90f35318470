import { isValidUrl, truncate } from '../text';
import { asObject, parseJson } from '../json';
import type { CancelSignal } from '../time/clock';
import { whyNotFetchable } from './addresses';
import { DOWNLOAD_TIMEOUT_MS, type Http, type HttpResponse } from './http';
import { readPart } from './streams';

const MAX_REDIRECTS = 3;

/** Why one attempt to fetch a file failed. */
export class DownloadError extends Error {
	/** Whether another attempt is pointless, whether or not there is a status. */
	readonly isFinal: boolean;

	readonly statusCode: number | null;

	constructor(message: string, details: Partial<Pick<DownloadError, 'isFinal' | 'statusCode'>> = {}) {
		super(message);
		this.isFinal = details.isFinal ?? false;
		this.statusCode = details.statusCode ?? null;
	}
}

/** The error of a URL that {@link whyNotFetchable} objects to. */
export function blockedUrlError(url: string, objection: string): DownloadError {
	return new DownloadError(`the link "${truncate(url)}" was blocked because ${objection}`, { isFinal: true });
}

export interface OpenedFile extends HttpResponse {
	/** Whether a redirect led to another host. */
	isOtherHost: boolean;
}

/** More of a refusal is not read. */
const MAX_REFUSAL_BYTES = 4_096;

/**
 * Whether a file host says that a file is deleted: 404 or 410 in the words of a storage service, or of Atlas. A page, of a
 * proxy say, or an empty body decides nothing.
 * @param read the body, if it is read already
 */
export async function isDeleted(
	{ statusCode, body, isOtherHost }: OpenedFile,
	read?: Buffer,
): Promise<boolean> {
	if (isOtherHost || (statusCode !== 404 && statusCode !== 410)) return false;
	const bytes = read ?? (await readPart(body, MAX_REFUSAL_BYTES));
	const text = bytes.toString('utf8').trim();
	const json = asObject(parseJson(text));
	return typeof json?.code === 'number' || /^(<\?xml[^>]*>\s*)?<Error>/.test(text);
}

/** Opens a URL on any host, without the API key, and checks each redirect. @throws DownloadError, TransportError */
export async function openPublicFile(
	http: Http,
	firstUrl: string,
	baseUrl: string,
	signal: CancelSignal | undefined,
	headers: Record<string, string> = {},
): Promise<OpenedFile> {
	let url = firstUrl;
	for (let redirects = 0; ; redirects++) {
		const objection = whyNotFetchable(url, baseUrl);
		if (objection !== null) throw blockedUrlError(url, objection);
		const response = await http.send({
			method: 'GET',
			url,
			// If the response were compressed, its content length would not be the file's.
			headers: { 'accept-encoding': 'identity', ...headers },
			timeoutMs: DOWNLOAD_TIMEOUT_MS,
			authenticated: false,
			signal,
		});
		const { statusCode } = response;
		if (![301, 302, 303, 307, 308].includes(statusCode))
			return { ...response, isOtherHost: new URL(url).host !== new URL(firstUrl).host };
		response.body.destroy();
		if (redirects >= MAX_REDIRECTS) throw new DownloadError('too many redirects', { statusCode });
		const location = response.headers.location ?? '';
		if (!isValidUrl(location, url))
			throw new DownloadError('the redirect has no valid address', { statusCode });
		url = new URL(location, url).href;
	}
}
