/* A process of n8n: main, or another one of its queue mode. */
import type { ChildProcess } from 'node:child_process';
import type { Instance } from './instance';
import { freePorts } from './ports';
import { captureOutput, isRunning, kill, start, stop } from './process';
import { until } from './waitFor';

interface Started {
	child: ChildProcess;
	output: () => string;
}

export class N8nProcess {
	protected readonly child: ChildProcess;

	private readonly output: () => string;

	protected constructor({ child, output }: Started) {
		this.child = child;
		this.output = output;
	}

	/**
	 * Starts one of n8n's commands.
	 * @throws if it ends, or does not log that it is ready within five minutes
	 */
	protected static async startCommand(
		instance: Instance,
		command: string,
		readyText: string,
		env: NodeJS.ProcessEnv,
	): Promise<Started> {
		const child = start(instance.n8n.nodeBin, [instance.n8n.n8nBin, command], {
			cwd: instance.folder,
			env: await instance.processEnv(env),
		});
		const output = captureOutput(child);
		const isReady = () => {
			if (isRunning(child)) return output().includes(readyText);
			throw new Error(`n8n ${command} ended before it was ready:\n${output()}`);
		};
		try {
			await until(isReady, () => `n8n ${command}:\n${output()}`, 300);
		} catch (error) {
			await kill(child);
			throw error;
		}
		return { child, output };
	}

	get pid(): number {
		return this.child.pid!;
	}

	get isRunning(): boolean {
		return isRunning(this.child);
	}

	/** The last 200 kB of what it logged. */
	get logs(): string {
		return this.output();
	}

	/** Asks it to end, as an orchestrator does. Returns its exit code. */
	async stop(graceSeconds = 5): Promise<number | null> {
		await stop(this.child, graceSeconds);
		return this.child.exitCode;
	}

	async kill(): Promise<void> {
		await kill(this.child);
	}
}

/** A worker of n8n's queue mode. */
export class Worker extends N8nProcess {
	static async start(instance: Instance, env: NodeJS.ProcessEnv): Promise<Worker> {
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

/** A process of n8n's queue mode that takes webhook calls beside main, as behind a load balancer. */
export class WebhookProcess extends N8nProcess {
	private constructor(
		started: Started,
		/** Where it takes calls. */
		readonly url: string,
	) {
		super(started);
	}

	static async start(instance: Instance, env: NodeJS.ProcessEnv): Promise<WebhookProcess> {
		const [port] = await freePorts(1);
		const started = await this.startCommand(instance, 'webhook', 'Webhook listener waiting for requests', {
			...env,
			N8N_PORT: String(port),
		});
		return new WebhookProcess(started, `http://localhost:${port}`);
	}
}
