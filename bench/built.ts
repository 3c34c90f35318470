import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runOrThrow } from '../scripts/n8n/process';
import { PROJECT_ROOT } from '../scripts/n8n/packNode';

/** Compiled as for the package, in a folder that no other build clears meanwhile. */
const FOLDER = join(PROJECT_ROOT, '.tmp', 'bench');

let built: Promise<void> | undefined;

/** Compiles the node, once. */
export async function build(): Promise<void> {
	built ??= compile();
	await built;
}

async function compile(): Promise<void> {
	await rm(FOLDER, { recursive: true, force: true });
	const compiler = join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
	await runOrThrow(process.execPath, [compiler, '-p', PROJECT_ROOT, '--outDir', FOLDER]);
}

/** What the engine's process needs of the compiled node. */
export async function loadBuilt() {
	const load = async <T>(path: string) => (await import(join(FOLDER, path))) as T;
	const { SeedreamEdit } = await load<typeof import('../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node')>(
		'nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node.js',
	);
	const { AtlasCloudSeedreamApi } = await load<
		typeof import('../credentials/AtlasCloudSeedreamApi.credentials')
	>('credentials/AtlasCloudSeedreamApi.credentials.js');
	const { PredictionWatch } = await load<typeof import('../nodes/AtlasCloud/api/watch')>(
		'nodes/AtlasCloud/api/watch.js',
	);
	return { SeedreamEdit, AtlasCloudSeedreamApi, PredictionWatch };
}
