/* n8n in queue mode: one main and some workers on Redis and Postgres, each with a user folder of its own, as on
 * machines of their own. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Instance, type CredentialExport, type InstanceOptions } from './instance';
import { WebhookProcess, Worker } from './n8nProcess';
import { freePorts } from './ports';
import {
	POSTGRES_DATABASE,
	POSTGRES_USER,
	queryPostgres,
	startPostgres,
	startRedis,
	type Service,
} from './services';
import { Server } from './server';

export type BinaryMode = 'database' | 'filesystem';

export interface QueueModeOptions extends InstanceOptions {
	workers?: number;
	credentials?: CredentialExport[];
}

export class QueueMode {
	private currentMain: Server | undefined;
	private currentWorkers: Array<Worker | undefined> = [];
	private binaryMode: BinaryMode = 'database';

	private constructor(
		readonly redis: Service,
		readonly postgres: Service,
		/** The main's first, then the workers', and a webhook process's last. */
		private readonly instances: Instance[],
		/** Of the main, also when it starts again: others know its address. */
		private readonly mainPort: number,
	) {}

	/** Makes everything and starts Redis and Postgres; {@link ensure} starts n8n. */
	static async create(options: QueueModeOptions): Promise<QueueMode> {
		const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
		const [mainPort] = await freePorts(1);
		const queueMode = new QueueMode(redis, postgres, [], mainPort);
		try {
			const env = {
				EXECUTIONS_MODE: 'queue',
				N8N_ENCRYPTION_KEY: randomBytes(24).toString('hex'),
				QUEUE_BULL_REDIS_HOST: '127.0.0.1',
				QUEUE_BULL_REDIS_PORT: String(redis.port),
				DB_TYPE: 'postgresdb',
				DB_POSTGRESDB_HOST: '127.0.0.1',
				DB_POSTGRESDB_PORT: String(postgres.port),
				DB_POSTGRESDB_USER: POSTGRES_USER,
				DB_POSTGRESDB_DATABASE: POSTGRES_DATABASE,
				...options.env,
			};
			const main = await Instance.create({ ...options, env });
			queueMode.instances.push(main);
			const ofOthers = { ...env, N8N_RESTRICT_FILE_ACCESS_TO: main.filesFolder };
			for (let count = (options.workers ?? 2) + 1; count > 0; count--) {
				queueMode.instances.push(await Instance.create({ ...options, env: ofOthers }));
			}
			await mkdir(queueMode.storageFolder);
			if (options.credentials) await main.importCredentials(...options.credentials);
		} catch (error) {
			await queueMode.remove();
			throw error;
		}
		return queueMode;
	}

	get instance(): Instance {
		return this.instances[0];
	}

	get main(): Server {
		if (!this.currentMain?.isRunning) throw new Error('The main is not running.');
		return this.currentMain;
	}

	get workers(): Worker[] {
		return this.currentWorkers.filter((worker) => worker !== undefined);
	}

	/** Where all processes keep binary data in filesystem mode. */
	private get storageFolder(): string {
		return join(this.instance.folder, 'shared-storage');
	}

	/** Starts what is not running, and restarts n8n where it keeps binary data elsewhere. */
	async ensure(binaryMode: BinaryMode = this.binaryMode): Promise<void> {
		if (this.binaryMode !== binaryMode) await this.stopN8n();
		this.binaryMode = binaryMode;
		for (const service of [this.redis, this.postgres]) if (!service.isRunning) await service.start();
		// The main first: it makes the database.
		if (!this.currentMain?.isRunning) await this.startMain();
		await this.main.waitUntilReady();
		await Promise.all(
			this.instances.slice(1, -1).map(async (_instance, index) => {
				if (!this.currentWorkers[index]?.isRunning) await this.startWorker(index);
			}),
		);
	}

	async startMain(): Promise<Server> {
		await this.currentMain?.stop();
		this.currentMain = await Server.start(this.instance, {
			...this.processEnv(),
			N8N_PORT: String(this.mainPort),
		});
		return this.currentMain;
	}

	/** Starts a webhook process beside the main; only one can run. Whoever starts it stops it. */
	async startWebhookProcess(): Promise<WebhookProcess> {
		return await WebhookProcess.start(this.instances[this.instances.length - 1], this.processEnv());
	}

	/** Starts a worker in the place of one that has ended. */
	async startWorker(index: number, env: NodeJS.ProcessEnv = {}): Promise<Worker> {
		await this.currentWorkers[index]?.stop();
		// Where the outside world reaches n8n: the main's address, as on every machine of a real one.
		const webhookUrl = { WEBHOOK_URL: `${this.main.url}/` };
		const worker = await Worker.start(this.instances[index + 1], {
			...this.processEnv(),
			...webhookUrl,
			...env,
		});
		this.currentWorkers[index] = worker;
		return worker;
	}

	/** Deletes all files of all executions, as n8n does when it prunes them. */
	async deleteBinaryData(): Promise<void> {
		if (this.binaryMode === 'database') await queryPostgres(this.postgres, 'DELETE FROM binary_data');
		for (const name of await readdir(this.storageFolder)) {
			await rm(join(this.storageFolder, name), { recursive: true });
		}
	}

	private processEnv(): NodeJS.ProcessEnv {
		return {
			N8N_DEFAULT_BINARY_DATA_MODE: this.binaryMode,
			...(this.binaryMode === 'filesystem' && { N8N_STORAGE_PATH: this.storageFolder }),
		};
	}

	private async stopN8n(): Promise<void> {
		await Promise.all(this.workers.map(async (worker) => await worker.stop()));
		await this.currentMain?.stop();
		this.currentWorkers = [];
		this.currentMain = undefined;
	}

	async remove(): Promise<void> {
		await this.stopN8n();
		for (const instance of this.instances) await instance.remove();
		await this.redis.remove();
		await this.postgres.remove();
	}
}
