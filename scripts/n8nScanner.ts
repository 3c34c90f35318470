/* The scanner that n8n lets community packages through, with the versions that it pins itself. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDir, install, npm } from './n8n/install';
import { cleanEnv, runOrThrow } from './n8n/process';

const NAME = '@n8n/scan-community-package';
const VERSION = '0.32.0';

/**
 * It has no command for a folder, only for what is on npm already. This calls the same functions as that command does:
 * for the source that the provenance names, and for what is published.
 */
const RUNNER = `
import { analyzePackage, SOURCE_FILE_PATTERNS } from '${NAME}/scanner/scanner.mjs';
const [folder, what] = process.argv.slice(2);
const result = await analyzePackage(folder, what === 'source' ? SOURCE_FILE_PATTERNS : ['**/*.js', 'package.json']);
console.log('RESULT' + JSON.stringify({ passed: result.passed, message: result.message, details: result.details }));
`;

interface Result {
	passed: boolean;
	message?: string;
	details?: string;
}

/** What n8n's scanner has against a package: nothing, or a text for each part that it refuses. */
export async function scanWithN8n(source: string, unpackedTarball: string): Promise<string[]> {
	const folder = join(cacheDir(), `scanner-${VERSION}`);
	await install(folder, `n8n’s scanner ${VERSION}`, console.log, async () => {
		await writeFile(join(folder, 'package.json'), '{"private":true}');
		const args = ['install', '--ignore-scripts', `${NAME}@${VERSION}`];
		await npm(args, { cwd: folder, env: cleanEnv() }, `n8n’s scanner ${VERSION}`, console.log);
		await writeFile(join(folder, 'scan.mjs'), RUNNER);
	});
	const scan = async (what: string, scanned: string): Promise<Result> => {
		const { stdout } = await runOrThrow(process.execPath, [join(folder, 'scan.mjs'), scanned, what]);
		const line = stdout.split('\n').find((text) => text.startsWith('RESULT'));
		return JSON.parse(line!.slice('RESULT'.length)) as Result;
	};
	const complaints: string[] = [];
	for (const [what, scanned] of [
		['source', source],
		['tarball', unpackedTarball],
	]) {
		const { passed, message, details } = await scan(what, scanned);
		if (!passed) complaints.push(`n8n’s scanner refuses the ${what}: ${message}\n${details}`);
		if (!(await canRefuse(async (bad) => await scan(what, bad)))) {
			complaints.push(`n8n’s scanner lets everything pass in the ${what}: its rules did not load`);
		}
	}
	return complaints;
}

/** A scanner whose plugins do not fit together finds no fault with anything. */
async function canRefuse(scan: (folder: string) => Promise<Result>): Promise<boolean> {
	const folder = await mkdtemp(join(tmpdir(), 'seedream-refused-'));
	try {
		await mkdir(join(folder, 'nodes'));
		const manifest = { name: 'n8n-nodes-refused', version: '1.0.0', overrides: { lodash: '1.0.0' } };
		await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
		await writeFile(join(folder, 'nodes', 'Refused.node.js'), 'setTimeout(() => process.exit(), 1);\n');
		const { passed, details = '' } = await scan(folder);
		return !passed && details.includes('no-overrides-field') && details.includes('no-restricted-globals');
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
