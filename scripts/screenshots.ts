/*
 * Takes the pictures of the README: our packed node in a real n8n's editor, against the sandbox.
 *
 *   npm run screenshots                 all of them, into docs/
 *   npm run screenshots -- output       those whose name holds one of the words
 *   npm run screenshots -- --no-build   with dist as it is
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IDataObject } from 'n8n-workflow';
import type { Browser, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { startSandbox, type Sandbox } from '../sandbox';
import { launchBrowser, openContext } from './n8n/browser';
import { loadExample } from './n8n/example';
import { ensureN8n, N8N_VERSIONS } from './n8n/install';
import { Instance, type CredentialExport, type WorkflowExport } from './n8n/instance';
import { PROJECT_ROOT, packNode } from './n8n/packNode';
import { OWNER, Server } from './n8n/server';

const DOCS = join(PROJECT_ROOT, 'docs');
const MAX_BYTES = 80_000;
const EDIT_NODE = 'Seedream Edit';
const WAIT_NODE = 'Wait for the Picture';
const CREDENTIAL_TYPE = 'atlasCloudSeedreamApi';
const CREDENTIAL = { id: 'seedreamShot0001', name: 'Atlas Cloud (Seedream) account' };
const WORKFLOWS = {
	edit: 'seedreamShot0002',
	template: 'seedreamShot0003',
	wait: 'seedreamShot0004',
	failing: 'seedreamShot0005',
};

type Theme = 'light' | 'dark';

interface Studio {
	browser: Browser;
	server: Server;
	sandbox: Sandbox;
}

interface Shot {
	name: string;
	theme?: Theme;
	hasPhoto?: boolean;
	/** Brings the page to what is to be seen, and answers that part of it. */
	stage(page: Page, studio: Studio): Promise<Locator | Page>;
}

const SHOTS: Shot[] = [
	{ name: 'node-list-light', stage: searchForNode },
	{ name: 'node-list-dark', theme: 'dark', stage: searchForNode },
	{ name: 'canvas', stage: async (page, studio) => await canvasAfterRun(page, studio, WORKFLOWS.edit) },
	{ name: 'model-list', stage: modelList },
	{
		name: 'edit-panel',
		stage: async (page, studio) => await panelOf(page, studio, WORKFLOWS.edit, EDIT_NODE, 1080),
	},
	{
		name: 'edit-template',
		stage: async (page, studio) => await panelOf(page, studio, WORKFLOWS.template, EDIT_NODE, 1400),
	},
	{
		name: 'wait-panel',
		stage: async (page, studio) => await panelOf(page, studio, WORKFLOWS.wait, WAIT_NODE, 680),
	},
	{
		name: 'output',
		hasPhoto: true,
		stage: async (page, studio) => {
			const panel = await outputOf(page, studio, WORKFLOWS.edit);
			await viewPicture(page, 'output');
			return panel;
		},
	},
	{ name: 'error', hasPhoto: true, stage: errorOf },
	{ name: 'credential', stage: credentialScreen },
];

async function openEditor({ browser, server }: Studio, theme: Theme): Promise<Page> {
	const context = await openContext(browser, {
		viewport: { width: 1280, height: 800 },
		colorScheme: theme,
		locale: 'en-US',
	});
	await context.addInitScript(`localStorage.setItem('N8N_THEME', '${theme}')`);
	const page = await context.newPage();
	page.setDefaultTimeout(20_000);
	await page.goto(`${server.url}/signin`);
	await page.fill('input[name=emailOrLdapLoginId]', OWNER.email);
	await page.fill('input[name=password]', OWNER.password);
	await page.click('[data-test-id=form-submit-button]');
	await page.waitForURL((url) => !url.pathname.startsWith('/signin'));
	return page;
}

async function openWorkflow(page: Page, { server }: Studio, id: string): Promise<void> {
	await page.goto(`${server.url}/workflow/${id}`);
	await page.locator('[data-test-id=canvas-node], [data-test-id=canvas-plus-button]').first().waitFor();
	await page.waitForTimeout(500);
}

async function searchForNode(page: Page, { server }: Studio): Promise<Locator> {
	await page.setViewportSize({ width: 1280, height: 320 });
	await page.goto(`${server.url}/workflow/${WORKFLOWS.edit}`);
	await page.locator('[data-test-id=canvas-node]').first().waitFor();
	await page.locator('[data-test-id=node-creator-plus-button]').click();
	await page.locator('[data-test-id=node-creator-search-bar]').fill('seedream');
	await page.locator('[data-test-id=node-creator-item-name]', { hasText: 'Seedream Edit' }).first().waitFor();
	await page.waitForTimeout(500);
	return page.locator('[data-test-id=node-creator]');
}

async function canvasAfterRun(page: Page, studio: Studio, id: string): Promise<Locator> {
	await page.setViewportSize({ width: 1280, height: 640 });
	await openWorkflow(page, studio, id);
	await run(page);
	await page.waitForTimeout(1_000);
	return page.locator('[data-test-id=canvas]').or(page.locator('#app')).first();
}

async function run(page: Page): Promise<void> {
	await page.locator('[data-test-id=execute-workflow-button]').first().click();
	await page
		.locator('[data-test-id=canvas-node-status-success], [data-test-id=canvas-node-status-error]')
		.last()
		.waitFor({ timeout: 60_000 });
	await page.waitForTimeout(1_500);
	// The message that all is well would lie over what is to be seen.
	for (const close of await page.locator('.el-notification__closeBtn').all())
		await close.click().catch(() => {});
	await page.waitForTimeout(500);
}

async function openNode(page: Page, name: string): Promise<Locator> {
	await page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`).dblclick();
	const panel = page.locator('[data-test-id=ndv]');
	await panel.waitFor();
	await page.waitForTimeout(1_000);
	return panel;
}

/** @param height of the window, so that the whole panel is seen and no more */
async function panelOf(
	page: Page,
	studio: Studio,
	id: string,
	node: string,
	height: number,
): Promise<Locator> {
	await page.setViewportSize({ width: 1280, height });
	await openWorkflow(page, studio, id);
	await openNode(page, node);
	return page.locator('[data-test-id=node-parameters], .node-settings').first();
}

async function modelList(page: Page, studio: Studio): Promise<Locator> {
	await openWorkflow(page, studio, WORKFLOWS.edit);
	await openNode(page, EDIT_NODE);
	await page.locator('[data-test-id=rlc-input]').first().click();
	await page.locator('[data-test-id=rlc-item]').first().waitFor();
	await page.waitForTimeout(500);
	return page.locator('[data-test-id=ndv]');
}

/** Shows the picture in place of its file's name and folder. */
async function viewPicture(page: Page, pane: 'input' | 'output'): Promise<void> {
	const panel = page.locator(`[data-test-id=ndv-${pane}-panel], [data-test-id=${pane}-panel]`).first();
	await panel.getByText('Binary', { exact: true }).click();
	await panel.locator('[data-test-id=ndv-view-binary-data]').first().click();
	await page.waitForTimeout(1_500);
}

async function outputOf(page: Page, studio: Studio, id: string): Promise<Locator> {
	await page.setViewportSize({ width: 1480, height: 760 });
	await openWorkflow(page, studio, id);
	await run(page);
	const panel = await openNode(page, EDIT_NODE);
	await viewPicture(page, 'input');
	return panel;
}

async function errorOf(page: Page, studio: Studio): Promise<Locator> {
	studio.sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape: 'moderation' } });
	const panel = await outputOf(page, studio, WORKFLOWS.failing);
	await page.locator('[data-test-id=node-error-message]').first().waitFor();
	return panel;
}

async function credentialScreen(page: Page, { server }: Studio): Promise<Locator> {
	await page.goto(`${server.url}/home/credentials/${CREDENTIAL.id}`);
	const dialog = page.locator('[data-test-id=editCredential-modal], .el-dialog').first();
	await dialog.waitFor();
	const retry = page.getByRole('button', { name: /retry/i });
	if (await retry.count()) await retry.first().click();
	await page.getByText('Connection tested successfully').waitFor();
	await page.waitForTimeout(500);
	return dialog;
}

function editNode(parameters: IDataObject): (example: WorkflowExport) => WorkflowExport {
	return (example) => ({
		...example,
		nodes: example.nodes.map((node) =>
			node.name === EDIT_NODE
				? { ...node, parameters: { ...node.parameters, ...parameters } as typeof node.parameters }
				: node,
		),
	});
}

const PROMPT = 'Make it black and white and add a red border';

async function workflows(instance: Instance): Promise<WorkflowExport[]> {
	const credentials = { [CREDENTIAL_TYPE]: CREDENTIAL };
	const example = await loadExample('edit-a-photo', {
		id: WORKFLOWS.edit,
		filesFolder: instance.filesFolder,
		credentials,
	});
	const submitAndWait: WorkflowExport = {
		...example,
		id: WORKFLOWS.wait,
		name: 'Submit now, collect later',
		nodes: [
			...example.nodes.filter(({ name }) => name !== 'Save the Edited Photo'),
			{
				name: WAIT_NODE,
				type: 'n8n-nodes-seedream.seedreamEdit',
				typeVersion: 1,
				position: [660, 0],
				parameters: { resource: 'prediction', operation: 'waitForCompletion' },
				credentials,
			},
		],
		connections: {
			...example.connections,
			[EDIT_NODE]: { main: [[{ node: WAIT_NODE, type: 'main', index: 0 }]] },
		},
	};
	return [
		editNode({ prompt: PROMPT })(example),
		editNode({
			model: {
				__rl: true,
				mode: 'list',
				value: 'bytedance/seedream-v4/edit',
				cachedResultName: 'Seedream v4 Edit',
			},
			promptTemplate: 'productScene',
			templateProduct: 'the coffee cup',
			templateScene: 'a marble table by a window in morning light',
			prompt: 'No people.',
			size: '2048*2048',
		})({ ...example, id: WORKFLOWS.template, name: 'Product on a scene' }),
		editNode({ resource: 'prediction', operation: 'submit', prompt: PROMPT })(submitAndWait),
		editNode({ prompt: PROMPT })({ ...example, id: WORKFLOWS.failing, name: 'Stopped by moderation' }),
	];
}

/** A palette keeps pictures of a screen small; with a photo in them they are a WebP. */
async function encode(png: Buffer, hasPhoto: boolean): Promise<Buffer> {
	if (hasPhoto) return await sharp(png).webp({ quality: 80, effort: 6 }).toBuffer();
	return await sharp(png).png({ palette: true, colors: 128, dither: 0, effort: 10 }).toBuffer();
}

async function save({ name, hasPhoto = false }: Shot, png: Buffer): Promise<void> {
	const bytes = await encode(png, hasPhoto);
	const file = `${name}.${hasPhoto ? 'webp' : 'png'}`;
	if (bytes.length > MAX_BYTES) throw new Error(`${file} would have ${bytes.length} bytes`);
	await writeFile(join(DOCS, file), bytes);
	console.log(`  ${file}  ${Math.round(bytes.length / 1000)} kB`);
}

async function take(shot: Shot, studio: Studio): Promise<void> {
	const page = await openEditor(studio, shot.theme ?? 'light');
	try {
		const seen = await shot.stage(page, studio);
		await save(shot, await seen.screenshot({ animations: 'disabled' }));
	} catch (error) {
		await mkdir(join(PROJECT_ROOT, '.tmp'), { recursive: true });
		await page.screenshot({ path: join(PROJECT_ROOT, '.tmp', `${shot.name}.failed.png`) });
		throw error;
	} finally {
		await page.context().close();
	}
}

async function main(): Promise<void> {
	const args = process.argv.slice(2);
	const words = args.filter((arg) => !arg.startsWith('--'));
	const shots = SHOTS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
	const packed = await packNode({ build: !args.includes('--no-build') });
	const n8n = await ensureN8n(N8N_VERSIONS['2.x']);
	const sandbox = await startSandbox({ predictSeconds: 1 });
	let instance: Instance | undefined;
	let server: Server | undefined;
	let browser: Browser | undefined;
	const failed: string[] = [];
	try {
		instance = await Instance.create({ n8n, tarball: packed.tarball });
		const data = { apiKey: sandbox.apiKey, baseUrl: sandbox.baseUrl };
		const credential: CredentialExport = { ...CREDENTIAL, type: CREDENTIAL_TYPE, data };
		await instance.importCredentials(credential);
		await copyFile(join(PROJECT_ROOT, 'examples', 'photo.jpg'), join(instance.filesFolder, 'photo.jpg'));
		await instance.importWorkflow(...(await workflows(instance)));
		server = await Server.start(instance);
		browser = await launchBrowser();
		await mkdir(DOCS, { recursive: true });
		for (const shot of shots) {
			sandbox.clearFaults();
			await take(shot, { browser, server, sandbox }).catch((error: unknown) => {
				failed.push(shot.name);
				console.log(`  ${shot.name}: ${error instanceof Error ? error.message : String(error)}`);
			});
		}
	} finally {
		await browser?.close();
		await server?.stop();
		await instance?.remove();
		await sandbox.close();
		await packed.remove();
	}
	if (failed.length > 0) throw new Error(`Not taken: ${failed.join(', ')}`);
}

main().then(
	() => process.exit(0),
	(error: unknown) => {
		console.error(error);
		process.exit(1);
	},
);
