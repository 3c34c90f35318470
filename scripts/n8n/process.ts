/* Child processes that never outlive us: each runs in a group of its own, and that group is ended
 * when we stop, are interrupted, or throw. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export type Log = (line: string) => void;

export interface RunOptions {
	cwd?: string;
	env?: NodeJS.ProcessEnv;
	onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
	timeoutSeconds?: number;
	/**
	 * Keeps the output in files of this folder while it runs. A process that writes megabytes into a pipe
	 * and then exits can lose the end of them; into a file it cannot.
	 */
	outputFolder?: string;
	/** Runs it as another user, which only root can. Postgres refuses to run as root. */
	user?: { uid: number; gid: number };
}

export interface RunResult {
	exitCode: number | null;
	signal: NodeJS.Signals | null;
	stdout: string;
	stderr: string;
}

const running = new Set<ChildProcess>();

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
	if (child.pid === undefined) return;
	try {
		process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal);
	} catch {
		// Gone already.
	}
}

function killAllNow(): void {
	for (const child of running) signalGroup(child, 'SIGKILL');
}

let cleanups: Array<() => void> = [];

/** Runs `cleanup` when the process ends by itself or is interrupted. Returns a way to take it back. */
export function onExit(cleanup: () => void): () => void {
	cleanups.push(cleanup);
	return () => {
		cleanups = cleanups.filter((other) => other !== cleanup);
	};
}

let interrupted: (() => void) | undefined;

/** Waits for Ctrl+C, which then does not end us at once; a second one does. */
export async function untilInterrupted(): Promise<void> {
	await new Promise<void>((resolve) => (interrupted = resolve));
}

process.on('exit', () => {
	killAllNow();
	for (const cleanup of cleanups) cleanup();
});
for (const [signal, code] of [
	['SIGINT', 130],
	['SIGTERM', 143],
	['SIGHUP', 129],
] as const) {
	process.on(signal, () => {
		if (!interrupted) process.exit(code);
		interrupted();
		interrupted = undefined;
	});
}

export function start(
	command: string,
	args: string[],
	options: RunOptions = {},
	output: Array<'pipe' | number> = ['pipe', 'pipe'],
): ChildProcess {
	const child = spawn(command, args, {
		cwd: options.cwd,
		env: options.env,
		...options.user,
		stdio: ['ignore', ...output],
		detached: process.platform !== 'win32',
	});
	running.add(child);
	// The leader's end is not the end of its group: whatever it left behind goes with it.
	child.once('exit', () => {
		signalGroup(child, 'SIGKILL');
		running.delete(child);
	});
	child.once('error', () => running.delete(child));
	if (options.onLine) {
		const { onLine } = options;
		for (const stream of ['stdout', 'stderr'] as const) {
			createInterface({ input: child[stream]! }).on('line', (line) => onLine(line, stream));
		}
	}
	return child;
}

/** Keeps the last 200 kB of what a process prints; call the result to read them. */
export function captureOutput(child: ChildProcess): () => string {
	let output = '';
	for (const stream of [child.stdout!, child.stderr!]) {
		stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString('utf8')).slice(-200_000)));
	}
	return () => output;
}

export function isRunning(child: ChildProcess): boolean {
	return child.exitCode === null && child.signalCode === null;
}

/** Ends a process of ours: politely, then after `graceSeconds` for good. */
export async function stop(
	child: ChildProcess,
	graceSeconds = 5,
	signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
	if (!isRunning(child)) return;
	const exited = once(child, 'exit');
	signalGroup(child, signal);
	const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), graceSeconds * 1000);
	await exited;
	clearTimeout(timer);
}

/** Ends a process of ours as a crash or the kernel's out-of-memory killer would. */
export async function kill(child: ChildProcess): Promise<void> {
	if (!isRunning(child)) return;
	const exited = once(child, 'exit');
	signalGroup(child, 'SIGKILL');
	await exited;
}

export async function run(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
	if (options.outputFolder === undefined) return await runOn(command, args, options);
	const folder = await mkdtemp(join(options.outputFolder, 'output-'));
	const paths = [join(folder, 'stdout'), join(folder, 'stderr')];
	const files = await Promise.all(paths.map(async (path) => await open(path, 'w')));
	try {
		const result = await runOn(
			command,
			args,
			options,
			files.map(({ fd }) => fd),
		);
		const [stdout, stderr] = await Promise.all(paths.map(async (path) => await readFile(path, 'utf8')));
		return { ...result, stdout, stderr };
	} finally {
		await Promise.all(files.map(async (file) => await file.close()));
		await rm(folder, { recursive: true, force: true });
	}
}

async function runOn(
	command: string,
	args: string[],
	options: RunOptions,
	output?: number[],
): Promise<RunResult> {
	const child = start(command, args, options, output);
	const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
	child.stdout?.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
	child.stderr?.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
	const abort = new AbortController();
	let timedOut = false;
	if (options.timeoutSeconds !== undefined) {
		const milliseconds = options.timeoutSeconds * 1000;
		delay(milliseconds, undefined, { signal: abort.signal, ref: false }).then(
			() => {
				timedOut = true;
				signalGroup(child, 'SIGKILL');
			},
			() => {},
		);
	}
	try {
		const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
		const stdout = Buffer.concat(chunks.stdout).toString('utf8');
		const stderr = Buffer.concat(chunks.stderr).toString('utf8');
		if (timedOut) {
			throw new Error(
				`${command} ${args.join(' ')} took longer than ${options.timeoutSeconds} s:\n${tail(stdout + stderr)}`,
			);
		}
		return { exitCode, signal, stdout, stderr };
	} finally {
		abort.abort();
	}
}

/** Like `run`, and throws with the last lines of the output when the command does not end well. */
export async function runOrThrow(
	command: string,
	args: string[],
	options: RunOptions = {},
): Promise<RunResult> {
	const result = await run(command, args, options);
	if (result.exitCode !== 0) {
		throw new Error(
			`${command} ${args.join(' ')} ended with ${result.exitCode ?? result.signal}:\n${tail(result.stdout + result.stderr)}`,
		);
	}
	return result;
}

/** The end of an output, for a message: a picture in it would fill the screen. */
export function tail(text: string, lines = 40): string {
	const last = text.trimEnd().split('\n').slice(-lines);
	return last.map((line) => (line.length > 300 ? `${line.slice(0, 300)} …` : line)).join('\n');
}

/**
 * Our environment without what `npm run` and test runners put into it. `npm run` hands down this
 * package's own `ignore-scripts=true`, which would silently skip the native builds of another install.
 */
export function cleanEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
	const env: NodeJS.ProcessEnv = {};
	for (const [name, value] of Object.entries(process.env)) {
		if (/^npm_(package|lifecycle|command|execpath|node_execpath)/i.test(name)) continue;
		if (/^npm_config_(ignore_scripts|local_prefix|noproxy|dry_run|workspace)/i.test(name)) continue;
		if (/^(N8N_|EXECUTIONS_|QUEUE_|DB_|NODE_TEST_CONTEXT$|NODE_OPTIONS$|ATLASCLOUD_)/.test(name)) continue;
		env[name] = value;
	}
	const loopback = 'localhost,127.0.0.1';
	const noProxy = env.NO_PROXY ?? env.no_proxy;
	env.NO_PROXY = env.no_proxy = noProxy ? `${noProxy},${loopback}` : loopback;
	return { ...env, ...extra };
}
