import type { ChangeableOptions, Endpoint, FaultAction } from '../../../sandbox';

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
	[/^Couldn’t check the limit|^Preparing the request took longer than .*: reading/, 'input'],
	[
		/^Couldn’t confirm whether|^Several predictions|^One prediction could belong|^Couldn’t check whether an earlier/,
		'unknown',
	],
	[/^Atlas Cloud rejected the request|^Content moderation blocked this request: .*\(400\)/, 'refused'],
	[
		/^Atlas Cloud rejected the API key|^Your Atlas Cloud account|^Too many requests|^n8n didn’t send|^Preparing the request took longer/,
		'read',
	],
	[/^The prediction failed/, 'failed'],
	[/^Content moderation blocked this request/, 'moderation'],
	[/^The prediction is still running after|^Couldn’t check whether the prediction finished/, 'timeout'],
	[/^The prediction is finished and billed, but its file/, 'download'],
	[/^Couldn’t |^Atlas Cloud reported the prediction as completed/, 'read'],
	[
		/^Couldn’t load the image|opens a web page|^Match Input Image can’t read|catalog doesn’t say what/,
		'input',
	],
];

/** @param description says of a refused submit what it means for the bill */
export function classOf(message: string, description: string): OutcomeClass {
	if (/Nothing was billed for this item|may have been accepted and billed/.test(description))
		return 'refused';
	return WORDS.find(([words]) => words.test(message))?.[1] ?? 'other';
}

/** A page as a gateway before Atlas answers: no word of it is Atlas's. */
export const GATEWAY_PAGE = '<!DOCTYPE html><html><head><title>nginx</title></head><body>nginx</body></html>';

/** What a gateway in between may say in JSON: no envelope of Atlas's either. */
export const GATEWAY_JSON = { status: 'error', message: 'upstream request failed' };

/** One column of the table. */
export interface FaultKind {
	name: string;
	action?: FaultAction;
	/** What is told of the time besides: `Date` goes along with any answer. */
	date?: DateValue;
	/** How the sandbox is set while the row runs. */
	settings?: Settings;
}

/** Told the time, in seconds. */
type Settings = (nowSeconds: number) => Partial<ChangeableOptions>;

type DateValue = Extract<FaultAction, { type: 'dateHeader' }>['value'];

export const STATUSES = [400, 401, 402, 403, 404, 408, 409, 413, 425, 429, 451, 500, 502, 503];

/** Replaced by the address of a picture when a row runs: its host records the headers. */
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
	// Slow enough that not even the shortest answer is whole before its time is up.
	{ name: 'trickle', action: { type: 'trickle', bytesPerSecond: 0.5 } },
	{ name: 'trickled 503', action: { type: 'trickle', bytesPerSecond: 0.5, handled: false } },
];

export const STATUS_FAULTS: FaultKind[] = STATUSES.flatMap((status): FaultKind[] => [
	{ name: `status ${status}`, action: { type: 'status', status } },
	{ name: `status ${status} page`, action: { type: 'status', status, body: GATEWAY_PAGE } },
]);

export const GATEWAY_JSON_FAULTS: FaultKind[] = [403, 404, 429, 500, 502, 503].map((status) => ({
	name: `status ${status} gateway json`,
	action: { type: 'status', status, body: GATEWAY_JSON },
}));

/** What gateways say of their own requests, in the fields in which Atlas tells of predictions. */
const GATEWAY_RECORDS: Array<[number, object]> = [
	[502, { id: 'req-1', status: 'error' }],
	[503, { data: { status: 'error' } }],
	[504, { data: { status: 'timeout' } }],
	[200, { id: 'gw-1234', message: 'accepted' }],
];

export const GATEWAY_RECORD_FAULTS: FaultKind[] = GATEWAY_RECORDS.map(([status, body]) => ({
	name: `status ${status} ${JSON.stringify(body)}`,
	action: { type: 'status', status, body },
}));

export const HANDLED_GATEWAY_RECORD_FAULTS: FaultKind[] = GATEWAY_RECORDS.map(([status, body]) => ({
	name: `handled, status ${status} ${JSON.stringify(body)}`,
	action: { type: 'status', status, body, handled: true },
}));

const IN_A_DAY = { 'retry-after': '86400' };

/** A pause that nobody can make. */
export const RETRY_AFTER_FAULTS: FaultKind[] = [429, 503].map((status) => ({
	name: `status ${status}, retry after a day`,
	action: { type: 'status', status, headers: IN_A_DAY },
}));

const WRONG_DATES: Array<[string, DateValue]> = [
	['missing', 'missing'],
	['10 minutes behind', { skewSeconds: -600 }],
	['10 minutes ahead', { skewSeconds: 600 }],
	['nonsense', 'Thu, 99 Foo 2026 25:61:61 GMT'],
];

export const DATE_FAULTS: FaultKind[] = WRONG_DATES.map(([name, date]) => ({ name: `date ${name}`, date }));

/** The answer is lost, and its clock is what is left of it. */
export const LOST_DATE_FAULTS: FaultKind[] = WRONG_DATES.map(([name, date]) => ({
	name: `handled, status 502 page, date ${name}`,
	action: { type: 'status', status: 502, body: GATEWAY_PAGE, handled: true },
	date,
}));

const OTHER_RECORD: FaultKind = { name: "another prediction's record", action: { type: 'otherRecord' } };

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
		// It says that it is another one's record, so that this one is never seen to be done.
		outcome: 'timeout',
	},
	{ name: 'id a number', action: { type: 'patchResult', patch: { id: 42 } }, outcome: 'timeout' },
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
	return fault.action?.type === 'hugeBody'
		? { ...fault, action: { type: 'hugeBody', bytes: 500_000 } }
		: fault;
}

/** Levels of a body that would overflow the stack of whoever walks through it. */
const DEEP = 5_000;

/** The sandbox itself can send no more as they are. */
const LESS_DEEP = 1_000;

/** Bytes of a picture in base64. */
const LARGE_PICTURE_BYTES = 7_000_000;

function nested(levels: number): string {
	return '['.repeat(levels) + ']'.repeat(levels);
}

/**
 * Other programs' tasks in the history, newer than what is searched for: it is listed by age.
 * @param createdAt in seconds
 */
const UNREADABLE: Array<[string, (createdAt: number) => unknown[]]> = [
	[
		'nested deeply',
		(createdAt) => {
			const task = { createdAt, status: 'completed' };
			return [
				{ ...task, ID: 'deep-list', requestBody: nested(DEEP) },
				{ ...task, ID: 'deep-object', requestBody: `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}` },
				{ ...task, ID: 'deep-value', requestBody: JSON.parse(nested(LESS_DEEP)) as unknown },
			];
		},
	],
	[
		'with a picture in it',
		(createdAt) => {
			const outputs = [Buffer.alloc(LARGE_PICTURE_BYTES, 'picture').toString('base64')];
			const result = { id: 'large', status: 'completed', outputs };
			return [{ ID: 'large', createdAt, status: 'completed', requestBody: '{}', result }];
		},
	],
	[
		'junk',
		(createdAt) => [
			null,
			42,
			'task',
			[],
			{},
			{ ID: {} },
			{ ID: 'junk', createdAt: 'yesterday', requestBody: 7, result: 'done', status: [] },
			{ ID: 'junk-2', createdAt: -1, requestBody: '{', result: { id: '../..', outputs: 'none' } },
			{ ID: 'junk-3', createdAt, requestBody: [], result: [], status: 'completed' },
		],
	],
];

/** By how much they are newer: more than it takes to submit, on the fast clock. */
const NEWER_SECONDS = 20;

/** A service that is not broken, and not as it mostly is. */
export interface World extends FaultKind {
	/** Every output is this large. */
	outputBytes?: number;
	/** Put over the parameters of the use. */
	parameters?: Record<string, unknown>;
	/** What is to come of each use, by its name. */
	outcomes: Record<string, OutcomeClass>;
}

const BASE64 = {
	options: { timeoutSeconds: 100, extraBodyFields: '{"enable_base64_output": true}' },
};

export const WORLDS: World[] = [
	...(['milliseconds', 'iso', 'missing'] as const).map((createdAtUnit): World => ({
		name: `createdAt ${createdAtUnit}`,
		settings: () => ({ history: { createdAtUnit } }),
		outcomes: {
			// Its result tells the time as well.
			'edit a URL, its answer lost': 'done',
			'get many': 'done',
		},
	})),
	...UNREADABLE.map(([name, items]): World => ({
		name: `history items ${name}`,
		settings: (nowSeconds) => ({ history: { extraItems: items(Math.floor(nowSeconds) + NEWER_SECONDS) } }),
		outcomes: { 'edit a URL, its answer lost': 'done', 'get many': 'done' },
	})),
	...[-600, 600].map((clockSkewSeconds): World => ({
		name: `every clock off by ${clockSkewSeconds} s`,
		settings: () => ({ clockSkewSeconds }),
		outcomes: {
			'edit a file': 'done',
			'edit a URL, its answer lost': 'done',
			'wait for completion': 'done',
			'get many': 'done',
		},
	})),
	...(['dataUri', 'bare'] as const).map((base64Form): World => ({
		name: `output of 8 MB as base64, ${base64Form}`,
		settings: () => ({ base64Form }),
		outputBytes: 8_000_000,
		parameters: BASE64,
		outcomes: { 'edit a file': 'done' },
	})),
	...(['string', 'number'] as const).flatMap((as) =>
		[0, 1_000].map((afterSeconds): World => ({
			name: `price a ${as}, ${afterSeconds === 0 ? 'at once' : 'published late'}`,
			settings: () => ({ price: { as, afterSeconds } }),
			outcomes: { 'edit a file': 'done', 'wait for completion': 'done', get: 'done', 'get many': 'done' },
		})),
	),
	{
		name: 'one upload a second',
		settings: () => ({ limits: { uploads: { perSecond: 1, burst: 1 } } }),
		outcomes: { 'edit three files': 'done' },
	},
	...(['status200', 'http500', 'errorObject', 'nsfw', 'moderation'] as const).map((shape): World => ({
		name: `charged, fails: ${shape}`,
		action: { type: 'failTask', shape },
		settings: () => ({ chargeFailedTasks: true }),
		outcomes: { 'edit a file': shape === 'nsfw' || shape === 'moderation' ? 'moderation' : 'failed' },
	})),
];

/** What can happen to any answer in JSON. */
const JSON_FAULTS = [...TRANSPORT_FAULTS, ...STATUS_FAULTS, ...GATEWAY_JSON_FAULTS];

/** A read that was served is no other than one that was not: what differs is the ledger of a submit or an upload. */
const readFaults = (faults: FaultKind[]) =>
	faults.filter(({ name }) => !['reset after', 'hang after', 'trickled 503'].includes(name));

/** One of each kind that the code tells apart: for requests that another use of the table makes in the same way. */
const ONE_OF_EACH_KIND = new Set([
	'reset before',
	'reset after',
	'hang after',
	'truncate',
	'empty object',
	'redirect elsewhere',
	'trickle',
	'status 401',
	'status 404',
	'status 429',
	'status 503',
	'status 502 page',
	'status 500 gateway json',
	'handled, status 502 page',
	'handled, status 500',
	'date 10 minutes behind',
	'corrupt picture',
]);

export function someFaultsOf(endpoint: Endpoint): FaultKind[] {
	return faultsOf(endpoint).filter(({ name }) => ONE_OF_EACH_KIND.has(name));
}

export function faultsOf(endpoint: Endpoint): FaultKind[] {
	switch (endpoint) {
		case 'submit':
			return [
				...JSON_FAULTS,
				...GATEWAY_RECORD_FAULTS,
				...HANDLED_FAULTS,
				...HANDLED_GATEWAY_RECORD_FAULTS,
				...SUBMIT_ANSWER_FAULTS,
				...RETRY_AFTER_FAULTS,
				...DATE_FAULTS,
				...LOST_DATE_FAULTS,
			];
		case 'prediction':
			return [
				...readFaults(JSON_FAULTS),
				...GATEWAY_RECORD_FAULTS,
				...RETRY_AFTER_FAULTS,
				...DATE_FAULTS,
				OTHER_RECORD,
			];
		case 'upload':
			return [...JSON_FAULTS, ...GATEWAY_RECORD_FAULTS, ...RETRY_AFTER_FAULTS, ...DATE_FAULTS];
		case 'history':
			return [...readFaults(JSON_FAULTS), ...GATEWAY_RECORD_FAULTS, ...RETRY_AFTER_FAULTS, ...DATE_FAULTS];
		case 'file':
			return [...readFaults(JSON_FAULTS).map(smaller), ...FILE_FAULTS];
		default:
			return readFaults(JSON_FAULTS);
	}
}
