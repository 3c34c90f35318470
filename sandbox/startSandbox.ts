import { ApiServer } from './apiServer';
import { RealClock } from './clock';
import type { Stage } from './conversation';
import { FaultBook } from './faults';
import { buildFilesServer } from './filesServer';
import { FileStore } from './fileStore';
import { LedgerBook } from './ledger';
import { Origin } from './origin';
import { TaskBook } from './tasks';
import type { Sandbox, SandboxOptions } from './types';

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
	const tasks = new TaskBook({
		clock,
		ledger,
		files,
		filesUrl,
		options,
		seed,
	});
	const stage = (origin: 'api' | 'files'): Stage => ({
		origin,
		ledger,
		faults,
		clock,
		skewMs: () => (options.clockSkewSeconds ?? 0) * 1000,
		...(options.onRequestOver ? { onRequestOver: options.onRequestOver } : {}),
	});
	const server = new ApiServer({ apiKey, api, filesUrl, stage: stage('api'), files, tasks, options });

	const closeAll = async (): Promise<void> => {
		await Promise.all([api.close(), storage.close()]);
		realClock.stop();
		await tasks.close();
		await files.remove();
	};
	try {
		await Promise.all([server.build(), buildFilesServer(storage, stage('files'), files), tasks.prepare()]);
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
		addForeignTask: (body) => tasks.addForeign(body).record.id,
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
