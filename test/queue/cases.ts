/* What a case in queue mode is, and what it gets to work with. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxOptions } from '../../sandbox/types';
import type { Worker } from '../../scripts/n8n/n8nProcess';
import { QueueMode, type BinaryMode, type QueueModeOptions } from '../../scripts/n8n/queueMode';
import type { Server } from '../../scripts/n8n/server';
import { until } from '../../scripts/n8n/waitFor';
import { SandboxBench, type Ports } from '../e2e/cases';
import { paint } from '../e2e/pictures';

export interface QueueCase {
	name: string;
	binaryMode: BinaryMode;
	sandbox: SandboxOptions;
	run(bench: QueueBench): Promise<void>;
}

export const CASES: QueueCase[] = [];

/** Runs in `database` mode, n8n's default with a queue, unless `binaryMode` says otherwise. */
export function queueCase(
	name: string,
	run: QueueCase['run'],
	{ binaryMode = 'database', sandbox = {} }: Partial<QueueCase> = {},
): void {
	CASES.push({ name, binaryMode, sandbox, run });
}

const ENV: NodeJS.ProcessEnv = {
	// Faster than n8n's own, so that a dead worker is noticed within seconds instead of minutes.
	QUEUE_WORKER_LOCK_DURATION: '15000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '3000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
	// n8n's 30 s are less than a batch takes.
	N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '90',
};

/** One row of a sheet: a picture that no other row has. */
export interface Row {
	row: number;
	fileName: string;
	sha256: string;
	bytes: Buffer;
}

/** One n8n in queue mode, used by all cases one after the other. */
export class QueueBench extends SandboxBench {
	private readonly notes: string[] = [];
	private readonly rows: Row[] = [];

	private constructor(
		readonly n8n: QueueMode,
		ports: Ports,
	) {
		super(ports);
	}

	static async open(options: QueueModeOptions): Promise<QueueBench> {
		const { ports, credential } = await SandboxBench.prepare();
		const env = { ...ENV, ...options.env };
		return new QueueBench(await QueueMode.create({ ...options, env, credentials: [credential] }), ports);
	}

	get instance() {
		return this.n8n.instance;
	}

	get main(): Server {
		return this.n8n.main;
	}

	/** Makes n8n whole again after the last case. */
	async prepare({ binaryMode }: QueueCase): Promise<void> {
		await this.n8n.ensure(binaryMode);
	}

	/** Returns the figures that the case noted. */
	async run({ sandbox, run }: QueueCase): Promise<string[]> {
		this.notes.length = 0;
		await this.withSandbox({ predictSeconds: 1.5, ...sandbox }, async () => await run(this));
		return this.notes;
	}

	/** A process that a case started may have been killed by then. */
	override atEnd(end: () => Promise<void>): void {
		super.atEnd(async () => await end().catch(() => undefined));
	}

	/** A figure to print with the case. */
	note(text: string): void {
		this.notes.push(text);
	}

	/** Files of a sheet, in a folder that every worker can read: small pictures, no two alike. */
	async sheet(count: number): Promise<{ rows: Row[]; folder: string }> {
		for (let row = this.rows.length; row < count; row++) {
			const color = { r: row % 256, g: 255 - (Math.floor(row / 256) % 256), b: (row * 7) % 256 };
			const bytes = await paint(color, 64, 64);
			const sha256 = createHash('sha256').update(bytes).digest('hex');
			this.rows.push({ row, fileName: `row-${String(row).padStart(4, '0')}.png`, sha256, bytes });
		}
		const rows = this.rows.slice(0, count);
		const folder = join(this.instance.filesFolder, `sheet-${count}`);
		await mkdir(folder, { recursive: true });
		for (const { fileName, bytes } of rows) await writeFile(join(folder, fileName), bytes);
		return { rows, folder };
	}

	/** The worker that runs an execution. */
	async workerOf(executionId: string): Promise<{ worker: Worker; index: number }> {
		let index = -1;
		await until(() => {
			index = this.n8n.workers.findIndex((worker) => worker.executionIds.includes(executionId));
			return index >= 0;
		}, `a worker to start execution ${executionId}`);
		return { worker: this.n8n.workers[index], index };
	}

	async close(): Promise<void> {
		await this.n8n.remove();
	}
}
