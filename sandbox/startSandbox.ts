import { ApiServer } from './apiServer';
import { RealClock } from './clock';
import type { Stage } from './conversation';
import { FaultBook } from './faults';
import { filesRoutes } from './filesServer';
import { FileStore } from './fileStore';
import { LedgerBook } from './ledger';
import { Origin } from './origin';
import { predictionData } from './predictions';
import { Studio } from './studio';
import { TaskBook } from './tasks';
import type { Sandbox, SandboxOptions } from './types';
import { WebhookSender } from './webhooks';

/** Starts a stand-in Atlas Cloud on this machine: its API on one port, its files on another. */
export async function startSandbox(given: SandboxOptions = {}): Promise<Sandbox> {
	const options: SandboxOptions = { ...given };
	const { apiKey = 'sandbox-key', seed = 1 } = options;
	const realClock = new RealClock();
	const clock = options.clock ?? realClock;
	const ledger = new LedgerBook();
	const faults = new FaultBook(options.faults ?? [], seed);
	const files = new FileStore();
	const api = new Origin(options.port ?? 0);
	const storage = new Origin(options.filesPort ?? 0);
	const filesUrl = (): string => storage.url;
	const skewMs = (): number => (options.clockSkewSeconds ?? 0) * 1000;
	const studio = new Studio({ files, filesUrl, nowMs: () => clock.nowMs(), options });
	const webhooks: WebhookSender = new WebhookSender({
		clock,
		ledger,
		skewMs,
		options,
		payloadOf: async (task) => await predictionData(task, server.context(), true),
	});
	const tasks = new TaskBook({
		clock,
		ledger,
		files,
		filesUrl,
		studio,
		options,
		seed,
		onEnd: (task) => void webhooks.deliver(task),
	});
	const stage = (origin: 'api' | 'files'): Stage => ({
		origin,
		ledger,
		faults,
		clock,
		skewMs,
		...(options.onRequestOver ? { onRequestOver: options.onRequestOver } : {}),
	});
	const server = new ApiServer({
		apiKey,
		api,
		filesUrl,
		stage: stage('api'),
		files,
		tasks,
		webhooks,
		options,
	});

	const closeAll = async (): Promise<void> => {
		webhooks.close();
		await Promise.all([api.close(), storage.close()]);
		realClock.stop();
		await tasks.close();
		files.remove();
	};
	try {
		api.serve(server.routes);
		storage.serve(filesRoutes(stage('files'), files));
		await studio.prepare();
		await Promise.all([api.open(), storage.open()]);
	} catch (error) {
		await closeAll();
		throw error;
	}

	let closing: Promise<void> | undefined;
	return {
		baseUrl: api.url,
		filesUrl: storage.url,
		apiKey,
		ledger,
		addFault: (fault) => faults.add(fault),
		clearFaults: () => faults.clear(),
		setOptions: (changes) => {
			Object.assign(options, changes);
			if ('limits' in changes) {
				server.readLimits();
				tasks.startWaiting();
			}
		},
		expireOutput: (url) => files.expire(new URL(url).pathname),
		deleteUpload: (url) => files.expire(new URL(url).pathname),
		signWebhook: (body, given) => webhooks.sign(body, given),
		addForeignTask: (body, createdAtMs) => tasks.addForeign(body, createdAtMs).record.id,
		restart: async (downSeconds = 0) => {
			await Promise.all([api.close(), storage.close()]);
			if (downSeconds > 0) await clock.sleepMs(downSeconds * 1000);
			if (!closing) await Promise.all([api.open(), storage.open()]);
		},
		close: async () => {
			closing ??= closeAll();
			await closing;
		},
	};
}
