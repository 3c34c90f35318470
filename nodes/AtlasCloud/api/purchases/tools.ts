import type { Uploads } from '../files/uploads';
import type { AtlasClient } from '../http/client';
import type { Places } from '../pace/places';
import type { Waiter } from '../predictions/waiter';
import type { CancelSignal, Clock } from '../time/clock';
import type { Ledger } from './ledger';
import type { Leftovers } from './leftovers';
import type { LostSearch } from './lostSearch';
import type { Search } from './search';

/** What a purchase works with: all purchases of a run share it. */
export interface PurchaseTools {
	client: AtlasClient;
	clock: Clock;
	/** Cancel of the execution, or stop of the batch: keeps submits from leaving. */
	signal: CancelSignal | undefined;
	ledger: Ledger;
	search: Search;
	lostSearch: LostSearch;
	/** What earlier runs of this node paid for and did not return. */
	leftovers: Leftovers;
	uploads: Uploads;
	places: Places;
	waiter: Waiter;
	/** What Max Cost per Run leaves beyond what the run plans to buy, in USD; Infinity without a limit. */
	budget: { spareUsd: number };
	/** Our clock, in ms: when this run began. */
	startedAtMs: number;
	/** Our clock, in ms: when the retried execution began; null unless a person retries one. */
	retriedSinceMs: number | null;
	/** Called when a purchase fails, before the next one gets its place: if this stops the batch, that one is not bought. */
	onFault: () => void;
}
