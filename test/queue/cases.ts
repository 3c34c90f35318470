/* What a case in queue mode is, and what it gets to work with. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startSandbox } from '../../sandbox';
import type { Sandbox, SandboxOptions } from '../../sandbox/types';
import { freePorts } from '../../scripts/n8n/ports';
import { QueueMode, type BinaryMode, type QueueModeOptions } from '../../scripts/n8n/queueMode';
import type { Server } from '../../scripts/n8n/server';
import type { Worker } from '../../scripts/n8n/worker';
import { API_KEY, CREDENTIALS } from '../e2e/cases';
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

/**
 * One n8n in queue mode, used by all cases one after the other, and a new sandbox for each of them: always on the same
 * ports, since the credential holds its address.
 */
export class QueueBench {
	private readonly ending: Array<() => Promise<void>> = [];
	private readonly notes: string[] = [];
	private readonly rows: Row[] = [];
	private currentSandbox: Sandbox | undefined;

	private constructor(
		readonly n8n: QueueMode,
		private readonly ports: { port: number; filesPort: number },
	) {}

	static async open(options: QueueModeOptions): Promise<QueueBench> {
		const [port, filesPort] = await freePorts(2);
		const type = 'atlasCloudSeedreamApi';
		const data = { apiKey: API_KEY, baseUrl: `http://127.0.0.1:${port}` };
		const n8n = await QueueMode.create({
			...options,
			env: { ...ENV, ...options.env },
			credentials: [{ ...CREDENTIALS[type], type, data }],
		});
		return new QueueBench(n8n, { port, filesPort });
	}

	get instance() {
		return this.n8n.instance;
	}

	get main(): Server {
		return this.n8n.main;
	}

	get sandbox(): Sandbox {
		if (!this.currentSandbox) throw new Error('The sandbox runs during a case only.');
		return this.currentSandbox;
	}

	/** Makes n8n whole again after the last case. */
	async prepare({ binaryMode }: QueueCase): Promise<void> {
		await this.n8n.ensure(binaryMode);
	}

	/** Returns the figures that the case noted. */
	async run({ sandbox, run }: QueueCase): Promise<string[]> {
		this.notes.length = 0;
		this.currentSandbox = await startSandbox({
			apiKey: API_KEY,
			predictSeconds: 1.5,
			seed: 1,
			...sandbox,
			...this.ports,
		});
		try {
			await run(this);
		} finally {
			for (const end of this.ending.splice(0).reverse()) await end().catch(() => undefined);
			await this.currentSandbox.close();
			this.currentSandbox = undefined;
		}
		return this.notes;
	}

	/** Does something when the case is over, however it ends. */
	atEnd(end: () => Promise<void>): void {
		this.ending.push(end);
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
		await this.until(() => {
			index = this.n8n.workers.findIndex((worker) => worker.executionIds.includes(executionId));
			return index >= 0;
		}, `a worker to start execution ${executionId}`);
		return { worker: this.n8n.workers[index], index };
	}

	async until(holds: () => boolean, what: string, timeoutSeconds = 60): Promise<void> {
		const deadline = Date.now() + timeoutSeconds * 1000;
		while (!holds()) {
			if (Date.now() > deadline) throw new Error(`Waited ${timeoutSeconds} s for ${what}`);
			await delay(50);
		}
	}

	async close(): Promise<void> {
		await this.n8n.remove();
	}
}
