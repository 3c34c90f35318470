import { AtlasError } from '../../nodes/AtlasCloud/api/errors';
import type { Answer, Exchange } from '../../nodes/AtlasCloud/api/http/answer';
import { TransportError } from '../../nodes/AtlasCloud/api/http/http';
import { DownloadError } from '../../nodes/AtlasCloud/api/http/publicFile';
import { isRetryable, type Purpose } from '../../nodes/AtlasCloud/api/http/retry';

const answer = (statusCode: number, envelopeCode: number | null = null, isEnvelope = true): Exchange => ({
	answer: { statusCode, envelopeCode, isEnvelope, json: {} } as Answer,
});
const fault = (code: string | null, neverSent = false): Exchange => ({
	fault: new TransportError('fault', code, { neverSent }),
});
const download = (statusCode: number) => new DownloadError('status', { statusCode });

const ALL: Purpose[] = ['read', 'paidResult', 'inputHeader', 'earlierInput'];

it.each<[string, Exchange | Error, Purpose[]]>([
	['a broken answer', answer(200), ALL],
	['408', answer(408), ALL],
	['429', answer(429), ALL],
	['503', answer(503), ALL],
	['503 in a good answer', answer(200, 503), ALL],
	['404 in a good answer', answer(200, 404), ['paidResult']],
	['302', answer(302), []],
	['404', answer(404), []],
	['a proxy’s 404', answer(404, null, false), ['paidResult']],
	['a reset', fault('ECONNRESET'), ALL],
	['a refused connection', fault('ECONNREFUSED'), ['read', 'paidResult', 'earlierInput']],
	['an unknown host', fault('ENOTFOUND'), ['read', 'paidResult']],
	['a fault without a code', fault(null), ['read', 'paidResult', 'earlierInput']],
	['a request that n8n blocked', fault(null, true), ['paidResult', 'earlierInput']],
	['a file host’s 503', download(503), ALL],
	['a file host’s 404', download(404), ['paidResult']],
	['a file that is cut off', new DownloadError('cut off'), ALL],
	['a file that is too large', new DownloadError('too large', { isFinal: true }), []],
	['n8n’s storage', new Error('disk full'), ALL],
	['an error for the user', new AtlasError('no', { kind: 'read', description: '' }), []],
])('%s is retried for these purposes only', (_what, failure, purposes) => {
	expect(ALL.filter((purpose) => isRetryable(failure, purpose))).toEqual(purposes);
});
