/* What `npm run demo` can show: its workflows, the same in this process and in a real n8n. */
import type { INodeParameters } from 'n8n-workflow';
import { chain, type NodeExport, type WorkflowExport } from '../n8n/instance';

export interface Demo {
	name: 'edit' | 'video' | 'rows';
	/** The prompt of each row, or the only one. */
	prompts: string[];
	/** The nodes whose predictions are billed. The last one makes the result. */
	billedNodes: NodeExport[];
	saveNode: string;
	/** Longer than the time limits of the nodes together. */
	timeoutSeconds: number;
	sandboxNotice: string;
	/** What follows `npm run demo`. */
	args: string;
}

const SANDBOX_EDITS = `The sandbox understands simple instructions (sepia, blur, mirror, "a text" …) and watermarks its images.`;

function seedreamEdit(name: string, parameters: INodeParameters): NodeExport {
	return { name, type: 'n8n-nodes-seedream.seedreamEdit', typeVersion: 1, parameters };
}

export function editDemo(prompt = 'make it black and white'): Demo {
	return {
		name: 'edit',
		prompts: [prompt],
		billedNodes: [seedreamEdit('Seedream Edit', { prompt })],
		saveNode: 'Save the Edited Photo',
		timeoutSeconds: 600,
		sandboxNotice: SANDBOX_EDITS,
		args: '',
	};
}

const KEEP = 'Keep the product’s shape, colors, and text as they are.';
const MOVEMENT =
	'The camera moves slowly closer to the product. Steam rises. Sound: quiet voices in a small café.';

export function videoDemo(prompt = MOVEMENT): Demo {
	return {
		name: 'video',
		prompts: [prompt],
		billedNodes: [
			seedreamEdit('Clean Up the Photo', {
				prompt: `Show only the product, centered on a plain white background, in even studio light. Remove everything else. ${KEEP}`,
			}),
			seedreamEdit('Place It in a Scene', {
				prompt: `Place the product on a wooden table by a window, in soft morning light, with the room out of focus behind it. ${KEEP}`,
				size: '2848*1600',
			}),
			{
				name: 'Make the Video',
				type: 'n8n-nodes-seedream.atlasCloudModels',
				typeVersion: 1,
				parameters: {
					resource: 'video',
					model: { __rl: true, mode: 'id', value: 'bytedance/seedance-v1.5-pro/image-to-video' },
					inputMode: 'json',
					modelInputsJson: JSON.stringify({ image: 'data', prompt, duration: 5, resolution: '720p' }),
				},
			},
		],
		saveNode: 'Save the Video',
		timeoutSeconds: 2700,
		sandboxNotice: 'The sandbox’s video shows the edited image with a moving mark, and its sound is a hum.',
		args: ' -- --video',
	};
}

const ROWS = [
	'make it black and white',
	'make it sepia',
	'mirror it',
	'give it a gold border',
	'turn it into a cartoon',
	'make it warmer, like at sunset',
	'make it colder, like in winter',
	'blur it',
	'make it brighter',
	'make it darker',
	'make the colors vivid',
	'invert it',
	'turn it upside down',
	'flip it vertically',
	'write "New" on it',
	'write "50% off" on it, with a red border',
	'black and white, with a white border',
	'sharpen it',
	'a cartoon with a blue border',
	'sepia, mirrored',
];

/** @param wish added to the prompt of each row */
export function rowsDemo(wish?: string): Demo {
	return {
		name: 'rows',
		prompts: ROWS.map((row) => (wish ? `${wish}, and ${row}` : row)),
		billedNodes: [seedreamEdit('Seedream Edit', { prompt: '={{ $json.prompt }}' })],
		saveNode: 'Save the Edited Photos',
		timeoutSeconds: 600,
		sandboxNotice: SANDBOX_EDITS,
		args: ' -- --rows',
	};
}

/** A demo's workflow: reads the photo at `photo` and saves the result in `folder`. */
export function demoWorkflow(demo: Demo, photo: string, folder: string): Omit<WorkflowExport, 'id'> {
	const file = (name: string, parameters: INodeParameters): NodeExport => ({
		name,
		type: 'n8n-nodes-base.readWriteFile',
		typeVersion: 1,
		parameters: { ...parameters, options: {} },
	});
	const number = demo.prompts.length > 1 ? '{{ $itemIndex + 1 }}-' : '';
	const nodes: NodeExport[] = [
		{ name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} },
		file('Read the Photo', { operation: 'read', fileSelector: photo }),
		...demo.billedNodes,
		file(demo.saveNode, {
			operation: 'write',
			fileName: `=${folder}/${number}{{ $binary.data.fileName }}`,
			dataPropertyName: 'data',
		}),
	];
	return { name: `Demo: ${demo.name}`, nodes, connections: chain(...nodes.map(({ name }) => name)) };
}
