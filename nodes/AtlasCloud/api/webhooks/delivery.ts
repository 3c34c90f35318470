import { AtlasError, inputError } from '../errors';
import { isLoopbackHost, isPrivateHost } from '../http/addresses';
import { asObject, parseJson } from '../json';
import { forgetOldest } from '../memo';
import { isPredictionId } from '../predictions/prediction';
import { isValidUrl } from '../text';

/** The predictions that were handled, so that a delivery that comes twice is handled once. */
export class HandledPredictions {
	private readonly handled = new Set<string>();

	/** Another call may have stored them meanwhile. */
	private readonly forgotten = new Set<string>();

	/** Whether the handling that is under way succeeds. */
	private readonly inProgress = new Map<string, Promise<boolean>>();

	/**
	 * Handles a prediction, unless it was handled before. A delivery that comes meanwhile waits for the outcome: if it were
	 * told at once that all is well, the event would be lost when the first one fails.
	 * @param isStarted whether what was handled led to something in the end; until then other deliveries wait
	 * @returns null if it was handled before
	 * @throws whatever `handle` throws, and then it does not count as handled; AtlasError (`read`) if the handling that
	 * this delivery waited for failed
	 */
	async once<T>(
		predictionId: string,
		handle: () => Promise<T>,
		isStarted: () => Promise<boolean>,
	): Promise<T | null> {
		const other = this.inProgress.get(predictionId);
		if (other && !(await other))
			throw new AtlasError('Another delivery of the same event couldn’t be handled', {
				kind: 'read',
				description: 'Atlas Cloud delivers it again.',
				predictionId,
			});
		if (other || this.handled.has(predictionId)) return null;
		const handling = handle();
		this.inProgress.set(predictionId, this.outcome(predictionId, handling.then(isStarted)));
		const result = await handling;
		remember(this.handled, predictionId);
		this.forgotten.delete(predictionId);
		return result;
	}

	private async outcome(predictionId: string, started: Promise<boolean>): Promise<boolean> {
		const isStarted = await started.catch(() => false);
		this.inProgress.delete(predictionId);
		// Undone, so that the next delivery counts.
		if (!isStarted && this.handled.delete(predictionId)) remember(this.forgotten, predictionId);
		return isStarted;
	}

	/** Adds predictions that were handled elsewhere, the oldest first. Forgotten ones stay forgotten. */
	restore(predictionIds: string[]): void {
		for (const id of predictionIds) if (!this.forgotten.has(id)) remember(this.handled, id);
	}

	/** The predictions handled last, the oldest first. */
	newest(count: number): string[] {
		return [...this.handled].slice(-count);
	}
}

/**
 * The ID of the prediction that a delivery is about; null if it names none. Nothing else in the body is used: the API
 * knows the prediction's state now.
 */
export function deliveredPredictionId(rawBody: Uint8Array): string | null {
	const body = asObject(parseJson(new TextDecoder().decode(rawBody)));
	return [body?.session_id, asObject(body?.payload)?.id].find(isPredictionId) ?? null;
}

/** How many are remembered. Atlas delivers again within minutes. */
const MAX_IDS = 10_000;

/** Adds an ID to a set that forgets the oldest. */
function remember(ids: Set<string>, id: string): void {
	ids.add(id);
	forgetOldest(ids, MAX_IDS);
}

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
	const isLocal = isLoopbackHost(hostname);
	if (isLocal && isLoopbackHost(new URL(baseUrl).hostname)) return null;
	if (isLocal) return 'points to this machine';
	if (isPrivateHost(hostname)) return 'points to a private network';
	return protocol === 'https:' ? null : 'is not an https address';
}
