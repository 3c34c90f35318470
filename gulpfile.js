const { spawn } = require('node:child_process');
const { rm } = require('node:fs/promises');
const path = require('node:path');
const esbuild = require('esbuild');
const { dest, parallel, series, src, watch } = require('gulp');

const SOURCES = ['nodes/**/*.ts', 'credentials/**/*.ts'];
const ASSETS = ['icons/*.svg'];
const CODEX = ['nodes/**/*.node.json'];

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

/** TypeScript to JavaScript. */
function compile() {
	return run('typescript/bin/tsc', ['-p', 'tsconfig.json']);
}

/** n8n installs the package without dependencies: the one library that node code uses goes into its file. */
function bundle() {
	const file = path.join('dist', 'nodes', 'AtlasCloud', 'api', 'pictureSize.js');
	return esbuild.build({
		entryPoints: [file],
		outfile: file,
		allowOverwrite: true,
		bundle: true,
		platform: 'node',
		target: 'node20',
		format: 'cjs',
		legalComments: 'inline',
		minifySyntax: true,
	});
}

function icons() {
	return src(ASSETS, { encoding: false }).pipe(dest('dist/icons'));
}

function codex() {
	return src(CODEX, { encoding: false }).pipe(dest('dist/nodes'));
}

const build = series(clean, parallel(series(compile, bundle), icons, codex));

/** Builds, and builds again what changes. */
function watchAll() {
	watch(SOURCES, series(compile, bundle));
	watch(ASSETS, icons);
	watch(CODEX, codex);
}

exports.clean = clean;
exports.build = build;
exports.watch = series(build, watchAll);
exports.default = build;
