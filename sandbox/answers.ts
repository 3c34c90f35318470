/** What a handler returns, and the envelopes of a refusal. */

export type AnswerBody =
	| { kind: 'json'; value: unknown }
	| { kind: 'raw'; bytes: Buffer; contentType: string }
	| { kind: 'file'; path: string; size: number; contentType: string };

export interface Answer {
	status: number;
	headers?: Record<string, string>;
	body: AnswerBody;
}

/** Thrown where a request is refused; the server words it as the endpoint's envelope. */
export class Refusal extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

export function json(value: unknown, status = 200): Answer {
	return { status, body: { kind: 'json', value } };
}

const PHRASES: Record<number, string> = {
	400: 'bad request',
	401: 'unauthorized',
	402: 'insufficient balance',
	403: 'forbidden',
	404: 'not found',
	413: 'request body too large',
	429: 'rate limit exceeded',
	451: 'unavailable for legal reasons',
	500: 'internal server error',
	502: 'bad gateway',
	503: 'service unavailable',
	504: 'gateway timeout',
};

export function phraseOf(status: number): string {
	return PHRASES[status] ?? 'unexpected';
}

/** Type and code of the public API's errors. Only those of 401 are known; the others are made up alike. */
const PUBLIC_ERRORS: Record<number, [type: string, code: string]> = {
	400: ['invalid_request_error', 'invalid_parameter'],
	401: ['authentication_error', 'invalid_api_key'],
	402: ['billing_error', 'insufficient_balance'],
	403: ['permission_error', 'forbidden'],
	404: ['not_found_error', 'not_found'],
	429: ['rate_limit_error', 'rate_limit_exceeded'],
	503: ['api_error', 'service_unavailable'],
};

/** A refusal in the envelope of its API (see docs/atlas-cloud-api.md, Errors and Account). */
export function refused(path: string, status: number, message: string, requestId: string): Answer {
	if (/^\/(public|v1)\//.test(path)) {
		const [type, code] = PUBLIC_ERRORS[status] ?? ['api_error', 'internal_error'];
		return json({ error: { type, code, message, param: null }, request_id: requestId }, status);
	}
	return json({ code: status, msg: message, request_id: requestId, data: null }, status);
}
