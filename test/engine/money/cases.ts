import type { Endpoint, Fault, FaultAction } from '../../../sandbox';

/** What came of an item, told by the words a person reads. */
export type OutcomeClass =
	| 'done'
	| 'refused'
	| 'unknown'
	| 'failed'
	| 'moderation'
	| 'timeout'
	| 'download'
	| 'read'
	| 'input'
	| 'other';

const WORDS: Array<[RegExp, OutcomeClass]> = [
	[/^It is unknown /, 'unknown'],
	[/^Atlas Cloud did not take the edit|^Atlas Cloud could not be reached/, 'refused'],
	[/^Atlas Cloud could not make the edit/, 'failed'],
	[/^Content moderation stopped the edit/, 'moderation'],
	[/^The edit is still going after|^Could not see whether the edit is done/, 'timeout'],
	[/^The edit is done and paid for, but its picture/, 'download'],
	[/^Could not |^Atlas Cloud took the upload and gave|^Atlas Cloud says the edit is done and/, 'read'],
	[/could not be looked at|opens a page|cannot be read, so Match Input Image/, 'input'],
];

export function classOf(message: string): OutcomeClass {
	return WORDS.find(([words]) => words.test(message))?.[1] ?? 'other';
}

/** A page as a gateway before Atlas answers: no word of it is Atlas's. */
export const GATEWAY_PAGE = '<!DOCTYPE html><html><head><title>nginx</title></head><body>nginx</body></html>';

/** What a gateway in between may say in JSON: no envelope of Atlas's either. */
export const GATEWAY_JSON = { status: 'error', message: 'upstream request failed' };

export interface FaultKind {
	name: string;
	action: FaultAction;
}

export const STATUSES = [400, 401, 402, 403, 404, 408, 409, 413, 425, 429, 451, 500, 502, 503];

/** Replaced by a recording server's address when a row runs. */
export const ELSEWHERE = 'http://elsewhere.invalid/';

/** More than any answer in JSON may have. */
const HUGE_BYTES = 17_000_000;

/** What can happen to any request. */
export const TRANSPORT_FAULTS: FaultKind[] = [
	{ name: 'reset before', action: { type: 'resetBefore' } },
	{ name: 'reset after', action: { type: 'resetAfter' } },
	{ name: 'delay', action: { type: 'delay', seconds: 3 } },
	{ name: 'hang', action: { type: 'hang' } },
	{ name: 'hang after', action: { type: 'hangAfter' } },
	{ name: 'truncate', action: { type: 'truncate' } },
	{ name: 'malformed json', action: { type: 'malformedJson' } },
	{ name: 'wrong types', action: { type: 'wrongTypes' } },
	{ name: 'empty object', action: { type: 'emptyObject' } },
	{ name: 'huge body', action: { type: 'hugeBody', bytes: HUGE_BYTES } },
	{ name: 'redirect elsewhere', action: { type: 'redirect', location: ELSEWHERE } },
	{ name: 'redirect 307 elsewhere', action: { type: 'redirect', location: ELSEWHERE, status: 307 } },
];

export const STATUS_FAULTS: FaultKind[] = STATUSES.flatMap((status): FaultKind[] => [
	{ name: `status ${status}`, action: { type: 'status', status } },
	{ name: `status ${status} page`, action: { type: 'status', status, body: GATEWAY_PAGE } },
]);

export const GATEWAY_JSON_FAULTS: FaultKind[] = [403, 404, 429, 500, 502, 503].map((status) => ({
	name: `status ${status} gateway json`,
	action: { type: 'status', status, body: GATEWAY_JSON },
}));

/** The work is done, and the answer says otherwise. An envelope of Atlas's own does not lie about a submit. */
export const HANDLED_FAULTS: FaultKind[] = STATUSES.flatMap((status): FaultKind[] => [
	{
		name: `handled, status ${status} page`,
		action: { type: 'status', status, body: GATEWAY_PAGE, handled: true },
	},
]).concat(
	[408, 409, 425, 500, 502, 503].map((status) => ({
		name: `handled, status ${status}`,
		action: { type: 'status', status, handled: true },
	})),
);

export const FILE_FAULTS: FaultKind[] = [{ name: 'corrupt picture', action: { type: 'corruptPicture' } }];

const HOSTILE_URLS = [
	'file:///etc/passwd',
	'javascript:alert(1)',
	'http://169.254.169.254/latest/meta-data/',
	'https://169.254.169.254/latest/meta-data/',
	'http://10.0.0.1/picture.png',
	'https://[fd00::1]/picture.png',
	'https://[::ffff:10.0.0.1]/picture.png',
	'https://0x0a000001/picture.png',
	'https://user:pass@example.com/picture.png',
	'//10.0.0.1/picture.png',
	'../../../etc/passwd',
	'http://metadata.google.internal/computeMetadata/v1/',
	'ftp://example.com/picture.png',
];

/** Results that a submit is made to have; each with what is to come of it. */
export const RESULT_FAULTS: Array<FaultKind & { outcome: OutcomeClass }> = [
	...HOSTILE_URLS.map((url) => ({
		name: `output ${url}`,
		action: { type: 'patchResult' as const, patch: { outputs: [url] } },
		outcome: 'download' as const,
	})),
	...(['status200', 'http500', 'errorObject'] as const).map((shape) => ({
		name: `fails: ${shape}`,
		action: { type: 'failTask' as const, shape },
		outcome: 'failed' as const,
	})),
	...(['nsfw', 'moderation'] as const).map((shape) => ({
		name: `fails: ${shape}`,
		action: { type: 'failTask' as const, shape },
		outcome: 'moderation' as const,
	})),
	{
		name: 'id with ../',
		action: { type: 'patchResult', patch: { id: '../../public/v1/balance' } },
		outcome: 'done',
	},
	{ name: 'id a number', action: { type: 'patchResult', patch: { id: 42 } }, outcome: 'done' },
	{ name: 'outputs a number', action: { type: 'patchResult', patch: { outputs: 42 } }, outcome: 'read' },
	{ name: 'outputs null', action: { type: 'patchResult', patch: { outputs: null } }, outcome: 'read' },
	{ name: 'outputs empty', action: { type: 'patchResult', patch: { outputs: [] } }, outcome: 'read' },
	{
		name: 'outputs of numbers',
		action: { type: 'patchResult', patch: { outputs: [1, null, {}] } },
		outcome: 'read',
	},
	{ name: 'status a number', action: { type: 'patchResult', patch: { status: 7 } }, outcome: 'timeout' },
	{
		name: 'status a new word',
		action: { type: 'patchResult', patch: { status: 'pondering' } },
		outcome: 'timeout',
	},
	{
		name: 'flags wrong',
		action: { type: 'patchResult', patch: { has_nsfw_contents: 'no', metrics: 3, price: {} } },
		outcome: 'done',
	},
];

/** Answers to a submit that took the job, and cannot be used as they are. */
export const SUBMIT_ANSWER_FAULTS: FaultKind[] = [
	{ code: 200, message: 'success', data: { id: '../../public/v1/balance', status: 'created' } },
	{ code: 200, message: 'success', data: { id: 42, status: 'created' } },
	{ code: 200, message: 'success', data: { id: '', status: 'created' } },
	{ code: 200, message: 'success', data: null },
	{ code: 500, message: 'internal', data: null },
	[],
	'created',
].map((body) => ({
	name: `handled, answer ${JSON.stringify(body)}`,
	action: { type: 'status', status: 200, body, handled: true },
}));

/** A picture may be large: what counts is that it does not end as one. */
function smaller(fault: FaultKind): FaultKind {
	return fault.action.type === 'hugeBody'
		? { ...fault, action: { type: 'hugeBody', bytes: 500_000 } }
		: fault;
}

export function faultsOf(endpoint: Endpoint): FaultKind[] {
	if (endpoint === 'submit')
		return [
			...TRANSPORT_FAULTS,
			...STATUS_FAULTS,
			...GATEWAY_JSON_FAULTS,
			...HANDLED_FAULTS,
			...SUBMIT_ANSWER_FAULTS,
		];
	if (endpoint === 'file')
		return [...TRANSPORT_FAULTS.map(smaller), ...STATUS_FAULTS, ...GATEWAY_JSON_FAULTS, ...FILE_FAULTS];
	return [...TRANSPORT_FAULTS, ...STATUS_FAULTS, ...GATEWAY_JSON_FAULTS];
}

export type { Endpoint, Fault, FaultAction };
