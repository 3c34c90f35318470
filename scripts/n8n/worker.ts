/* A worker of n8n's queue mode. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Instance } from './instance';
import { captureOutput, isRunning, kill, start, stop } from './process';

export class Worker {
	private readonly output: () => string;

	private constructor(
		readonly instance: Instance,
		private readonly child: ChildProcess,
	) {
		this.output = captureOutput(child);
	}

	static async start(instance: Instance, env: NodeJS.ProcessEnv = {}): Promise<Worker> {
		const child = start(instance.n8n.nodeBin, [instance.n8n.n8nBin, 'worker'], {
			cwd: instance.folder,
			env: await instance.processEnv(env),
		});
		const worker = new Worker(instance, child);
		const deadline = Date.now() + 120_000;
		while (!worker.logs.includes('n8n worker is now ready')) {
			if (!worker.isRunning) throw new Error(`The worker ended before it was ready:\n${worker.logs}`);
			if (Date.now() > deadline) {
				await worker.kill();
				throw new Error(`The worker is not ready after two minutes:\n${worker.logs}`);
			}
			await delay(100);
		}
		return worker;
	}

	get pid(): number {
		return this.child.pid!;
	}

	get isRunning(): boolean {
		return isRunning(this.child);
	}

	/** The last 200 kB of what the worker logged. */
	get logs(): string {
		return this.output();
	}

	/** IDs of the executions that this worker has started, in order. */
	get executionIds(): string[] {
		return [...this.logs.matchAll(/Worker started execution (\d+)/g)].map(([, id]) => id);
	}

	/** Whether the worker is through with an execution, whether or not n8n could store how it ended. */
	hasFinished(executionId: string): boolean {
		return this.logs.includes(`Worker finished execution ${executionId} `);
	}

	/** Waits until the worker ends by itself. Returns its exit code. */
	async ended(): Promise<number | null> {
		if (this.isRunning) await once(this.child, 'exit');
		return this.child.exitCode;
	}

	/** Asks the worker to end, as an orchestrator does. Returns its exit code. */
	async stop(graceSeconds = 5): Promise<number | null> {
		await stop(this.child, graceSeconds);
		return this.child.exitCode;
	}

	async kill(): Promise<void> {
		await kill(this.child);
	}
}
