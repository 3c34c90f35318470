import type { ChildProcess } from 'node:child_process';
import { Agent, request } from 'undici';
import type { SandboxOptions } from '../sandbox/types';
import { startChild } from './children';

/** What a sandbox saw, as far as it is measured. */
export interface LedgerSummary {
	calls: Partial<Record<string, { all: number; refused: number }>>;
	predictions: Array<{
		id: string;
		createdAtMs: number;
		startedAtMs: number | null;
		completedAtMs: number | null;
		status: string;
	}>;
	maxRunning: number;
}

/** Waits for a prediction as long as that takes. */
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0, connections: null });

/** One stand-in Atlas Cloud. */
export class BenchSandbox {
	constructor(
		private readonly control: string,
		readonly baseUrl: string,
		readonly apiKey: string,
	) {}

	private async ask(path: string, prediction = ''): Promise<unknown> {
		const query = new URLSearchParams({ sandbox: this.baseUrl, prediction });
		return await ask(`${this.control}${path}?${query.toString()}`);
	}

	/** Resolves when the prediction is done: what no client of Atlas Cloud can know. */
	async whenDone(predictionId: string): Promise<void> {
		await this.ask('/done', predictionId);
	}

	async ledger(): Promise<LedgerSummary> {
		return (await this.ask('/ledger')) as LedgerSummary;
	}

	/** Changes options while it runs. */
	async update(changes: SandboxOptions): Promise<void> {
		const query = new URLSearchParams({ sandbox: this.baseUrl });
		await ask(`${this.control}/update?${query.toString()}`, changes);
	}

	async close(): Promise<void> {
		await this.ask('/close');
	}
}

async function ask(url: string, body?: unknown): Promise<unknown> {
	const { statusCode, body: answer } = await request(url, {
		dispatcher,
		method: body === undefined ? 'GET' : 'POST',
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	const text = await answer.text();
	if (statusCode !== 200) throw new Error(`The sandbox's process said: ${text}`);
	return JSON.parse(text) as unknown;
}

/** The process in which sandboxes run. */
export class SandboxHost {
	private constructor(
		private readonly child: ChildProcess,
		private readonly control: string,
	) {}

	static async start(): Promise<SandboxHost> {
		const child = startChild('sandboxServer.ts');
		const port = await new Promise<number>((resolve, reject) => {
			child.once('message', (message) => resolve((message as { port: number }).port));
			child.once('exit', () => reject(new Error('The sandbox did not start')));
		});
		return new SandboxHost(child, `http://127.0.0.1:${port}`);
	}

	/** With a prepared picture: sharp would compete for the processors. */
	async open(options: SandboxOptions): Promise<BenchSandbox> {
		const opened = await ask(`${this.control}/open`, { preparedPictures: true, ...options });
		const { baseUrl, apiKey } = opened as { baseUrl: string; apiKey: string };
		return new BenchSandbox(this.control, baseUrl, apiKey);
	}

	/** Does something with a sandbox that is closed afterwards. */
	async with<T>(options: SandboxOptions, work: (sandbox: BenchSandbox) => Promise<T>): Promise<T> {
		const sandbox = await this.open(options);
		try {
			return await work(sandbox);
		} finally {
			await sandbox.close();
		}
	}

	stop(): void {
		if (this.child.connected) this.child.disconnect();
	}
}
