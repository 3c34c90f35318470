import type { IDataObject, INodeExecutionData, IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import type { Semaphore } from './api/time/semaphore';
import type { CancelSignal } from './api/time/cancellation';
import type { ModelInfos } from './api/models/model';
import type { Quotes } from './api/models/quotes';
import type { AtlasClient } from './api/http/client';
import type { Downloads } from './api/files/downloads';
import type { Places } from './api/pace/places';
import type { Bought } from './api/purchases/buy';
import type { Leftovers } from './api/purchases/leftovers';
import type { Ledger } from './api/purchases/ledger';
import type { PurchaseRequest } from './api/purchases/request';
import type { Uploads } from './api/files/uploads';
import type { RemoteImages } from './api/files/remoteFiles';
import type { Waiter } from './api/predictions/waiter';

/** What came of one item: of several images, some may have failed. */
export interface Outcome {
	items: INodeExecutionData[];
	/** Undefined where nothing failed. */
	error?: unknown;
	/** Sentences for the execution hint. */
	notes?: string[];
}

/** What an item asks for, or refers to. */
export interface AboutItem {
	model?: string | null;
	prompt?: string | null;
	size?: string | null;
	predictionId?: string;
	/** Sentences for the execution hint. */
	notes?: string[];
}

/** One input item on its way through an operation. */
export interface ItemRun {
	index: number;
	/** The option Simplify. */
	isSimplified?: boolean;
	/** The input's json, where the option Include Input Fields asks for it. */
	inputFields?: IDataObject;
	/** What the operation read of the item. */
	job?: unknown;
	/** What is known of it, for a table that shows which item failed. */
	about?: AboutItem;
	/** Undefined until the item failed or is done. */
	outcome?: Outcome;
}

/** Everything that the items of one call of execute() share. */
export interface NodeRun {
	context: IExecuteFunctions;
	client: AtlasClient;
	uploads: Uploads;
	remoteImages: RemoteImages;
	/** Brings one purchase to its end. @throws AtlasError; CancelledError */
	buy(request: PurchaseRequest, then: 'wait' | 'leave'): Promise<Bought>;
	places: Places;
	waiter: Waiter;
	downloads: Downloads<IBinaryData>;
	downloadSemaphore: Semaphore;
	ledger: Ledger;
	leftovers: Leftovers;
	/** What catalog and schemas say of models; each is read once per run. */
	models: ModelInfos;
	/** What requests would cost; each distinct one is asked for once per run. */
	quotes: Quotes;
	/** Items worked on at once by operations that do not limit themselves. */
	concurrency: number;
	startedAtMs: number;
	/** Aborted when the execution is cancelled, and when a fault ends the batch. */
	signal: CancelSignal;
	/** Called when an item fails. Unless n8n is to continue on fail, nothing more is submitted or waited for. */
	onFault: () => void;
	/** Ends all that still runs. */
	end: () => void;
}
