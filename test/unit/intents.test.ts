import type { IntentDetails, IntentRecords } from '../../nodes/AtlasCloud/api/purchases/intent';
import { Intents } from '../../nodes/AtlasCloud/api/purchases/intents';

const NOTHING = { ids: [], failedIds: [], candidateIds: [], unknownCount: 0 };

const details = (fingerprint: string): IntentDetails => ({
	fingerprint,
	bodyHash: `body of ${fingerprint}`,
	model: 'm',
	sentAtMs: 1_000_000,
	prompt: 'make it gold',
	size: null,
	images: [],
});

interface Scope {
	executionId?: string;
	runIndex?: number;
	isTool?: boolean;
}

const open = (
	records: IntentRecords,
	{ executionId = 'e1', runIndex = 0, isTool = false }: Scope = {},
): Intents => new Intents(records, { executionId, runIndex, isTool });

/** Buys a prediction for item 0. */
function buy(intents: Intents, fingerprint: string, predictionId: string): void {
	intents.find(0, fingerprint);
	intents.markAccepted(intents.startSending(0, details(fingerprint)), predictionId);
}

describe('an item of the node finds its intent', () => {
	const records: IntentRecords = {};
	buy(open(records), 'a', 'p1');

	it.each<[string, Scope, string, string | undefined]>([
		['of an earlier attempt, even if the prompt holds the time', {}, 'b', 'p1'],
		['of the retried execution for the same request', { executionId: 'e2' }, 'a', 'p1'],
		['not of the retried execution for a changed request', { executionId: 'e2' }, 'b', undefined],
		['not of an earlier loop round', { runIndex: 1 }, 'a', undefined],
	])('%s', (_what, scope, fingerprint, predictionId) => {
		const intents = open(structuredClone(records), scope);
		expect(intents.find(0, fingerprint)?.predictionId).toBe(predictionId);
	});
});

describe('a tool call finds its intent', () => {
	const tool = (records: IntentRecords, runIndex: number) => open(records, { runIndex, isTool: true });

	it('of an earlier attempt with another run index, once', () => {
		const records: IntentRecords = {};
		buy(tool(records, 0), 'a', 'p1');
		expect(tool(records, 1).find(0, 'a')?.predictionId).toBe('p1');
		expect(Object.keys(records)).toEqual(['1/0/a']);
	});

	it('not if it was delivered, failed, or is of another request', () => {
		const records: IntentRecords = {};
		const first = tool(records, 0);
		buy(first, 'a', 'p1');
		expect(tool(records, 1).find(0, 'b')).toBeUndefined();
		first.markFailed(first.of(0)!, 'no', false);
		expect(tool(records, 1).find(0, 'a')).toBeUndefined();
		first.markCompleted(first.of(0)!);
		first.markDelivered(0);
		expect(tool(records, 1).find(0, 'a')).toBeUndefined();
	});

	it('if content moderation stopped it', () => {
		const records: IntentRecords = {};
		const first = tool(records, 0);
		buy(first, 'a', 'p1');
		first.markFailed(first.of(0)!, 'stopped', true);
		expect(tool(records, 1).find(0, 'a')).toMatchObject({ isModerated: true, failure: 'stopped' });
	});
});

describe('a new submit of an item', () => {
	it('keeps the IDs of failed predictions claimed', () => {
		const intents = open({});
		buy(intents, 'a', 'p1');
		intents.markFailed(intents.of(0)!, 'no', false);
		buy(intents, 'a', 'p2');
		expect(intents.claimedIds()).toEqual(['p1', 'p2']);
		expect(intents.undelivered()).toEqual({ ...NOTHING, ids: ['p2'], failedIds: ['p1'] });
	});

	it('keeps what came of an unknown one unknown, even if it creates nothing', () => {
		const intents = open({});
		intents.markUnknown(intents.startSending(0, details('a')), undefined);
		const second = intents.startSending(0, details('a'));
		expect(second.isResubmitted).toBe(true);
		intents.markNotCreated(second);
		expect(second.state).toBe('unknown');
	});

	it('is failed if it created nothing', () => {
		const intents = open({});
		const intent = intents.startSending(0, details('a'));
		intents.markNotCreated(intent);
		expect(intent.state).toBe('failed');
	});
});

it('an unknown intent collects the predictions it may be, until one is found', () => {
	const intents = open({});
	const intent = intents.startSending(0, details('a'));
	intents.markUnknown(intent, 'r');
	intents.addCandidates(intent, ['p1', 'r']);
	expect(intents.undelivered()).toEqual({ ...NOTHING, candidateIds: ['p1', 'r'], unknownCount: 1 });
	intents.markFound(intent, 'p1');
	expect(intents.undelivered()).toEqual({ ...NOTHING, ids: ['p1'] });
	intents.withdrawId(intent, 'p1');
	expect(intents.undelivered()).toEqual({ ...NOTHING, candidateIds: ['p1'], unknownCount: 1 });
});

it('an unresolved intent seeks predictions of its body and time', () => {
	const intents = open({});
	const intent = intents.startSending(0, details('a'));
	intents.markEnded(intent, 1_001_000);
	const at = (ms: number) => ({ fromMs: ms, toMs: ms + 1_000 });
	expect(intents.isSought('body of a', at(1_000_000))).toBe(true);
	expect(intents.isSought('body of b', at(1_000_000))).toBe(false);
	expect(intents.isSought('body of a', at(2_000_000))).toBe(false);
	expect(intents.isSought('body of a', null)).toBe(false);
	intents.markAccepted(intent, 'p1');
	expect(intents.isSought('body of a', at(1_000_000))).toBe(false);
});

it('a delivered output is undelivered again when n8n runs the node again', () => {
	const records: IntentRecords = {};
	const intents = open(records);
	buy(intents, 'a', 'p1');
	intents.markDelivered(0);
	expect(intents.undelivered()).toEqual(NOTHING);
	open(records).startAttempt();
	expect(intents.undelivered()).toEqual({ ...NOTHING, ids: ['p1'] });
});
