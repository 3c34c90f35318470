import { AtlasError } from '../errors';
import { effectiveStatus, isTooLarge, type Exchange } from './answer';
import type { TransportError } from './http';

const ADVICE_BY_STATUS: Record<number, string> = {
	400: 'Atlas Cloud did not accept the request. Its own words name the field; change it and run again.',
	401: 'The API key is missing, unknown or expired, or the Base URL is wrong (Atlas Cloud answers a wrong path the same way). Check both in the credential.',
	402: 'The Atlas Cloud account has no balance left. Top it up at atlascloud.ai, then run again.',
	403: 'This API key may not use this. Check the key’s scope in the Atlas Cloud console.',
	404: 'Atlas Cloud does not know this id or model, or this account cannot use it. Check the id.',
	413: 'The request is larger than 50 MB. Pass the pictures as files or URLs, not as data URIs.',
	429: 'Atlas Cloud asks to slow down. Lower Concurrency under Options, or run again later.',
	451: 'Atlas Cloud does not offer this in the region of the request.',
};

/** What to do about an HTTP status. */
export function adviceFor(statusCode: number): string {
	return (
		ADVICE_BY_STATUS[statusCode] ??
		'Atlas Cloud may be having trouble. Run again later, and tell its support the request id.'
	);
}

/** Node's codes in words: n8n replaces a message that contains the code with a sentence of its own. */
const CONNECTION_FAILURES: Record<string, string> = {
	EAI_AGAIN: 'the name server did not answer',
	ECONNABORTED: 'the connection was given up',
	ECONNREFUSED: 'the connection was refused',
	ECONNRESET: 'the connection was cut',
	EHOSTUNREACH: 'the host cannot be reached',
	EMSGSIZE: 'it was larger than any answer should be',
	ENOTFOUND: 'there is no such host',
	EPIPE: 'the connection was cut',
	ETIMEDOUT: 'it took too long',
};

/** What came of a request, in words that end a sentence: `status 402: out of balance`. */
export function describeExchange({ answer, fault }: Exchange): string {
	if (!answer) return describeFault(fault);
	const code = effectiveStatus(answer);
	if (answer.json === undefined) return `status ${code}, with a body that is no JSON`;
	// Atlas's own message would be misleading here: "status 200: success".
	if (code < 300) return `status ${code}, with a body that does not hold what was asked for`;
	return answer.reason ? `status ${code}: ${answer.reason.slice(0, 500)}` : `status ${code}`;
}

function describeFault({ code, message }: TransportError): string {
	// Without a code it is n8n itself that objects, such as its SSRF protection: its message explains why.
	return code ? `no answer came (${CONNECTION_FAILURES[code] ?? code})` : message.slice(0, 500);
}

/** The parts of an answer that errors repeat. */
export function answerDetails({ answer }: Exchange) {
	if (!answer) return { statusCode: null, requestId: null, reason: null };
	return { statusCode: answer.statusCode, requestId: answer.requestId, reason: answer.reason };
}

/** What to do when n8n blocked a request and gives no advice of its own. */
export const NOT_SENT_ADVICE = 'n8n did not send the request. Change what it objects to, then run again.';

function adviceForFault({ neverSent, neverOpened, advice }: TransportError): string {
	if (neverSent) return advice ?? NOT_SENT_ADVICE;
	return neverOpened
		? 'The address could not be reached. Check the Base URL of the credential and the network of this n8n.'
		: 'The connection broke. Run again; it costs nothing until an edit is submitted.';
}

/**
 * The error of a free request that failed.
 * @param what what the request does, in words that follow "Could not "
 */
export function readError(what: string, exchange: Exchange, predictionId: string | null = null): AtlasError {
	const { answer, fault } = exchange;
	return new AtlasError(`Could not ${what}: ${describeExchange(exchange)}`, {
		kind: 'read',
		description: answer ? adviceFor(effectiveStatus(answer)) : adviceForFault(fault),
		predictionId,
		isTooLarge: isTooLarge(exchange),
		...answerDetails(exchange),
	});
}
