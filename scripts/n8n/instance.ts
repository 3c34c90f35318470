/* An n8n of its own: a fresh user folder with our packed node in it, driven by n8n's command line.
 * `server.ts` starts the same thing with its editor. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IBinaryData, IConnections, IDataObject, INode, IWorkflowSettings } from 'n8n-workflow';
import { Execution, type ExecutionStatus } from './execution';
import type { InstalledN8n } from './install';
import { freePorts } from './ports';
import { onExit, run, runOrThrow, tail, type RunResult } from './process';

export interface CredentialExport {
	id: string;
	name: string;
	type: string;
	data: IDataObject;
}

/** A node as examples and tests write it: what they leave out, n8n and we fill in. */
export type NodeExport = Pick<INode, 'name' | 'type' | 'typeVersion' | 'parameters'> & Partial<INode>;

export interface WorkflowExport {
	id: string;
	name: string;
	nodes: NodeExport[];
	connections: IConnections;
	settings?: IWorkflowSettings;
}

export interface InstanceOptions {
	n8n: InstalledN8n;
	/** Our packed node. */
	tarball: string;
	/** More environment, e.g. `N8N_DEFAULT_BINARY_DATA_MODE`. */
	env?: NodeJS.ProcessEnv;
}

/** No telemetry, no version checks, no lists of templates: nothing but the workflow. */
const QUIET: NodeJS.ProcessEnv = {
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_DYNAMIC_BANNERS_ENABLED: 'false',
};

export class Instance {
	private constructor(
		readonly n8n: InstalledN8n,
		/** Everything this instance owns. */
		readonly folder: string,
		private readonly env: NodeJS.ProcessEnv,
		private readonly forget: () => void,
	) {}

	static async create({ n8n, tarball, env = {} }: InstanceOptions): Promise<Instance> {
		const folder = await mkdtemp(join(tmpdir(), 'seedream-n8n-'));
		const forget = onExit(() => rmSync(folder, { recursive: true, force: true }));
		const instance = new Instance(
			n8n,
			folder,
			{
				...n8n.env,
				...QUIET,
				// 1.x refuses to start with the name of a module it does not have.
				...(n8n.line === '2.x' && { N8N_DISABLED_MODULES: 'mcp-registry' }),
				N8N_USER_FOLDER: folder,
				N8N_ENCRYPTION_KEY: randomBytes(24).toString('hex'),
				N8N_LISTEN_ADDRESS: '127.0.0.1',
				N8N_HOST: 'localhost',
				N8N_SECURE_COOKIE: 'false',
				N8N_RESTRICT_FILE_ACCESS_TO: join(folder, 'files'),
				N8N_RUNNERS_ENABLED: 'true',
				N8N_LOG_LEVEL: 'info',
				N8N_LOG_OUTPUT: 'console',
				NO_COLOR: '1',
				...env,
			},
			forget,
		);
		try {
			await mkdir(instance.filesFolder, { recursive: true });
			await instance.installPackage(tarball);
		} catch (error) {
			await instance.remove();
			throw error;
		}
		return instance;
	}

	/** The only folder that workflows may read from and write to. */
	get filesFolder(): string {
		return join(this.folder, 'files');
	}

	get n8nFolder(): string {
		return join(this.folder, '.n8n');
	}

	/** The environment for one process of this instance. Parallel ones must not share a broker's port. */
	async processEnv(extra: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> {
		const [port, brokerPort] = await freePorts(2);
		return {
			...this.env,
			N8N_PORT: String(port),
			N8N_RUNNERS_BROKER_PORT: String(brokerPort),
			...extra,
		};
	}

	/** As n8n does it when somebody types the package's name into its community nodes screen. */
	private async installPackage(tarball: string): Promise<void> {
		const folder = join(this.n8nFolder, 'nodes');
		await mkdir(folder, { recursive: true });
		await writeFile(join(folder, 'package.json'), '{"name":"installed-nodes","private":true}');
		await runOrThrow(
			'npm',
			[
				'install',
				tarball,
				'--legacy-peer-deps',
				'--ignore-scripts',
				'--no-audit',
				'--no-fund',
				'--no-update-notifier',
			],
			{ cwd: folder, env: this.env, timeoutSeconds: 120 },
		);
	}

	async importCredentials(...credentials: CredentialExport[]): Promise<void> {
		await this.importFile('credentials', credentials);
	}

	async importWorkflow(...workflows: WorkflowExport[]): Promise<void> {
		await this.importFile('workflow', workflows.map(completeWorkflow));
	}

	private async importFile(what: 'credentials' | 'workflow', content: unknown[]): Promise<void> {
		const path = join(this.folder, `import-${randomBytes(4).toString('hex')}.json`);
		try {
			await writeFile(path, JSON.stringify(content), { mode: 0o600 });
			const result = await this.cli([`import:${what}`, `--input=${path}`]);
			if (result.exitCode !== 0) {
				throw new Error(`n8n did not import the ${what}:\n${result.stdout}${result.stderr}`);
			}
		} finally {
			await rm(path, { force: true });
		}
	}

	/** Runs a workflow to its end. A failed one is an answer too, not an exception. */
	async executeWorkflow(
		id: string,
		options: { timeoutSeconds?: number; env?: NodeJS.ProcessEnv } = {},
	): Promise<Execution> {
		const result = await this.cli(['execute', `--id=${id}`, '--rawOutput'], {
			timeoutSeconds: 180,
			...options,
		});
		const run = findRun(result.stdout) ?? findRun(result.stderr);
		if (!run)
			throw new Error(`n8n did not run workflow ${id}:\n${tail(result.stdout)}\n${tail(result.stderr)}`);
		return new Execution(undefined, run.status, run.data);
	}

	async cli(
		args: string[],
		options: { timeoutSeconds?: number; env?: NodeJS.ProcessEnv } = {},
	): Promise<RunResult> {
		return await run(this.n8n.nodeBin, [this.n8n.n8nBin, ...args], {
			cwd: this.folder,
			env: await this.processEnv(options.env),
			timeoutSeconds: options.timeoutSeconds ?? 120,
			outputFolder: this.folder,
		});
	}

	/** The bytes of a picture in an execution's result, wherever this instance keeps them. */
	async readBinary(binary: IBinaryData | undefined): Promise<Buffer> {
		if (!binary) throw new Error('There is no binary data.');
		if (!binary.id) return Buffer.from(binary.data, 'base64');
		const [mode, path] = splitOnce(binary.id, ':');
		if (mode !== 'filesystem-v2' && mode !== 'filesystem') {
			throw new Error(`Binary data in mode “${mode}” cannot be read from outside.`);
		}
		// 2.x has renamed the folder.
		for (const folder of ['storage', 'binaryData']) {
			const bytes = await readFile(join(this.n8nFolder, folder, path)).catch(() => undefined);
			if (bytes) return bytes;
		}
		throw new Error(`There is no file for ${binary.id}.`);
	}

	async remove(): Promise<void> {
		this.forget();
		await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
	}
}

/** Fills in what n8n wants in every workflow and nobody wants to write. */
export function completeWorkflow(workflow: Omit<WorkflowExport, 'id'>) {
	return {
		active: false,
		...workflow,
		settings: { executionOrder: 'v1' as const, ...workflow.settings },
		nodes: workflow.nodes.map((node, index) => ({
			id: `node-${index + 1}`,
			position: [index * 220, 0] as [number, number],
			...node,
		})),
	};
}

/** Connects nodes one after the other. */
export function chain(...names: string[]): IConnections {
	const connections: IConnections = {};
	names.slice(1).forEach((name, index) => {
		connections[names[index]] = { main: [[{ node: name, type: 'main', index: 0 }]] };
	});
	return connections;
}

/** Log lines stand before and after the JSON; the JSON is indented, so its braces stand alone in their lines. */
function findRun(
	output: string,
): { status: ExecutionStatus; data: ConstructorParameters<typeof Execution>[2] } | undefined {
	const lines = output.split('\n');
	for (let first = lines.length - 1; first >= 0; first--) {
		if (!/(^|\s)\{$/.test(lines[first]) || /^\s+["{]/.test(lines[first])) continue;
		for (let last = lines.length - 1; last > first; last--) {
			if (lines[last] !== '}') continue;
			try {
				const text = ['{', ...lines.slice(first + 1, last + 1)].join('\n');
				const parsed = JSON.parse(text) as IDataObject;
				if (typeof parsed.data === 'object' && parsed.data !== null && 'resultData' in parsed.data) {
					return parsed as unknown as ReturnType<typeof findRun>;
				}
			} catch {
				// Not the JSON yet.
			}
		}
	}
	return undefined;
}

function splitOnce(text: string, separator: string): [string, string] {
	const index = text.indexOf(separator);
	return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
