/*
 * Looks into the tarball that would be published: its files, its size, its manifest, and whether n8n's
 * scanner for verified community packages lets it pass.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { OUTPUT_SCHEMAS, schemaPath } from '../nodes/AtlasCloud/outputSchemas';
import { packNode, PROJECT_ROOT } from './n8n/packNode';
import { cleanEnv, runOrThrow } from './n8n/process';
import { scanWithN8n } from './n8nScanner';

const MAX_BYTES = 250_000;
const ALLOWED_FILES = /^(dist\/.+|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/;
const NEEDED_FILES = ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json', 'dist/THIRD_PARTY_LICENSES'];
const FOREIGN = /(^|\/)(sandbox|test|bench|scripts|examples|__tests__)\/|\.(test|spec|e2e)\.|\.tsbuildinfo$/;
const INSTALL_SCRIPTS = [
	'preinstall',
	'install',
	'postinstall',
	'prepare',
	'prepublish',
	'prepack',
	'postpack',
];

interface Manifest {
	name: string;
	dependencies?: Record<string, string>;
	optionalDependencies?: Record<string, string>;
	bundledDependencies?: string[];
	bundleDependencies?: string[];
	overrides?: unknown;
	peerDependencies?: Record<string, string>;
	scripts?: Record<string, string>;
	n8n: { nodes: string[]; credentials: string[] };
}

async function main(): Promise<void> {
	const complaints: string[] = [];
	const packed = await packNode();
	const folder = await mkdtemp(join(tmpdir(), 'seedream-tarball-'));
	try {
		const paths = packed.files.map(({ path }) => path);
		for (const path of paths) {
			if (!ALLOWED_FILES.test(path) || FOREIGN.test(path)) complaints.push(`${path} does not belong into it`);
		}
		for (const path of NEEDED_FILES) {
			if (!paths.includes(path)) complaints.push(`${path} is missing`);
		}
		if (packed.sizeBytes > MAX_BYTES) {
			complaints.push(`it has ${packed.sizeBytes} bytes, and ${MAX_BYTES} are the most`);
		}

		await runOrThrow('tar', ['-xzf', packed.tarball, '-C', folder, '--strip-components=1']);
		const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
		complaints.push(...checkManifest(manifest, paths));
		for (const path of paths.filter((name) => name.endsWith('.js'))) {
			complaints.push(...checkRequires(path, await readFile(join(folder, path), 'utf8')));
		}
		complaints.push(...(await scanWithN8n(PROJECT_ROOT, folder)));
		complaints.push(...(await checkInstall(packed.tarball, manifest.name, join(folder, 'installed'))));
		console.log(`${paths.length} files, ${(packed.sizeBytes / 1000).toFixed(1)} kB packed`);
	} finally {
		await rm(folder, { recursive: true, force: true });
		await packed.remove();
	}
	if (complaints.length > 0) {
		console.error(
			`The tarball is not fit to be published:\n${complaints.map((text) => `- ${text}`).join('\n')}`,
		);
		process.exitCode = 1;
		return;
	}
	console.log('The tarball is fit to be published.');
}

function checkManifest(manifest: Manifest, paths: string[]): string[] {
	const complaints: string[] = [];
	for (const field of [
		'dependencies',
		'optionalDependencies',
		'bundledDependencies',
		'bundleDependencies',
	] as const) {
		if (Object.keys(manifest[field] ?? {}).length > 0) complaints.push(`package.json has ${field}`);
	}
	if (manifest.overrides !== undefined) complaints.push('package.json has overrides');
	if (JSON.stringify(manifest.peerDependencies) !== '{"n8n-workflow":"*"}') {
		complaints.push('the only peer dependency has to be "n8n-workflow": "*"');
	}
	for (const name of INSTALL_SCRIPTS) {
		if (manifest.scripts?.[name]) complaints.push(`package.json has the script ${name}`);
	}
	for (const path of [...manifest.n8n.nodes, ...manifest.n8n.credentials]) {
		if (!paths.includes(path)) complaints.push(`package.json names ${path}, which is not there`);
	}
	for (const path of manifest.n8n.nodes) {
		const codex = path.replace(/\.js$/, '.json');
		if (!paths.includes(codex)) complaints.push(`${codex}, the codex file, is missing`);
		const folder = dirname(path);
		for (const operation of Object.keys(OUTPUT_SCHEMAS[basename(folder)] ?? {})) {
			const schema = `${folder}/${schemaPath(operation)}`;
			if (!paths.includes(schema)) complaints.push(`${schema}, an output schema, is missing`);
		}
	}
	return complaints;
}

/** The compiled code may ask for nothing that n8n does not have: a bundle could bring it in unseen by the linter. */
function checkRequires(path: string, code: string): string[] {
	const wanted = [...code.matchAll(/\brequire\(\s*["']([^"'.][^"']*)["']\s*\)/g)].map(([, name]) => name);
	const allowed = new Set(['n8n-workflow', 'crypto', 'node:crypto']);
	return wanted
		.filter((name) => !allowed.has(name))
		.map((name) => {
			const isNodes = name.startsWith('node:') || builtinModules.includes(name);
			return `${path} requires ${name}${isNodes ? ', a module of Node' : ''}`;
		});
}

/** As the README has it. n8n-workflow is n8n's: npm would bring another one, and on Node 20 fail to build its modules. */
async function checkInstall(tarball: string, name: string, cwd: string): Promise<string[]> {
	await mkdir(cwd);
	await writeFile(join(cwd, 'package.json'), '{"private":true}');
	const args = ['install', '--offline', '--no-audit', '--no-fund', tarball];
	await runOrThrow('npm', args, { cwd, env: cleanEnv() });
	const installed = (await readdir(join(cwd, 'node_modules'))).filter((entry) => !entry.startsWith('.'));
	return installed.filter((entry) => entry !== name).map((entry) => `its installation brings ${entry} along`);
}

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
