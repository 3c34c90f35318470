/* The images of README.md: panels of our nodes, and what a run returns. */
import { join } from 'node:path';
import type { IDataObject } from 'n8n-workflow';
import type { Locator, Page } from 'playwright-core';
import { demoWorkflow, editDemo } from '../demo/demos';
import type { WorkflowExport } from '../n8n/instance';
import { openNode, openWorkflow, run, still, viewImage } from './editor';
import type { Shot } from './shot';
import { CREDENTIAL, CREDENTIAL_TYPE, type Studio } from './studio';

const EDIT_NODE = 'Seedream Edit';
const PROMPT = 'Make it black and white and add a red border';
const WORKFLOWS = { edit: 'seedreamShot0002', template: 'seedreamShot0003', failing: 'seedreamShot0004' };

export const PANELS: Shot[] = [
	{
		file: 'docs/edit-panel.png',
		take: async (page, studio) => await still(await panelOf(page, studio, WORKFLOWS.edit, 1080)),
	},
	{
		file: 'docs/edit-template.png',
		take: async (page, studio) => await still(await panelOf(page, studio, WORKFLOWS.template, 1400)),
	},
	{
		file: 'docs/output.webp',
		take: async (page, studio) => {
			const panel = await resultOf(page, studio, WORKFLOWS.edit);
			await viewImage(page, 'output');
			return await still(panel);
		},
	},
	{
		file: 'docs/error.webp',
		take: async (page, studio) => {
			studio.sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape: 'moderation' } });
			const panel = await resultOf(page, studio, WORKFLOWS.failing);
			await page.locator('[data-test-id=node-error-message]').first().waitFor();
			return await still(panel);
		},
	},
	{ file: 'docs/credential.png', take: credentialScreen },
];

/** @param height of the window, so that the whole panel is seen and no more */
async function panelOf(page: Page, studio: Studio, id: string, height: number): Promise<Locator> {
	await page.setViewportSize({ width: 1280, height });
	await openWorkflow(page, studio, id);
	await openNode(page, EDIT_NODE);
	return page.locator('[data-test-id=node-parameters], .node-settings').first();
}

async function resultOf(page: Page, studio: Studio, id: string): Promise<Locator> {
	await page.setViewportSize({ width: 1480, height: 760 });
	await openWorkflow(page, studio, id);
	await run(page);
	const panel = await openNode(page, EDIT_NODE);
	await viewImage(page, 'input');
	return panel;
}

async function credentialScreen(page: Page, { server }: Studio): Promise<Buffer> {
	await page.goto(`${server.url}/home/credentials/${CREDENTIAL.id}`);
	const dialog = page.locator('[data-test-id=editCredential-modal], .el-dialog').first();
	await dialog.waitFor();
	const tested = page.getByText('Connection tested successfully');
	const retry = page.getByRole('button', { name: /retry/i });
	await tested.or(retry).first().waitFor();
	if (!(await tested.isVisible())) await retry.click();
	await tested.waitFor();
	return await still(dialog);
}

function withParameters(example: WorkflowExport, id: string, parameters: IDataObject): WorkflowExport {
	const nodes = example.nodes.map((node) =>
		node.name === EDIT_NODE
			? { ...node, parameters: { ...node.parameters, ...parameters } as typeof node.parameters }
			: node,
	);
	return { ...example, id, nodes };
}

/** The demo's workflow, with other parameters. */
export function panelWorkflows(filesFolder: string): WorkflowExport[] {
	const credentials = { [CREDENTIAL_TYPE]: CREDENTIAL };
	const { nodes, ...workflow } = demoWorkflow(editDemo(), join(filesFolder, 'photo.jpg'), filesFolder);
	const example: WorkflowExport = {
		...workflow,
		id: '',
		nodes: nodes.map((node) => (node.name === EDIT_NODE ? { ...node, credentials } : node)),
	};
	const template = {
		model: {
			__rl: true,
			mode: 'list',
			value: 'bytedance/seedream-v4/edit',
			cachedResultName: 'Seedream v4 · $0.027 per image',
		},
		promptTemplate: 'productScene',
		templateProduct: 'the coffee cup',
		templateScene: 'a marble table by a window in morning light',
		prompt: 'No people.',
		size: '2048*2048',
	};
	return [
		withParameters(example, WORKFLOWS.edit, { prompt: PROMPT }),
		withParameters(example, WORKFLOWS.template, template),
		withParameters(example, WORKFLOWS.failing, { prompt: PROMPT }),
	];
}
