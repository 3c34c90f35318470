/* A process of n8n: main, or another one of its queue mode. */
import type { ChildProcess } from 'node:child_process';
import type { Instance } from './instance';
import { captureOutput, isRunning, kill, start, stop } from './process';
import { until } from './waitFor';

export interface Started {
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
