import { AtlasError } from '../errors';
import { truncate } from '../text';
import { effectiveStatus, isTooLarge, NOT_FOUND_STATUS_CODES, type Exchange } from './answer';
import type { TransportError } from './http';

export const TOO_MANY_REQUESTS = 'Too many requests to Atlas Cloud (429)';

/** Headlines of statuses that concern the account, whatever was asked for. */
const HEADLINES: Record<number, string> = {
	401: 'Atlas Cloud rejected the API key (401)',
	402: 'Your Atlas Cloud account is out of credit (402)',
	429: TOO_MANY_REQUESTS,
};

const ADVICE_BY_STATUS: Record<number, string> = {
	400: 'Atlas Cloud’s message says what to change.',
	401: "Open the credential and enter the API key again: copy it from the API Keys page of the Atlas Cloud console. If you changed the 'Base URL', set it back to https://api.atlascloud.ai.",
	402: 'Add credit at atlascloud.ai, then run the workflow again. The key of a Coding Plan may have used up its allowance.',
	403: 'The API key doesn’t have permission for this, or a firewall blocked the request. Check the key in the Atlas Cloud console: some models don’t accept the key of a Coding Plan.',
	404: 'The model or prediction doesn’t exist, or your account has no access to it. Choose a model from the list, or check the ID.',
	413: 'The request is larger than 50 MB. Provide files or URLs instead of data URIs.',
	429: "Lower 'Concurrency' under Options, or run the workflow again in a few minutes.",
	451: 'This model isn’t available in your region. Choose another one.',
};

/** What to do about an HTTP status. @param requestId Atlas’s support asks for it */
export function adviceOnStatus(statusCode: number, requestId: string | null = null): string {
	const support = `contact Atlas Cloud support${requestId === null ? '' : ` with request ID ${requestId}`}`;
	return (
		ADVICE_BY_STATUS[statusCode] ??
		`Atlas Cloud may be having problems. Run the workflow again in a few minutes. If it keeps failing, ${support}.`
	);
}

/** Node's codes in words: n8n replaces a message that contains the code with a sentence of its own. */
const CONNECTION_FAILURES: Record<string, string> = {
	EAI_AGAIN: 'DNS lookup failed',
	ECONNABORTED: 'the connection was aborted',
	ECONNREFUSED: 'connection refused',
	ECONNRESET: 'the connection was lost',
	EHOSTUNREACH: 'host unreachable',
	EMSGSIZE: 'the response was too large',
	ENOTFOUND: 'host not found',
	EPIPE: 'the connection was lost',
	ETIMEDOUT: 'the request timed out',
};

/** What came of a request, in words that end a sentence: `model not found (404)`. */
export function describeExchange({ answer, fault }: Exchange): string {
	if (!answer) return describeFault(fault);
	const code = effectiveStatus(answer);
	if (answer.json === undefined) return `unreadable response (${code})`;
	// Atlas's own message would be misleading here: "success (200)".
	if (code < 300) return `incomplete response (${code})`;
	const reason = truncate(answer.reason ?? '').replace(/\.$/, '');
	return reason ? `${reason} (${code})` : `status ${code}`;
}

function describeFault({ code, message }: TransportError): string {
	// Without a code it is n8n itself that objects, such as its SSRF protection: its message explains why.
	return code ? (CONNECTION_FAILURES[code] ?? `connection failed (${code})`) : truncate(message);
}

/** The headline of a request that failed. @param what what failed, in words that a reason follows after a colon */
export function headlineOf(what: string, exchange: Exchange): string {
	const { answer, fault } = exchange;
	const why = describeExchange(exchange);
	if (fault?.neverSent) return `n8n didn’t send the request: ${why}`;
	if (fault?.neverOpened) return `Couldn’t reach Atlas Cloud${fault.host ? ` at ${fault.host}` : ''}: ${why}`;
	return (answer && HEADLINES[effectiveStatus(answer)]) ?? `${what}: ${why}`;
}

/** The parts of an answer that errors repeat. */
export function answerDetails({ answer }: Exchange) {
	if (!answer) return { statusCode: null, requestId: null, reason: null };
	return { statusCode: effectiveStatus(answer), requestId: answer.requestId, reason: answer.reason };
}

/** Whether every other item would fail the same way: a bad key, no credit, no connection. */
export function isRunWide({ answer, fault }: Exchange): boolean {
	return answer ? [401, 402].includes(effectiveStatus(answer)) : fault.neverOpened;
}

/** What to do about a request that failed. */
export function adviceOn({ answer, fault }: Exchange): string {
	if (answer) return adviceOnStatus(effectiveStatus(answer), answer.requestId);
	if (fault.neverSent)
		return (
			fault.advice ?? 'See n8n’s message above. Common causes are its SSRF protection and the credential.'
		);
	return fault.neverOpened
		? "Check the 'Base URL' in the credential, and the internet connection, proxy, and firewall of your n8n server."
		: 'Run the workflow again. You’re only billed for submitted requests.';
}

const NOT_LOST = 'The prediction isn’t lost: get its result with Prediction > Wait for Completion.';

/** The error of a free request that failed. @param what what the request does, in words that follow "Couldn’t " */
export function readError(what: string, exchange: Exchange, predictionId: string | null = null): AtlasError {
	const { answer } = exchange;
	const isMissing = answer !== undefined && NOT_FOUND_STATUS_CODES.has(effectiveStatus(answer));
	const notLost = predictionId !== null && !isMissing ? ` ${NOT_LOST}` : '';
	return new AtlasError(headlineOf(`Couldn’t ${what}`, exchange), {
		kind: 'read',
		description: `${adviceOn(exchange)}${notLost}`,
		predictionId,
		isTooLarge: isTooLarge(exchange),
		isRunWide: isRunWide(exchange),
		...answerDetails(exchange),
	});
}
