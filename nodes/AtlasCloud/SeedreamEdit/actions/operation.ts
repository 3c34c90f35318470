import type { INodeExecutionData, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import type { NodeRun } from './nodeRun';

/** What the panel shows of an operation. */
interface OperationFace {
	/** Its line in the list of operations. */
	option: INodePropertyOptions & { value: string };
	/** Its fields, shown for it alone. */
	fields: INodeProperties[];
}

/** An operation that works on each input item by itself. */
export interface ItemOperation<Job = unknown> extends OperationFace {
	/**
	 * Reads and checks one item's fields and files. Sends nothing.
	 * @throws AtlasError (`input`)
	 */
	read(run: NodeRun, itemIndex: number): Promise<Job>;
	/**
	 * Checks that need to look at an address or the catalog. Nothing that costs, changes or uploads anything.
	 * @throws AtlasError (`input`)
	 */
	resolve?(run: NodeRun, job: Job): Promise<void>;
	/**
	 * Checks of all items together, before the first request.
	 * @throws AtlasError (`input`)
	 */
	checkAll?(run: NodeRun, jobs: Job[]): void;
	/** Does the work of one item. @throws AtlasError; CancelledError */
	work(run: NodeRun, job: Job, itemIndex: number): Promise<INodeExecutionData[]>;
	/** Whether it overlaps its items by itself; otherwise so many as Concurrency says are worked on at once. */
	pacesItself?: boolean;
}

/** An operation that runs once, whatever the number of input items. */
export interface OnceOperation extends OperationFace {
	/** @throws AtlasError; CancelledError */
	once(run: NodeRun): Promise<INodeExecutionData[]>;
}

export type Operation = ItemOperation | OnceOperation;

/** Lets an operation with its own job type stand among others. */
export function itemOperation<Job>(operation: ItemOperation<Job>): ItemOperation {
	return operation as unknown as ItemOperation;
}
