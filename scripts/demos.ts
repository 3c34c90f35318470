/* What `npm run demo` can show: which example it runs, and where the photo and the prompt go. */
import type { INodeParameters } from 'n8n-workflow';

export interface Demo {
	/** The name of a workflow of `examples/`, without extension. */
	example: string;
	defaultPrompt: string;
	/** The nodes whose predictions are billed. The last one makes the result. */
	billedNodes: [string, ...string[]];
	/** The node whose output says where the result was saved. */
	saveNode: string;
	/** The parameters of the node that makes the result, with this prompt. */
	withPrompt(parameters: INodeParameters, prompt: string): INodeParameters;
	noun: string;
	/** What {@link billedNodes} are called: one, or several. */
	nodesNoun: string;
	resultLabel: string;
	/** Longer than the time limits of its nodes together. */
	timeoutSeconds: number;
	billingNotice: string;
	sandboxNotice: string;
	command: string;
	openCommand: string;
}

/** What the person at the keyboard asks for. */
export interface Wish {
	demo: Demo;
	/** The path of the photo. */
	photo: string;
	prompt: string;
	/** Whether to leave n8n's editor running. */
	open: boolean;
}

export const EDIT_DEMO: Demo = {
	example: 'edit-a-photo',
	defaultPrompt: 'make it black and white',
	billedNodes: ['Seedream Edit'],
	saveNode: 'Save the Edited Photo',
	withPrompt: (parameters, prompt) => ({ ...parameters, prompt }),
	noun: 'edit',
	nodesNoun: 'node',
	resultLabel: 'Edited image',
	timeoutSeconds: 600,
	billingNotice: 'this edit is billed.',
	sandboxNotice:
		'The sandbox understands simple instructions (sepia, blur, mirror, …) and watermarks its images.\nFor the real Seedream:',
	command: 'npm run demo',
	openCommand: 'npm run demo -- --open',
};

export const VIDEO_DEMO: Demo = {
	example: 'product-photo-to-video',
	defaultPrompt:
		'The camera moves slowly closer to the product. Steam rises. Sound: quiet voices in a small café.',
	billedNodes: ['Clean Up the Photo', 'Place It in a Scene', 'Make the Video'],
	saveNode: 'Save the Video',
	withPrompt: (parameters, prompt) => {
		const modelInputs = parameters.modelInputs as INodeParameters;
		const value = { ...(modelInputs.value as INodeParameters), prompt };
		return { ...parameters, modelInputs: { ...modelInputs, value } };
	},
	noun: 'video',
	nodesNoun: 'nodes',
	resultLabel: 'Video',
	timeoutSeconds: 2700,
	billingNotice: 'two edits and one video are billed.',
	sandboxNotice:
		'The sandbox’s video shows the edited image with a moving mark, and its sound is a hum.\nFor the real Seedream and Seedance:',
	command: 'npm run demo -- --video',
	openCommand: 'npm run demo -- --video --open',
};
