import { asString, type JsonObject } from '../../nodes/AtlasCloud/api/json';
import type { Answer } from '../../nodes/AtlasCloud/api/http/answer';
import { TransportError } from '../../nodes/AtlasCloud/api/http/http';
import { outcomeOf, type Outcome } from '../../nodes/AtlasCloud/api/purchases/outcome';

/** An answer; with a `code` in the JSON it is Atlas's own envelope. */
function answer(statusCode: number, json: JsonObject & { code?: number }): { answer: Answer } {
	return {
		answer: {
			statusCode,
			json,
			isEnvelope: json.code !== undefined,
			envelopeCode: json.code ?? null,
			...{ sentAtMs: 0, receivedAtMs: 0, dateMs: null },
			...{ requestId: null, retryAfterMs: null, reason: asString(json.msg) },
		},
	};
}

const record = { id: 'p1', status: 'created', model: 'm' };

const CREATED: Outcome = { kind: 'created', id: 'p1' };
const REPORTED: Outcome = { kind: 'inDoubt', reportedId: 'p1' };
const failed = { ...record, status: 'failed', error: 'no' };
const NOT_READY = 'The image is still being prepared, please retry';
const busy = { error: { message: 'busy' } };

it.each<[string, ReturnType<typeof answer>, Outcome]>([
	['an ID in an envelope', answer(200, { code: 200, data: record }), CREATED],
	['a bare record', answer(200, record), CREATED],
	['an ID with a bad status', answer(500, { code: 500, data: record }), REPORTED],
	['an ID beside a bad code in a good status', answer(200, { code: 500, data: record }), REPORTED],
	['an ID beside an error in a good status', answer(200, { code: 200, ...busy, data: record }), REPORTED],
	['a record with an error of its own: a failed one', answer(200, { code: 200, data: failed }), CREATED],
	['429', answer(429, { code: 429 }), { kind: 'throttled' }],
	['429 in a good status', answer(200, { code: 429 }), { kind: 'throttled' }],
	['402', answer(402, { code: 402 }), { kind: 'refused', code: 402 }],
	['402 in a good status', answer(200, { code: 402 }), { kind: 'refused', code: 402 }],
	['400 that its envelope contradicts', answer(400, { code: 200 }), { kind: 'inDoubt' }],
	['400 with a code of Atlas’s own', answer(400, { code: 1039 }), { kind: 'refused', code: 400 }],
	['400 for a file that is too new', answer(400, { code: 400, msg: NOT_READY }), { kind: 'notReady' }],
	['409 for a file that is too new', answer(409, { code: 409, msg: NOT_READY }), { kind: 'notReady' }],
	['503 for a file that is too new', answer(503, { code: 503, msg: NOT_READY }), { kind: 'inDoubt' }],
	['400 of a gateway', answer(400, {}), { kind: 'inDoubt' }],
	['a good status without an ID', answer(200, { code: 200, data: {} }), { kind: 'inDoubt' }],
	['500', answer(500, { code: 500 }), { kind: 'inDoubt' }],
])('the answer to a submit: %s', (_what, exchange, outcome) => {
	expect(outcomeOf(exchange)).toEqual(outcome);
});

it.each<[string, TransportError, Outcome['kind']]>([
	['whose connection was refused', new TransportError('x', 'ECONNREFUSED'), 'unreachable'],
	['whose connection was cut', new TransportError('x', 'ECONNRESET'), 'inDoubt'],
	['that took too long', new TransportError('x', 'ETIMEDOUT'), 'inDoubt'],
	['that n8n kept back', new TransportError('x', null, { neverSent: true }), 'notSent'],
	['for an unknown reason', new TransportError('x', null), 'inDoubt'],
])('a submit without an answer: %s', (_what, fault, kind) => {
	expect(outcomeOf({ fault })).toEqual({ kind });
});
