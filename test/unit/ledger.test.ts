import { Ledger } from '../../nodes/AtlasCloud/api/purchases/ledger';
import type { LedgerScope } from '../../nodes/AtlasCloud/api/purchases/slots';
import {
	idOf,
	shownInput,
	type KeptPurchases,
	type PurchaseFacts,
} from '../../nodes/AtlasCloud/api/purchases/record';

const facts: PurchaseFacts = {
	fingerprint: 'f',
	bodyHash: 'b',
	model: 'm',
	sentAtMs: 0,
	prompt: null,
	size: null,
	images: [],
	keptUntilMs: Infinity,
	hasUrl: false,
	estimateUsd: 0.02,
};

// n8n 2.41 gives the call of an MCP client no execution ID.
it('counts nothing as spent before the first purchase of a call without an execution ID', () => {
	const kept: KeptPurchases = { records: {}, takenIds: {} };
	const scope = { runIndex: 0, isTool: true } as LedgerScope;
	const ledger = new Ledger(kept, scope);
	expect([ledger.isBought({ itemIndex: 0 }), ledger.mayBuy({ itemIndex: 0 }, false)]).toEqual([false, true]);
	ledger.open({ itemIndex: 0 }, 'f');
	expect(ledger.current({ itemIndex: 0 })).toBeUndefined();
	expect(ledger.begin({ itemIndex: 0 }, facts)).toMatchObject({ formerUsd: 0, formerIds: [] });
});

it('counts nothing of another call of the tool that is under way in the same run of the node', () => {
	const kept: KeptPurchases = { records: {}, takenIds: {} };
	const scope = { executionId: '1', runIndex: 0, isTool: true, parametersHash: 'p' };
	const slot = { itemIndex: 0 };
	const first = new Ledger(kept, scope);
	first.open(slot, 'f');
	first.settle(first.begin(slot, facts), { state: 'bought', id: 'p1' });
	const second = new Ledger(kept, scope);
	expect([second.spentUsd(), second.isPartlyBought([slot])]).toEqual([0, false]);
	second.open(slot, 'f');
	second.settle(second.begin(slot, facts), { state: 'bought', id: 'p2' });
	expect(second.undelivered().paid.map(idOf)).toEqual(['p2']);
	second.close();
	first.close();
	expect(second.leftOver().map(idOf)).toEqual(['p2']);
});

it('leaves over nothing that a retry has not come to', () => {
	const kept: KeptPurchases = { records: {}, takenIds: {} };
	const slots = [{ itemIndex: 0 }, { itemIndex: 1 }];
	const failed = new Ledger(kept, { executionId: '1', runIndex: 0, isTool: false, parametersHash: 'p' });
	for (const slot of slots)
		failed.settle(failed.begin(slot, facts), { state: 'bought', id: `p${slot.itemIndex}` });
	const retry = new Ledger(kept, { executionId: '2', runIndex: 0, isTool: false, parametersHash: 'p' });
	retry.resume(retry.current(slots[0])!);
	retry.close();
	expect(retry.leftOver().map(idOf)).toEqual(['p0']);
});

it('keeps the URL of an input whole, but of a data URI only its type', () => {
	const signed = `https://example.com/a.png?signature=${'x'.repeat(800)}`;
	expect(shownInput(signed)).toBe(signed);
	expect(shownInput(`${signed}${'x'.repeat(2_000)}`).length).toBeLessThan(500);
	expect(shownInput(`data:image/png;base64,${'A'.repeat(800)}`)).toBe('data:image/png;…');
});
