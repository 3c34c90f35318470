/* Workflows from `examples/`, made ready for an instance of ours. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INode } from 'n8n-workflow';
import type { NodeExport, WorkflowExport } from './instance';
import { PROJECT_ROOT } from './packNode';

/** Where the examples' files are: the folder that n8n's Docker image lets workflows use. */
const EXAMPLE_FILES = '/home/node/.n8n-files';

export interface ExampleOptions {
	id: string;
	/** Takes the place of the folder that the example names. */
	filesFolder: string;
	credentials: NonNullable<INode['credentials']>;
	/** Changes a node further, e.g. its prompt. */
	adapt?: (node: NodeExport) => NodeExport;
}

export async function loadExample(name: string, options: ExampleOptions): Promise<WorkflowExport> {
	const text = await readFile(join(PROJECT_ROOT, 'examples', `${name}.json`), 'utf8');
	// Inside of JSON strings, so escaped as there.
	const filesFolder = JSON.stringify(options.filesFolder).slice(1, -1);
	const workflow = JSON.parse(text.replaceAll(EXAMPLE_FILES, filesFolder)) as WorkflowExport;
	const nodes = workflow.nodes.map((node) => {
		const ours = node.type.startsWith('n8n-nodes-seedream.');
		const ready = ours ? { ...node, credentials: options.credentials } : node;
		return options.adapt?.(ready) ?? ready;
	});
	return { ...workflow, id: options.id, nodes };
}
