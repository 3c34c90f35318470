import { Uploads } from '../../nodes/AtlasCloud/api/files/uploads';
import type { AtlasClient } from '../../nodes/AtlasCloud/api/http/client';
import { Waiter } from '../../nodes/AtlasCloud/api/predictions/waiter';
import type { PurchaseTools } from '../../nodes/AtlasCloud/api/purchases/tools';
import { EarlierInputs } from '../../nodes/AtlasCloud/api/purchases/earlierInputs';
import { Leftovers } from '../../nodes/AtlasCloud/api/purchases/leftovers';
import { Ledger } from '../../nodes/AtlasCloud/api/purchases/ledger';
import { LostSearch } from '../../nodes/AtlasCloud/api/purchases/lostSearch';
import { Places } from '../../nodes/AtlasCloud/api/pace/places';
import { Search } from '../../nodes/AtlasCloud/api/purchases/search';

export function emptyLedger(executionId = '1'): Ledger {
	return new Ledger(
		{ records: {}, takenIds: {} },
		{ executionId, runIndex: 0, isTool: false, parametersHash: 'p' },
	);
}

/** All that a purchase needs, on this client. */
export function toolsOf(
	client: AtlasClient,
	changes: Partial<PurchaseTools> = {},
	hardLimit: number | null = null,
): PurchaseTools {
	const { clock } = client;
	const ledger = changes.ledger ?? emptyLedger();
	const account = 'an account';
	return {
		client,
		clock,
		signal: undefined,
		startedAtMs: clock.nowMs(),
		ledger,
		search: new Search(client, ledger, new EarlierInputs(client, undefined)),
		lostSearch: new LostSearch(client, ledger, undefined),
		leftovers: new Leftovers(account, clock, false),
		uploads: new Uploads(client, { executionId: '1', nodeTag: '0123abcd', runIndex: 0 }, undefined),
		budget: { spareUsd: Infinity },
		places: new Places({ account, hardLimit, clock, signal: undefined }),
		waiter: new Waiter(client),
		retriedSinceMs: null,
		onFault: () => {},
		...changes,
	};
}
