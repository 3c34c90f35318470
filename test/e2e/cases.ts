/* What a case is, and what it gets to work with. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSandbox } from '../../sandbox';
import type { Sandbox, SandboxOptions } from '../../sandbox/types';
import type { N8nLine } from '../../scripts/n8n/install';
import { Instance, type NodeExport } from '../../scripts/n8n/instance';
import { PROJECT_ROOT } from '../../scripts/n8n/packNode';
import { freePorts } from '../../scripts/n8n/ports';
import { Server } from '../../scripts/n8n/server';
import { GOOGLE_CREDENTIALS } from './google';

export interface Case {
	name: string;
	lines: N8nLine[];
	run(bench: Bench): Promise<void>;
}

export const CASES: Case[] = [];

/** A case of its own for each line of n8n, unless `lines` says otherwise. */
export function e2e(name: string, run: Case['run'], options: { lines?: N8nLine[] } = {}): void {
	CASES.push({ name, run, lines: options.lines ?? ['2.x', '1.x'] });
}

export const API_KEY = 'sandbox-key';
/** What a workflow's node says under `credentials`. */
export const CREDENTIALS = { atlasCloudSeedreamApi: { id: 'credGood00000001', name: 'Sandbox' } };
export const WRONG_CREDENTIALS = { atlasCloudSeedreamApi: { id: 'credWrong0000001', name: 'Wrong key' } };
/** For requests to the sandbox's host only. */
export const OWN_HOST_CREDENTIALS = { atlasCloudSeedreamApi: { id: 'credOwnHost00001', name: 'Own host' } };

/** Of a sandbox. */
export interface Ports {
	port: number;
	filesPort: number;
}

/** The sandboxes of an n8n's cases, one each: always on the same ports, since the credential holds its address. */
export class SandboxBench {
	private readonly ending: Array<() => Promise<void>> = [];
	private currentSandbox: Sandbox | undefined;

	protected constructor(private readonly ports: Ports) {}

	/** Ports for the sandboxes, and the credential for them. */
	protected static async prepare() {
		const [port, filesPort] = await freePorts(2);
		const data = { apiKey: API_KEY, baseUrl: `http://127.0.0.1:${port}` };
		const type = 'atlasCloudSeedreamApi' as const;
		return { ports: { port, filesPort }, credential: { ...CREDENTIALS[type], type, data } };
	}

	get sandbox(): Sandbox {
		if (!this.currentSandbox) throw new Error('The sandbox runs during a case only.');
		return this.currentSandbox;
	}

	/** Does something when the case is over, however it ends. */
	atEnd(end: () => Promise<void>): void {
		this.ending.push(end);
	}

	protected async withSandbox(options: SandboxOptions, run: () => Promise<void>): Promise<void> {
		this.currentSandbox = await startSandbox({ apiKey: API_KEY, seed: 1, ...options, ...this.ports });
		try {
			await run();
		} finally {
			for (const end of this.ending.splice(0).reverse()) await end();
			await this.currentSandbox.close();
			this.currentSandbox = undefined;
		}
	}
}

/** One n8n, used by all cases of a line one after the other. */
export class Bench extends SandboxBench {
	private shared: Server | undefined;

	private constructor(
		readonly instance: Instance,
		ports: Ports,
	) {
		super(ports);
	}

	static async open(...options: Parameters<typeof Instance.create>): Promise<Bench> {
		const { ports, credential } = await SandboxBench.prepare();
		const bench = new Bench(await Instance.create(...options), ports);
		const { type, data } = credential;
		const wrong = { ...WRONG_CREDENTIALS[type], type, data: { ...data, apiKey: 'not-the-key' } };
		const ownHost = { ...OWN_HOST_CREDENTIALS[type], type, data: { ...data, allowedDomains: '127.0.0.1' } };
		try {
			await bench.instance.importCredentials(credential, wrong, ownHost, ...GOOGLE_CREDENTIALS);
		} catch (error) {
			await bench.close();
			throw error;
		}
		return bench;
	}

	get line(): N8nLine {
		return this.instance.n8n.line;
	}

	async run(oneCase: Case): Promise<void> {
		await this.withSandbox({ predictSeconds: 1 }, async () => await oneCase.run(this));
	}

	/** The path of a file that workflows can read. */
	async file(name: string, content: Buffer): Promise<string> {
		const path = join(this.instance.filesFolder, name);
		await writeFile(path, content);
		return path;
	}

	/** The photo that comes with the package: 600 by 400. */
	async photo(name = 'photo.jpg'): Promise<string> {
		const path = join(this.instance.filesFolder, name);
		await copyFile(join(PROJECT_ROOT, 'examples', 'photo.jpg'), path);
		return path;
	}

	/** Starts this n8n as a server of the case's own; it is stopped when the case is over. */
	async startServer(env: NodeJS.ProcessEnv): Promise<Server> {
		await this.stopSharedServer();
		const server = await Server.start(this.instance, env);
		this.atEnd(async () => void (await server.stop()));
		return server;
	}

	/** This n8n as a server that goes on for the next case. A start costs half a case. */
	async server(): Promise<Server> {
		if (!this.shared?.isRunning) this.shared = await Server.start(this.instance);
		return this.shared;
	}

	/** Starts the server again that a case has stopped or killed, at the same address. */
	async restartServer(): Promise<Server> {
		const { port } = new URL(this.shared!.url);
		this.shared = await Server.start(this.instance, { N8N_PORT: port });
		return this.shared;
	}

	private async stopSharedServer(): Promise<void> {
		await this.shared?.stop();
		this.shared = undefined;
	}

	async close(): Promise<void> {
		await this.stopSharedServer();
		await this.instance.remove();
	}
}

/** Cases whose name holds one of the words, or all. */
export const matching = <T extends { name: string }>(cases: T[], words: string[]): T[] =>
	cases.filter(
		({ name }) => words.length === 0 || words.some((word) => name.toLowerCase().includes(word.toLowerCase())),
	);

export const trigger = (): NodeExport => ({
	name: 'Start',
	type: 'n8n-nodes-base.manualTrigger',
	typeVersion: 1,
	parameters: {},
});

/** @param parameters beside path and method; it answers at once unless they say otherwise */
export const webhookNode = (path: string, parameters: NodeExport['parameters'] = {}): NodeExport => ({
	name: 'Webhook',
	type: 'n8n-nodes-base.webhook',
	typeVersion: 2,
	webhookId: `id-of-${path}`,
	parameters: { path, httpMethod: 'POST', responseMode: 'onReceived', options: {}, ...parameters },
});

export const readFileNode = (name: string, path: string, field = 'data'): NodeExport => ({
	name,
	type: 'n8n-nodes-base.readWriteFile',
	typeVersion: 1,
	parameters: { operation: 'read', fileSelector: path, options: { dataPropertyName: field } },
});

export const seedream = (
	name: string,
	parameters: NodeExport['parameters'],
	more: Partial<NodeExport> = {},
): NodeExport => ({
	name,
	type: 'n8n-nodes-seedream.seedreamEdit',
	typeVersion: 1,
	credentials: CREDENTIALS,
	parameters,
	...more,
});

/** The model parameter as the editor stores it. */
/**
 * It makes small pictures, so that a sandbox on a small machine can edit a thousand. n8n 1.x keeps files in the
 * execution, and takes minutes to read one of 80 MB.
 */
export const SMALL_MODEL = 'bytedance/seedream-v4/edit';

export const model = (id: string) => ({ __rl: true, mode: 'id', value: id });

/** Runs one case and says how it went, with the figures that it notes. @returns whether it passed */
export async function report(name: string, run: () => Promise<string[] | void>): Promise<boolean> {
	const started = Date.now();
	const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
	try {
		const notes = (await run()) ?? [];
		console.log(`  ok      ${name} (${[seconds(), ...notes].join('; ')})`);
		return true;
	} catch (error) {
		console.log(`  FAILED  ${name} (${seconds()})`);
		const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
		console.log(text.replace(/^/gm, '          '));
		return false;
	}
}

/** Says what failed, and ends the process. */
export function end(passed: number, failed: string[], filters: string[]): never {
	if (failed.length > 0) console.log(`\nFailed:\n${failed.map((name) => `  ${name}`).join('\n')}`);
	console.log(`\n${passed} passed, ${failed.length} failed`);
	if (passed + failed.length === 0) console.log(`No case is called ${filters.join(' or ')}.`);
	// Something may still hold the process (a pool, a timer); nothing of it matters any more.
	process.exit(failed.length > 0 || passed === 0 ? 1 : 0);
}
