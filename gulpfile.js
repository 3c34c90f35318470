const { spawn } = require('node:child_process');
const { mkdir, readdir, readFile, rm, writeFile } = require('node:fs/promises');
const { basename, dirname, join, relative } = require('node:path');
const esbuild = require('esbuild');
const { dest, parallel, series, src, watch } = require('gulp');
const tsx = require('tsx/cjs/api');

const SOURCES = ['nodes/**/*.ts', 'credentials/**/*.ts'];
const ASSETS = ['icons/*.svg'];
const CODEX = ['nodes/**/*.node.json'];
const OUTPUT_SCHEMAS = './nodes/AtlasCloud/outputSchemas.ts';

function run(command, args) {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [require.resolve(command), ...args], { stdio: 'inherit' });
		child.on('error', reject);
		child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))));
	});
}

/** Removes what a build made. */
function clean() {
	return rm('dist', { recursive: true, force: true });
}

/** Types, by tsc: what follows looks at none. */
function check() {
	return run('typescript/bin/tsc', ['-p', 'tsconfig.json', '--noEmit']);
}

const OPTIONS = {
	bundle: true,
	external: ['n8n-workflow'],
	platform: 'node',
	target: 'node20',
	format: 'cjs',
	legalComments: 'inline',
	metafile: true,
	write: false,
	// Not minified: people at n8n, and those who install it, read what runs.
};

/**
 * Bundles into files of plain ASCII, which Node reads faster: esbuild escapes strings, but no regular expressions.
 * Returns the paths of what went in.
 */
async function bundle(options) {
	const { outputFiles, metafile } = await esbuild.build({ ...OPTIONS, ...options });
	for (const { path, text } of outputFiles) {
		const escape = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, text.replaceAll(/[\u0080-\uffff]/g, escape));
	}
	return Object.keys(metafile.inputs);
}

/** The licenses of bundled libraries ask to go with them. */
async function writeLicenses(paths) {
	const folders = paths.flatMap((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
	const texts = [...new Set(folders)]
		.sort()
		.map(async (folder) => `${folder}\n\n${await readFile(join(folder, 'LICENSE'), 'utf8')}`);
	await writeFile('dist/THIRD_PARTY_LICENSES', (await Promise.all(texts)).join('\n'));
}

/** Paths of the nodes, from the root, without extension. */
async function nodePaths() {
	const paths = await readdir('nodes', { recursive: true });
	return paths
		.filter((path) => path.endsWith('.node.ts'))
		.map((path) => `nodes/${path.replaceAll('\\', '/').replace(/\.ts$/, '')}`)
		.sort();
}

/**
 * One file for all nodes and one per credential: n8n installs the package without dependencies, so that the
 * libraries go in, and a single file loads in a third of the time of fifty. What the nodes share is in the package once.
 */
async function compile() {
	const paths = await nodePaths();
	const contents = paths.map((path) => `export * from './${path}';`).join('\n');
	const bundled = await Promise.all([
		bundle({ entryPoints: ['credentials/*.credentials.ts'], outbase: '.', outdir: 'dist' }),
		bundle({
			outfile: 'dist/nodes/nodes.js',
			stdin: { contents, resolveDir: __dirname, loader: 'ts' },
		}),
	]);
	await Promise.all([writeLicenses(bundled.flat()), ...paths.map(writeNodeFile)]);
}

/** The file that package.json names: n8n finds the class by the name of its file. */
async function writeNodeFile(path) {
	const name = basename(path, '.node');
	const file = join('dist', `${path}.js`);
	const bundle = relative(dirname(file), 'dist/nodes/nodes.js').replaceAll('\\', '/');
	await mkdir(dirname(file), { recursive: true });
	await writeFile(file, `'use strict';\nexports.${name} = require('${bundle}').${name};\n`);
}

function icons() {
	return src(ASSETS, { encoding: false }).pipe(dest('dist/icons'));
}

function codex() {
	return src(CODEX, { encoding: false }).pipe(dest('dist/nodes'));
}

/** The fields that each operation returns, where n8n looks for them. */
async function outputSchemas() {
	const { OUTPUT_SCHEMAS: nodes, schemaPath } = tsx.require(OUTPUT_SCHEMAS, __filename);
	for (const [node, schemas] of Object.entries(nodes)) {
		for (const [operation, schema] of Object.entries(schemas)) {
			const file = join('dist/nodes/AtlasCloud', node, schemaPath(operation));
			await mkdir(dirname(file), { recursive: true });
			await writeFile(file, JSON.stringify(schema));
		}
	}
}

const build = series(clean, parallel(check, compile, icons, codex, outputSchemas));

/** Builds, and builds again what changes. */
function watchAll() {
	watch(SOURCES, parallel(check, compile));
	watch(ASSETS, icons);
	watch(CODEX, codex);
}

exports.clean = clean;
exports.build = build;
exports.watch = series(build, watchAll);
exports.default = build;
