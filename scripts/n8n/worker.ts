/* A worker of n8n's queue mode. */
import type { Instance } from './instance';
import { N8nProcess } from './n8nProcess';

export class Worker extends N8nProcess {
	static async start(instance: Instance, env: NodeJS.ProcessEnv = {}): Promise<Worker> {
		return new Worker(await this.startCommand(instance, 'worker', 'n8n worker is now ready', env));
	}

	/** IDs of the executions that this worker has started, in order. */
	get executionIds(): string[] {
		return [...this.logs.matchAll(/Worker started execution (\d+)/g)].map(([, id]) => id);
	}

	/** Whether the worker is through with an execution, whether or not n8n could store how it ended. */
	hasFinished(executionId: string): boolean {
		return this.logs.includes(`Worker finished execution ${executionId} `);
	}
}
