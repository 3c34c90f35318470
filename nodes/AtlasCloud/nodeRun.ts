import type { IDataObject, INodeExecutionData, IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import type { Downloads } from './api/files/downloads';
import type { RemoteImages } from './api/files/remoteFiles';
import type { ModelInfos } from './api/models/model';
import type { Quotes } from './api/models/quotes';
import type { PurchaseTools } from './api/purchases/tools';
import type { CancelSignal } from './api/time/clock';

/** What came of one item: of several images, some may have failed. */
export interface ItemResult {
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
	result?: ItemResult;
}

/** Everything that the items of one call of execute() share. */
export interface NodeRun extends PurchaseTools {
	context: IExecuteFunctions;
	/** Not so for calls of MCP clients and of n8n's Agents (n8n 2.41): nobody can read the files that they store. */
	hasExecution: boolean;
	remoteImages: RemoteImages;
	downloads: Downloads<IBinaryData>;
	/** What catalog and schemas say of models; each is read once per run. */
	models: ModelInfos;
	/** What requests would cost; each distinct one is asked for once per run. */
	quotes: Quotes;
	/** Items worked on at once by operations that do not limit themselves. */
	concurrency: number;
	/** Aborted when the execution is cancelled, and when a fault ends the batch. */
	signal: CancelSignal;
	/** Ends all that still runs. */
	end: () => void;
}
