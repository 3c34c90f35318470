const { spawn } = require('node:child_process');
const { rm } = require('node:fs/promises');
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

/** Types, by tsc: what follows looks at none. */
function check() {
	return run('typescript/bin/tsc', ['-p', 'tsconfig.json', '--noEmit']);
}

/**
 * One file per node and credential: n8n installs the package without dependencies, so that the one library goes in,
 * and a single file loads in a third of the time of fifty.
 */
function compile() {
	return esbuild.build({
		entryPoints: ['credentials/*.credentials.ts', 'nodes/**/*.node.ts'],
		outbase: '.',
		outdir: 'dist',
		bundle: true,
		external: ['n8n-workflow'],
		platform: 'node',
		target: 'node20',
		format: 'cjs',
		legalComments: 'inline',
		// A fifth of the package is indentation. Names stay, for stack traces and reviewers.
		minifyWhitespace: true,
	});
}

function icons() {
	return src(ASSETS, { encoding: false }).pipe(dest('dist/icons'));
}

function codex() {
	return src(CODEX, { encoding: false }).pipe(dest('dist/nodes'));
}

const build = series(clean, parallel(check, compile, icons, codex));

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
