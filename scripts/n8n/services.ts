/* Redis and Postgres from Debian, each on a port and in a folder of its own. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from './ports';
import {
	captureOutput,
	cleanEnv,
	isRunning,
	onExit,
	run,
	runOrThrow,
	start,
	stop,
	type RunOptions,
} from './process';
import { until } from './waitFor';

interface Program {
	name: string;
	command: string;
	args: (port: number, folder: string) => string[];
	options?: RunOptions;
	/** Ends it as fast as it goes without losing data. */
	stopSignal: NodeJS.Signals;
	isReady: (port: number) => Promise<boolean>;
}

export class Service {
	private child: ChildProcess | undefined;
	private output = () => '';

	private constructor(
		private readonly program: Program,
		readonly port: number,
		private readonly folder: string,
		private readonly forget: () => void,
	) {}

	/** @param prepare runs once, before the first start */
	static async start(program: Program, prepare?: (folder: string) => Promise<void>): Promise<Service> {
		const [port] = await freePorts(1);
		const folder = await mkdtemp(join(tmpdir(), `seedream-${program.name.toLowerCase()}-`));
		const forget = onExit(() => rmSync(folder, { recursive: true, force: true }));
		const service = new Service(program, port, folder, forget);
		try {
			await prepare?.(folder);
			await service.start();
		} catch (error) {
			await service.remove();
			throw error;
		}
		return service;
	}

	get isRunning(): boolean {
		return this.child !== undefined && isRunning(this.child);
	}

	async start(): Promise<void> {
		const { name, command, args, options, isReady } = this.program;
		this.child = start(command, args(this.port, this.folder), {
			cwd: this.folder,
			env: cleanEnv(),
			...options,
		});
		this.output = captureOutput(this.child);
		const isUp = async () => {
			if (this.isRunning) return await isReady(this.port);
			throw new Error(`${name} ended before it was ready:\n${this.output()}`);
		};
		await until(isUp, () => `${name}:\n${this.output()}`);
	}

	/** Ends it; what it has stored is there again after the next start. */
	async stop(): Promise<void> {
		if (this.child) await stop(this.child, 20, this.program.stopSignal);
	}

	async restart(downSeconds: number): Promise<void> {
		await this.stop();
		await delay(downSeconds * 1000);
		await this.start();
	}

	async remove(): Promise<void> {
		await this.stop();
		this.forget();
		await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
	}
}

export async function startRedis(): Promise<Service> {
	return await Service.start({
		name: 'Redis',
		command: find('redis-server', ['/usr/bin', '/usr/local/bin'], 'redis-server'),
		// Redis saves on SIGTERM where it has save points.
		args: (port, folder) => [
			...['--port', String(port), '--bind', '127.0.0.1'],
			...['--dir', folder, '--save', '3600', '1', '--appendonly', 'no'],
		],
		stopSignal: 'SIGTERM',
		isReady: async (port) => (await ask(port, 'PING\r\n')).startsWith('+PONG'),
	});
}

/** The owner of the database that {@link startPostgres} makes. Connections from this machine need no password. */
export const POSTGRES_USER = 'n8n';
export const POSTGRES_DATABASE = 'postgres';

export async function startPostgres(): Promise<Service> {
	const folders = postgresFolders();
	const command = (name: string) => find(name, [...folders, '/usr/local/bin', '/usr/bin'], 'postgresql');
	const user = await unprivilegedUser();
	const isReady = command('pg_isready');
	return await Service.start(
		{
			name: 'Postgres',
			command: command('postgres'),
			// A test's database need not survive a power failure.
			args: (port, folder) => [
				...['-D', join(folder, 'data'), '-p', String(port), '-k', folder],
				...['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'full_page_writes=off'],
			],
			options: { user },
			// SIGTERM would wait until every client has left.
			stopSignal: 'SIGINT',
			isReady: async (port) => {
				const { exitCode } = await run(isReady, ['-q', '-h', '127.0.0.1', '-p', String(port)]);
				return exitCode === 0;
			},
		},
		async (folder) => {
			if (user) await chown(folder, user.uid, user.gid);
			await chmod(folder, 0o700);
			await runOrThrow(
				command('initdb'),
				[
					...['-D', join(folder, 'data'), '-U', POSTGRES_USER, '-A', 'trust'],
					...['-E', 'UTF8', '--locale=C', '--no-sync'],
				],
				{ cwd: folder, env: cleanEnv(), user },
			);
		},
	);
}

/** Runs a statement in the database of {@link startPostgres}. */
export async function queryPostgres({ port }: Service, statement: string): Promise<void> {
	const command = find('psql', ['/usr/bin', ...postgresFolders(), '/usr/local/bin'], 'postgresql-client');
	await runOrThrow(
		command,
		[
			...['-h', '127.0.0.1', '-p', String(port), '-U', POSTGRES_USER, '-d', POSTGRES_DATABASE],
			...['-v', 'ON_ERROR_STOP=1', '-q', '-c', statement],
		],
		{ env: cleanEnv(), timeoutSeconds: 60 },
	);
}

/** Debian keeps each version in a folder of its own; the newest first. */
function postgresFolders(): string[] {
	const root = '/usr/lib/postgresql';
	if (!existsSync(root)) return [];
	const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
	return versions.map((version) => join(root, version, 'bin'));
}

/** Postgres does not run as root: then Debian's user for it has to do it. */
async function unprivilegedUser(): Promise<RunOptions['user']> {
	if (process.getuid?.() !== 0) return undefined;
	const id = async (option: string) =>
		Number((await runOrThrow('id', [option, 'postgres'], { env: cleanEnv() })).stdout);
	return { uid: await id('-u'), gid: await id('-g') };
}

function find(name: string, folders: string[], debianPackage: string): string {
	const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
	if (path) return path;
	throw new Error(`There is no ${name}. Debian: apt-get install --no-install-recommends ${debianPackage}`);
}

/** Sends a line to a port of this machine and returns the first answer, or nothing. */
async function ask(port: number, line: string): Promise<string> {
	return await new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1', () => socket.write(line));
		const answer = (text: string) => {
			socket.destroy();
			resolve(text);
		};
		socket.once('data', (data) => answer(data.toString('utf8')));
		socket.once('error', () => answer(''));
		socket.setTimeout(1000, () => answer(''));
	});
}
