/*
 * Takes the images of the documentation: our packed node in a real n8n's editor, against the sandbox.
 *
 *   npm run screenshots                 all of them, into docs/ and examples/images/
 *   npm run screenshots -- output       those whose name holds one of the words
 *   npm run screenshots -- --no-build   with dist as it is
 */
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PROJECT_ROOT } from './n8n/packNode';
import { canvasWorkflows, CANVASES, OTHER_CREDENTIALS } from './screenshots/canvases';
import { PANELS, panelWorkflows } from './screenshots/panels';
import { save, type Shot } from './screenshots/shot';
import { Studio } from './screenshots/studio';

const MAX_ATTEMPTS = 2;

async function take(shot: Shot, studio: Studio): Promise<number> {
	for (let attempt = 1; ; attempt++) {
		studio.sandbox.clearFaults();
		const page = await studio.editor();
		try {
			return await save(shot, await shot.take(page, studio));
		} catch (error) {
			await mkdir(join(PROJECT_ROOT, '.tmp'), { recursive: true });
			const path = join(PROJECT_ROOT, '.tmp', `${basename(shot.file)}.failed.png`);
			await page.screenshot({ path }).catch(() => undefined);
			await studio.closeEditor();
			if (attempt === MAX_ATTEMPTS) throw error;
		}
	}
}

async function main(): Promise<void> {
	const args = process.argv.slice(2);
	const words = args.filter((arg) => !arg.startsWith('--'));
	const shots = [...PANELS, ...CANVASES].filter(
		({ file }) => words.length === 0 || words.some((word) => file.includes(word)),
	);
	const started = Date.now();
	const studio = await Studio.open({
		build: !args.includes('--no-build'),
		credentials: OTHER_CREDENTIALS,
		workflows: async (filesFolder) => [
			...panelWorkflows(filesFolder),
			...(await canvasWorkflows(filesFolder)),
		],
	});
	const failed: string[] = [];
	try {
		for (const shot of shots) {
			try {
				console.log(`  ${shot.file}  ${Math.round((await take(shot, studio)) / 1000)} kB`);
			} catch (error) {
				failed.push(shot.file);
				console.log(`  ${shot.file}: ${error instanceof Error ? error.message : String(error)}`);
			}
		}
	} finally {
		await studio.close();
	}
	console.log(`${shots.length - failed.length} taken in ${Math.round((Date.now() - started) / 1000)} s`);
	if (failed.length > 0) throw new Error(`Not taken: ${failed.join(', ')}`);
}

main().then(
	() => process.exit(0),
	(error: unknown) => {
		console.error(error);
		process.exit(1);
	},
);
