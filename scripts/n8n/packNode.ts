/* Our package as the registry would hand it out. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cleanEnv, onExit, runOrThrow } from './process';
import { rmSync } from 'node:fs';

export const PROJECT_ROOT = resolve(__dirname, '..', '..');

export interface PackedFile {
	path: string;
	size: number;
	mode: number;
}

export interface PackedNode {
	tarball: string;
	sizeBytes: number;
	files: PackedFile[];
	remove(): Promise<void>;
}

export async function packNode(options: { build?: boolean } = {}): Promise<PackedNode> {
	const env = cleanEnv();
	if (options.build ?? true) await runOrThrow('npm', ['run', 'build'], { cwd: PROJECT_ROOT, env });
	await mkdir(tmpdir(), { recursive: true });
	const folder = await mkdtemp(join(tmpdir(), 'seedream-pack-'));
	const forget = onExit(() => rmSync(folder, { recursive: true, force: true }));
	const { stdout } = await runOrThrow('npm', ['pack', '--json', '--pack-destination', folder], {
		cwd: PROJECT_ROOT,
		env,
	});
	const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as Array<{
		filename: string;
		size: number;
		files: PackedFile[];
	}>;
	return {
		tarball: join(folder, packed.filename),
		sizeBytes: packed.size,
		files: packed.files,
		remove: async () => {
			forget();
			await rm(folder, { recursive: true, force: true });
		},
	};
}
