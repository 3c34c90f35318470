/* The images of examples/README.md: the canvas of each example. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { loadExample } from '../n8n/example';
import type { CredentialExport, NodeExport, WorkflowExport } from '../n8n/instance';
import { PROJECT_ROOT } from '../n8n/packNode';
import { openWorkflow, still, untilEqual } from './editor';
import type { Shot } from './shot';
import { CREDENTIAL, CREDENTIAL_TYPE, type Studio } from './studio';

const EXAMPLES = readdirSync(join(PROJECT_ROOT, 'examples'))
	.filter((file) => file.endsWith('.json'))
	.map((file) => file.slice(0, -'.json'.length));
const idOf = (index: number): string => `seedreamCanvas${String(index).padStart(2, '0')}`;
const MARGIN = 24;

/** Of nodes that are not ours. Without one, n8n marks them as not ready. */
export const OTHER_CREDENTIALS: CredentialExport[] = [
	{ id: 'canvasSheets0001', type: 'googleSheetsOAuth2Api', name: 'Google Sheets account', data: {} },
	{ id: 'canvasDrive00001', type: 'googleDriveOAuth2Api', name: 'Google Drive account', data: {} },
	{ id: 'canvasOpenAi0001', type: 'openAiApi', name: 'OpenAI account', data: { apiKey: 'none' } },
];

/** What a person fills in before the first run; each note says so. */
const FILLED_IN: Record<string, object> = {
	'Make the Speech': { model: { __rl: true, mode: 'id', value: 'your/speech-model' } },
	'Make the Face Speak': { model: { __rl: true, mode: 'id', value: 'your/lipsync-model' } },
};
const SPREADSHEET = {
	__rl: true,
	mode: 'url',
	value: 'https://docs.google.com/spreadsheets/d/your-sheet/edit',
};

function filledIn(node: NodeExport): NodeExport {
	const type = Object.keys(node.credentials ?? {})[0];
	const other = OTHER_CREDENTIALS.find((credential) => credential.type === type);
	const parameters = {
		...node.parameters,
		...('documentId' in node.parameters && { documentId: SPREADSHEET }),
		...FILLED_IN[node.name],
	};
	return {
		...node,
		parameters,
		...(other && { credentials: { [type]: { id: other.id, name: other.name } } }),
	};
}

export async function canvasWorkflows(filesFolder: string): Promise<WorkflowExport[]> {
	const credentials = { [CREDENTIAL_TYPE]: CREDENTIAL };
	return await Promise.all(
		EXAMPLES.map(
			async (name, index) =>
				await loadExample(name, { id: idOf(index), filesFolder, credentials, adapt: filledIn }),
		),
	);
}

interface Extent {
	x: number;
	y: number;
	width: number;
	height: number;
}

/** The dots and the loose ends of connections only make the image larger. */
const STYLE =
	'.vue-flow__background, [data-test-id=canvas-handle-plus-wrapper] { display: none !important; }';

/** Where everything is on the screen: nodes, their names, and notes. */
const EXTENT = `(() => {
	const parts = '.vue-flow__node, .vue-flow__node [class*=description]';
	const boxes = [...document.querySelectorAll(parts)].map((part) => part.getBoundingClientRect());
	const [x, y] = [Math.min(...boxes.map((box) => box.left)), Math.min(...boxes.map((box) => box.top))];
	const right = Math.max(...boxes.map((box) => box.right));
	return { x, y, width: right - x, height: Math.max(...boxes.map((box) => box.bottom)) - y };
})()`;

/** The first words of notes whose text is longer than the note. */
const CUT_OFF = `[...document.querySelectorAll('[data-test-id=sticky]')]
	.filter((note) => [...note.querySelectorAll('h2, h3, p, li')]
		.some((line) => line.getBoundingClientRect().bottom > note.getBoundingClientRect().bottom - 4))
	.map((note) => note.textContent.trim().slice(0, 40))`;

async function canvas(page: Page, studio: Studio, index: number): Promise<Buffer> {
	const id = idOf(index);
	await openWorkflow(page, studio, id);
	// A window that shows all of it at its natural size, beside the editor's own buttons.
	const { nodes } = await studio.server.getWorkflow(id);
	const span = (axis: 0 | 1) => {
		const places = nodes.map(({ position }) => position[axis]);
		return Math.max(...places) - Math.min(...places);
	};
	await page.setViewportSize({ width: Math.ceil(span(0) * 1.3) + 700, height: span(1) + 1_100 });
	await page.addStyleTag({ content: STYLE });
	await page.locator('[data-test-id=zoom-to-fit]').click();
	const { x, y, width, height } = await untilEqual(
		async () => await page.evaluate<Extent>(EXTENT),
		(one, other) => JSON.stringify(one) === JSON.stringify(other),
	);
	const cutOff = await page.evaluate<string[]>(CUT_OFF);
	if (cutOff.length > 0) throw new Error(`A note is too small for its text: ${cutOff.join(', ')}`);
	return await still(page, {
		x: x - MARGIN,
		y: y - MARGIN,
		width: width + 2 * MARGIN,
		height: height + 2 * MARGIN,
	});
}

export const CANVASES: Shot[] = EXAMPLES.map((name, index) => ({
	file: `examples/images/${name}.webp`,
	take: async (page, studio) => await canvas(page, studio, index),
}));
