/* What n8n tells about an execution, the same whether the command line or the server told it. */
import type {
	ExecutionStatus,
	IDataObject,
	INodeExecutionData,
	IRunExecutionData,
	ITaskData,
} from 'n8n-workflow';

export type { ExecutionStatus };

export interface ExecutionError {
	message: string;
	description?: string | null;
	name?: string;
	context?: IDataObject;
}

export class Execution {
	constructor(
		readonly id: string | undefined,
		readonly status: ExecutionStatus,
		readonly data: IRunExecutionData | undefined,
	) {}

	get succeeded(): boolean {
		return this.status === 'success' && this.error === undefined;
	}

	/** What ended the execution; errors that a node handed on to its error branch are among its items. */
	get error(): ExecutionError | undefined {
		return this.data?.resultData.error as ExecutionError | undefined;
	}

	/** Each time the node ran, oldest first. A try that Retry On Fail repeats is not a run of its own. */
	runs(nodeName: string): ITaskData[] {
		return this.data?.resultData.runData[nodeName] ?? [];
	}

	/** The items that came out of a node in its last run. `output` 1 is the error branch of a node with one output. */
	items(nodeName: string, output = 0): INodeExecutionData[] {
		return this.runs(nodeName).at(-1)?.data?.main?.[output] ?? [];
	}

	/** The only item that came out of a node. */
	item(nodeName: string, output = 0): INodeExecutionData {
		const items = this.items(nodeName, output);
		if (items.length !== 1) {
			throw new Error(`“${nodeName}” gave ${items.length} items, not one. ${this.summary()}`);
		}
		return items[0];
	}

	/** For the message of a check that did not hold. */
	summary(): string {
		const nodes = Object.entries(this.data?.resultData.runData ?? {}).map(([name, runs]) => {
			const last = runs.at(-1);
			const counts = last?.data?.main?.map((items) => items?.length ?? 0).join('+') ?? 'nothing';
			return `${name}: ${last?.error ? `“${last.error.message}”` : counts}`;
		});
		const error = this.error ? `; ${this.error.message} (${this.error.description ?? ''})` : '';
		return `Execution ${this.id ?? ''} ${this.status}${error} [${nodes.join(', ')}]`;
	}

	expectSuccess(): this {
		if (!this.succeeded) throw new Error(this.summary());
		return this;
	}
}
