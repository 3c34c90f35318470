import type { IDataObject, INodeExecutionData, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import type { AboutItem, NodeRun, ItemResult } from '../nodeRun';

/** What an item goes through. `Job` is what it knows of an item. */
export interface Operation<Job = unknown> {
	/** Its entry in the list of operations. */
	option: INodePropertyOptions & { name: string; value: string };
	/** Its fields. The panel shows them for this operation only. */
	fields: INodeProperties[];
	/** What was done, such as `2 images`, without what failed. Without it, the run has no hint. */
	count?(done: INodeExecutionData[]): string[];
	/** What it buys, such as `edit`. Only then is a cost shown: what was spent at Submit is not counted again. */
	buys?: string;
	/** The fields of a simplified item, in order. A failed item has them too. */
	columns?: string[];
	/** What is known of an item that failed: so that a table shows which one it is. */
	about?(job: Job): AboutItem;
	/** Reads and checks one item's fields, Options, and files. Sends nothing. @throws AtlasError (`input`) */
	read(run: NodeRun, itemIndex: number, options: IDataObject): Job | Promise<Job>;
	/**
	 * Checks all items together, before anything is asked or sent. Only its error may take a request to be told.
	 * @throws AtlasError (`input`)
	 */
	checkAll?(run: NodeRun, jobs: Job[]): Promise<void>;
	/** Completes a job with what takes a free request to know. Uploads nothing. @throws AtlasError (`input`) */
	resolve?(run: NodeRun, job: Job): Promise<Job>;
	/**
	 * Checks all items together once they are resolved. Costs nothing, and uploads at most what a quote needs.
	 * @throws AtlasError (`input`)
	 */
	checkResolved?(run: NodeRun, jobs: Job[]): Promise<void>;
	/**
	 * Has an item buy nothing, because {@link checkResolved} objects.
	 * @returns whether something of it is, or may be, paid for, which is returned all the same
	 */
	refuse?(run: NodeRun, job: Job, objection: unknown): boolean;
	/** Does the work of one item. @throws AtlasError; CancelledError */
	work(run: NodeRun, job: Job, itemIndex: number): Promise<ItemResult>;
	/** Whether it limits its own concurrency; otherwise the option Concurrency does. */
	isSelfPaced?: boolean;
	/** Whether it runs for the first item only, however many there are. */
	isOnce?: boolean;
}

/** A resource in the panel, and its operations. */
export interface Resource {
	name: string;
	value: string;
	/** `option.value` of the operation that is selected at first. */
	defaultOperation: string;
	operations: Operation[];
}

/** A node, as far as the code shared by all nodes needs to know it. */
export interface NodeDefinition {
	displayName: string;
	resources: Resource[];
}
