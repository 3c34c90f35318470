/*
 * Looks into the tarball that would be published: its files, its size, its manifest, and whether n8n's
 * scanner for verified community packages (@n8n/scan-community-package) would let it pass.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { ESLint as ESLintClass, Linter } from 'eslint';
import { OUTPUT_SCHEMAS, schemaPath } from '../nodes/AtlasCloud/outputSchemas';
import { packNode, PROJECT_ROOT } from './n8n/packNode';
import { cleanEnv, runOrThrow } from './n8n/process';

const MAX_BYTES = 100_000;
const ALLOWED_FILES = /^(dist\/.+|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/;
const NEEDED_FILES = ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json'];
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
/** What the scanner lints in the attested source, and what in the published tarball. */
const SOURCE_FILES = ['package.json', '{nodes,credentials}/**/*.{js,ts,json}'];
const PUBLISHED_FILES = ['**/*.js', 'package.json'];

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
		complaints.push(...(await scan('source', PROJECT_ROOT, SOURCE_FILES)));
		complaints.push(...(await scan('tarball', folder, PUBLISHED_FILES)));
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

/** As `analyzePackage` of @n8n/scan-community-package 0.32.0 does it, with the plugins installed here. */
async function scan(what: string, cwd: string, files: string[]): Promise<string[]> {
	const { ESLint } = await import('eslint');
	const eslint: ESLintClass = new ESLint({
		cwd,
		// A package cannot excuse itself by comments.
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: await scannerRules(),
		errorOnUnmatchedPattern: false,
	});
	const results = await eslint.lintFiles(files);
	if (results.length === 0) return [`the scanner found no files in the ${what}`];
	const bad = results.filter(({ errorCount }) => errorCount > 0);
	if (bad.length === 0) return [];
	const formatter = await eslint.loadFormatter('stylish');
	return [`n8n’s scanner would refuse the ${what}:\n${await formatter.format(bad)}`];
}

async function scannerRules(): Promise<Linter.Config[]> {
	const { n8nCommunityNodesPlugin } = await import('@n8n/eslint-plugin-community-nodes');
	const { parser } = await import('typescript-eslint');
	const nodesBase = (await import('eslint-plugin-n8n-nodes-base')).default;
	const rulesOf = (name: 'community' | 'credentials' | 'nodes') => nodesBase.configs[name].rules;
	const off = (...rules: string[]): Linter.RulesRecord =>
		Object.fromEntries(rules.map((rule) => [`n8n-nodes-base/${rule}`, 'off' as const]));
	return [
		n8nCommunityNodesPlugin.configs.recommended as Linter.Config,
		{ rules: { 'no-console': 'error' } },
		{ plugins: { 'n8n-nodes-base': nodesBase } },
		{ files: ['package.json'], rules: rulesOf('community') },
		{
			files: ['**/credentials/**/*.ts'],
			rules: {
				...rulesOf('credentials'),
				...off(
					'cred-class-field-documentation-url-miscased',
					'cred-class-field-type-options-password-missing',
				),
			},
		},
		{
			files: ['**/nodes/**/*.ts'],
			rules: {
				...rulesOf('nodes'),
				...off(
					'node-class-description-inputs-wrong-regular-node',
					'node-class-description-outputs-wrong',
					'node-param-type-options-max-value-present',
				),
			},
		},
		{ files: ['**/*.json', '**/*.ts'], languageOptions: { parser: parser as Linter.Parser } },
	];
}

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
