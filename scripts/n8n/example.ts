/* Workflows from `examples/` and `docs/recipes/`, made ready for an instance of ours. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { INode } from 'n8n-workflow';
import type { NodeExport, WorkflowExport } from './instance';
import { PROJECT_ROOT } from './packNode';

export const EXAMPLE_FOLDERS = ['examples', 'docs/recipes'];

/** Where the recipes' files are: the folder that n8n's Docker image lets workflows use. */
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
	const paths = EXAMPLE_FOLDERS.map((folder) => join(PROJECT_ROOT, folder, `${name}.json`));
	const text = await readFile(paths.find(existsSync) ?? paths[0], 'utf8');
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
