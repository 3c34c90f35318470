import { rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { onExit, runOrThrow } from '../scripts/n8n/process';
import { PROJECT_ROOT } from '../scripts/n8n/packNode';

let built: Promise<string> | undefined;

/** Compiles the node as for the package, once, into a folder that no other build clears meanwhile. */
export async function build(): Promise<string> {
	built ??= compile();
	return await built;
}

async function compile(): Promise<string> {
	const parent = join(PROJECT_ROOT, '.tmp');
	await mkdir(parent, { recursive: true });
	const folder = await mkdtemp(join(parent, 'bench-'));
	onExit(() => rmSync(folder, { recursive: true, force: true }));
	const compiler = join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
	await runOrThrow(process.execPath, [compiler, '-p', PROJECT_ROOT, '--outDir', folder]);
	return folder;
}

/** What the engine's process needs of the compiled node. */
export async function loadBuilt(folder: string) {
	const load = async <T>(path: string) => (await import(join(folder, path))) as T;
	const { SeedreamEdit } = await load<typeof import('../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node')>(
		'nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node.js',
	);
	const { AtlasCloudSeedreamApi } = await load<
		typeof import('../credentials/AtlasCloudSeedreamApi.credentials')
	>('credentials/AtlasCloudSeedreamApi.credentials.js');
	const { Waiter } = await load<typeof import('../nodes/AtlasCloud/api/predictions/waiter')>(
		'nodes/AtlasCloud/api/predictions/waiter.js',
	);
	return { SeedreamEdit, AtlasCloudSeedreamApi, Waiter };
}
